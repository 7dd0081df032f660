"""Stops searches by signals, and times how long they and their workers live on.

    python benchmarks/robustness/stop_signals.py

Each search is stopped in the middle of the training of its supernet: by Ctrl-C,
which goes to all processes of a terminal, by SIGTERM or by SIGKILL to the chief
alone.
"""

import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence

from absl import app, flags

LONGEST_SECONDS = 300.0
CASES = ((1, "SIGINT"), (2, "SIGINT"), (2, "SIGTERM"), (2, "SIGKILL"))

WORKERS_SECONDS = flags.DEFINE_float(
    "workers_seconds", 90.0, "How long to wait for workers at most.", 1.0
)


def processes_of(run_dir: pathlib.Path) -> list[int]:
    """Returns the processes whose command line names a run's folder."""
    found = []
    for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if str(run_dir).encode() in path.read_bytes():
                found.append(int(path.parent.name))
        except OSError:  # It has ended meanwhile.
            continue
    return found


def await_training(run_dir: pathlib.Path) -> None:
    """Waits for the first checkpoint of the supernet.

    Raises:
        TimeoutError: If there is none for too long.
    """
    started = time.monotonic()
    while not list(run_dir.glob("supernet/*")):
        if time.monotonic() - started > LONGEST_SECONDS:
            raise TimeoutError(f"{run_dir} has no checkpoint.")
        time.sleep(0.5)


def stopped(run_dir: pathlib.Path, workers: int, name: str) -> str:
    """Stops a search; returns a line on how it ended."""
    search = subprocess.Popen(
        [
            *(sys.executable, "-m", "nse_tf.flags.search"),
            *("--effort=laptop", "--compute_threads=1"),
            *(f"--run_dir={run_dir}", f"--workers={workers}"),
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        await_training(run_dir)
        started = time.monotonic()
        if name == "SIGINT":
            os.killpg(search.pid, signal.SIGINT)
        else:
            search.send_signal(getattr(signal, name))
        _, lines = search.communicate(timeout=LONGEST_SECONDS)
        chief_seconds = time.monotonic() - started
        while processes_of(run_dir):
            if time.monotonic() - started > WORKERS_SECONDS.value:
                raise TimeoutError("Workers live on.")
            time.sleep(0.05)
        seconds = time.monotonic() - started
    finally:
        search.kill()
    last = lines.strip().splitlines()[-1]
    return (
        f"{name}, {workers} workers: exit {search.returncode} after "
        f"{chief_seconds:.1f} s, no process after {seconds:.1f} s; traceback: "
        f"{'Traceback' in lines}; last line: {last}"
    )


def main(argv: Sequence[str]) -> None:
    """Prints a line a case."""
    del argv
    with tempfile.TemporaryDirectory() as folder:
        for number, (workers, name) in enumerate(CASES):
            run_dir = pathlib.Path(folder) / f"run_{number}"
            print(stopped(run_dir, workers, name), flush=True)


if __name__ == "__main__":
    app.run(main)
