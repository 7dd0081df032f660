"""How workers end with their chief."""

import contextlib
import os
import pathlib
import signal
import subprocess
import sys
import time
from concurrent import futures

import grpc
import pytest

from nse_tf.distribute import worker_link
from nse_tf.distribute.lease_service import lease_handler
from nse_tf.distribute.local_workers import LocalWorkers, _free_port
from nse_tf.distribute.parent import PARENT
from nse_tf.distribute.roles import VARIABLES
from nse_tf.methods import SearchError

SLEEPING = "import time; print('awake', flush=True); time.sleep(60)"


def has_ended(pid: int, seconds: float) -> bool:
    """Returns whether a process ends in that time; a zombie has."""
    deadline = time.monotonic() + seconds
    stat = pathlib.Path(f"/proc/{pid}/stat")
    while time.monotonic() < deadline:
        with contextlib.suppress(ProcessLookupError):
            if not stat.exists() or ") Z " in stat.read_text():
                return True
        time.sleep(0.05)
    return False


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_what_stops_a_chief_takes_its_workers_along_in_silence(
    error: type[BaseException], caplog: pytest.LogCaptureFixture
) -> None:
    program = (
        "import sys, time\n"
        "try: time.sleep(60)\n"
        "except BaseException: sys.stderr.write('Traceback')"
    )
    workers = LocalWorkers([sys.executable, "-c", program], 2)
    started = time.monotonic()
    with pytest.raises(error), workers.at_work():
        raise error
    assert time.monotonic() - started < 5
    assert all(each.poll() is not None for each in workers._processes.values())
    assert not caplog.messages


def test_ctrl_c_does_not_reach_workers() -> None:
    """It goes to all processes of a terminal; the chief ends its workers."""
    before = signal.getsignal(signal.SIGINT)
    program = (
        "import signal, sys; sys.exit("
        "40 if signal.getsignal(signal.SIGINT) == signal.SIG_IGN else 41)"
    )
    workers = LocalWorkers([sys.executable, "-c", program], 1)
    with workers.at_work():
        (process,) = workers._processes.values()
        assert process.wait(20) == 40
    assert signal.getsignal(signal.SIGINT) is before


def test_a_worker_ends_soon_after_the_process_that_started_it() -> None:
    worker = (
        "from nse_tf.distribute.parent import end_with_parent\n"
        "assert end_with_parent()\n" + SLEEPING
    )
    chief = (
        "import os, subprocess, sys\n"
        "child = subprocess.Popen([sys.executable, '-c', sys.argv[1]],\n"
        f"    env={{**os.environ, {PARENT!r}: str(os.getpid())}},\n"
        "    stdout=subprocess.PIPE, text=True)\n"
        "child.stdout.readline()\n"
        "print(child.pid, flush=True)\n"
        "os.kill(os.getpid(), 9)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", chief, worker],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(pathlib.Path.cwd())},
    )
    assert done.returncode == -signal.SIGKILL
    assert has_ended(int(done.stdout), 5)


@pytest.mark.usefixtures("interruptible")
def test_an_orphan_ends_in_the_middle_of_a_job(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = _free_port()
    for name, value in zip(
        VARIABLES, ("worker-0", "127.0.0.1", str(port)), strict=True
    ):
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(worker_link, "ORPHAN_SECONDS", 0.3)
    server = grpc.server(futures.ThreadPoolExecutor(2))
    answers = {
        "Join": lambda message, caller: {"lease_seconds": 0.5},
        "Beat": lambda message, caller: {},
        "Leave": lambda message, caller: {},
    }
    server.add_generic_rpc_handlers((lease_handler(answers),))
    server.add_insecure_port(f"127.0.0.1:{port}")
    server.start()

    def train() -> None:
        with worker_link.joined(worker_link.ChiefLink(tmp_path), {}):
            time.sleep(0.3)
            server.stop(None).wait()
            for _ in range(400):
                time.sleep(0.05)  # Step by step.

    started = time.monotonic()
    with pytest.raises(SearchError, match=r"was silent for 0\.3 s"):
        train()
    assert time.monotonic() - started < 10
