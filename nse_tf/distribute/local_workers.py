"""A chief and its workers on one machine, started and watched as one."""

import contextlib
import logging
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence

from nse_tf.distribute.parent import PARENT
from nse_tf.distribute.ports import TLS_VARIABLES
from nse_tf.distribute.roles import VARIABLES
from nse_tf.methods import SearchError
from nse_tf.terminal import printable

LOGGER = logging.getLogger("nse_tf")

END_SECONDS = 20.0
# After Ctrl-C or SIGTERM.
STOP_SECONDS = 3.0
# What is kept of a worker's line.
MOST_OF_A_LINE = 500


class LocalWorkers:
    """Worker processes of one chief, whose log includes theirs.

    Args:
        command: Starts a worker, which reads its role from the environment.
        count: Number of workers.
    """

    def __init__(self, command: Sequence[str], count: int) -> None:
        self._command = tuple(command)
        self._count = count
        self._processes: dict[str, subprocess.Popen[str]] = {}
        self._last_lines: dict[str, str] = {}
        self._reported: set[str] = set()
        self._relays: list[threading.Thread] = []
        self._is_stopping = False

    @contextlib.contextmanager
    def at_work(self) -> Iterator[None]:
        """Makes this process a chief, with workers until the end.

        Ctrl-C and SIGTERM take them along at once.
        """
        former = {
            name: os.environ.pop(name, None)
            # What TLS shows is for other machines.
            for name in (*VARIABLES, *TLS_VARIABLES)
        }
        values = ("chief", "127.0.0.1", str(_free_port()))
        chief = dict(zip(VARIABLES, values, strict=True))
        os.environ.update(chief)
        try:
            for number in range(self._count):
                name = f"worker-{number}"
                self._start(name, {**os.environ, VARIABLES[0]: name})
            yield
        except Exception:
            raise
        except BaseException:
            self._stop()
            raise
        finally:
            self._end()
            for name, value in former.items():
                os.environ.pop(name, None)
                if value is not None:
                    os.environ[name] = value

    def watch(self) -> None:
        """Logs which worker died.

        Raises:
            SearchError: If none is left; with the last log line of one.
        """
        for name, process in self._processes.items():
            code = process.poll()
            # None is still running, and 0 has done its work.
            if code and name not in self._reported:
                self._reported.add(name)
                LOGGER.warning("%s ended with %s", name, _reason(code))
        if all(each.poll() is not None for each in self._processes.values()):
            name = next(iter(self._processes))
            for relay in self._relays:
                relay.join(1.0)  # So that the last line is read.
            raise SearchError(
                f"None of the {self._count} workers is left; {name} ended "
                f"with {_reason(self._processes[name].returncode)}: "
                f"{self._last_lines.get(name, 'it printed nothing')}. Re-run "
                "the command to resume the search."
            )

    def _start(self, name: str, environment: dict[str, str]) -> None:
        with _sigint_ignored():  # Ctrl-C is for the chief, which ends them.
            process = subprocess.Popen(
                self._command,
                env={**environment, PARENT: str(os.getpid())},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
                errors="replace",
            )
        self._processes[name] = process
        # Read all the time: a worker would wait as soon as the pipe is full.
        relay = threading.Thread(
            target=self._relay, args=(name, process), daemon=True
        )
        relay.start()
        self._relays.append(relay)

    def _relay(self, name: str, process: subprocess.Popen[str]) -> None:
        """Logs the lines of a worker under its name."""
        if process.stderr is None:
            return
        with process.stderr as lines:
            for line in lines:
                if line.strip() and not self._is_stopping:
                    said = printable(line.rstrip(), MOST_OF_A_LINE)
                    self._last_lines[name] = said.strip()
                    LOGGER.info("[%s] %s", name, said)

    def _stop(self) -> None:
        """Ends the workers at once and in silence."""
        self._is_stopping = True
        for process in self._processes.values():
            process.terminate()
        deadline = time.monotonic() + STOP_SECONDS
        for process in self._processes.values():
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(max(0.0, deadline - time.monotonic()))
        for process in self._processes.values():
            process.kill()

    def _end(self) -> None:
        """Waits for the workers to end, and kills those that do not."""
        for process in self._processes.values():
            try:
                process.wait(END_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        for relay in self._relays:
            relay.join(1.0)


@contextlib.contextmanager
def _sigint_ignored() -> Iterator[None]:
    """Lets processes that are started here inherit that Ctrl-C is ignored."""
    if threading.current_thread() is not threading.main_thread():
        yield  # Only the main thread may change it.
        return
    former = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, former)


def _reason(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    return f"signal {signal.Signals(-code).name}"


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        # Free again on return, for the chief to bind; another process could
        # take it first, and then the chief says so.
        port: int = found.getsockname()[1]
        return port
