"""Runs in a process of its own what may end its process.

Quantizers and kernels, which are written in C++, answer some networks and files
by ending the process that they run in. Here that process is a child that does
nothing else. It starts once, in about a second and without TensorFlow, and
lives as long as this one. Where a request ends it, that is an error in a
sentence, and the next request starts another.
"""

import atexit
import contextlib
import io
import os
import pathlib
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from typing import Any, BinaryIO, cast

import numpy as np

from nse_tf.export.byte_messages import Message, receive, send
from nse_tf.export.tools import ending
from nse_tf.quiet import CHATTER
from nse_tf.terminal import printable

PROGRAM = "nse_tf.export.own_process_program"
# Where this package lies, which the other process must find, too.
ROOT = pathlib.Path(__file__).parents[2]
# How long a request may take.
SECONDS = 1800.0
_END_SECONDS = 5.0
_LONGEST_REASON = 200
_OTHER_PRECISION = "Leave that precision out, or try another quantizer"


def derive(fp32: bytes, precision: str, samples: np.ndarray) -> bytes:
    """Returns a variant of an fp32 file; see `variants.derive`.

    It was run once, so that it does not end a process that opens it.

    Raises:
        ValueError: If the quantizer refuses the file, or the process ends.
    """
    value = {"task": "derive", "precision": precision}
    what = f"Making the {precision} file"
    parts = fp32, array_bytes(samples)
    return _CHILD.ask(Message(value, parts), what, _OTHER_PRECISION)


def convert_saved(
    folder: pathlib.Path, precision: str, samples: np.ndarray
) -> bytes:
    """Returns the file of a saved model; see `tflite.convert_saved`.

    It was run once, as that of `derive`.

    Raises:
        ValueError: If TensorFlow refuses the model, or the process ends.
    """
    value = {"task": "convert", "folder": str(folder), "precision": precision}
    what = f"Making the {precision} file by TensorFlow's quantizer"
    parts = (array_bytes(samples),)
    return _CHILD.ask(Message(value, parts), what, _OTHER_PRECISION)


def require_runs(path: pathlib.Path, **given: Any) -> None:
    """Refuses a file that does not run on inputs of zeros.

    Args:
        path: The file.
        **given: Arguments of `inference.open_interpreter`.

    Raises:
        ValueError: If the runtime refuses it, or it ends the process.
    """
    value = {"task": "run", "path": str(path), "given": given}
    advice = "The file is damaged, or not for this runtime: make it again"
    _CHILD.ask(Message(value), f"Running {path}", advice)


def peak_bytes(tflite: bytes, **given: Any) -> int | None:
    """Returns by how much a process's peak memory rises with a file.

    None where the system does not tell; see `own_process_program.peak`.

    Args:
        tflite: The content of a .tflite file.
        **given: Arguments of `inference.open_interpreter`.

    Raises:
        ValueError: If the runtime refuses the file, or it ends the process.
    """
    value = {"task": "peak", "given": given}
    advice = "The file is damaged, or not for this runtime: make it again"
    told = _CHILD.ask(Message(value, (tflite,)), "Running `tflite`", advice)
    return int(told) if told else None


def array_bytes(array: np.ndarray) -> bytes:
    """Returns an array as NumPy writes it to a file."""
    file = io.BytesIO()
    np.save(file, array, allow_pickle=False)
    return file.getvalue()


class _Process:
    """A running process, with its ends."""

    def __init__(self) -> None:
        path = [str(ROOT), os.environ.get("PYTHONPATH", "")]
        self.printed = tempfile.TemporaryFile()  # noqa: SIM115
        self.running = subprocess.Popen(
            [sys.executable, "-P", "-m", PROGRAM],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.printed,
            env={
                **os.environ,
                "PYTHONPATH": os.pathsep.join(filter(None, path)),
            },
        )
        self.requests = cast("BinaryIO", self.running.stdin)
        self.answers = cast("BinaryIO", self.running.stdout)
        # One that was forked does not share it.
        self.parent = os.getpid()

    @property
    def is_ours(self) -> bool:
        """Whether it can be asked by this process."""
        return self.parent == os.getpid() and self.running.poll() is None

    def last_line(self) -> str:
        """Returns what it said last, after a colon, if anything."""
        self.printed.seek(0)
        lines = [
            line.decode(errors="replace").strip()
            for line in self.printed.read().splitlines()
            if line.strip() and not CHATTER.match(line)
        ]
        return f": {printable(lines[-1], _LONGEST_REASON)}" if lines else ""

    def close(self) -> None:
        """Closes the ends on this side; it ends without its input."""
        for pipe in (self.requests, self.answers, self.printed):
            with contextlib.suppress(BrokenPipeError):
                pipe.close()


class _Child:
    """The process that is asked, started when it is needed."""

    def __init__(self) -> None:
        self._process: _Process | None = None
        self._lock = threading.Lock()

    def ask(self, request: Message, what: str, advice: str) -> bytes:
        """Returns the bytes that answer a request.

        Args:
            request: See `own_process_program`.
            what: What it does, the subject of the message if the process ends.
            advice: What to do then, a sentence without its period.

        Raises:
            ValueError: If it fails, ends the process, or takes too long.
        """
        with self._lock:
            if self._process is None or not self._process.is_ours:
                self._forget()
                self._process = _Process()
            process = self._process
            with _limited(process) as is_late:
                with contextlib.suppress(BrokenPipeError):
                    send(process.requests, request)
                answer = receive(process.answers)
            if answer is None:
                how = ending(process.running.wait()) + process.last_line()
                self._forget()
                if is_late.is_set():
                    how = f"it took more than {SECONDS:g} s"
                raise ValueError(f"{what} ends its process: {how}. {advice}.")
        if "error" in answer.value:
            raise ValueError(answer.value["error"])
        return answer.parts[0]

    def _forget(self) -> None:
        if self._process is not None:
            self._process.close()
            self._process = None

    def end(self) -> None:
        """Ends the process, if this one has started it."""
        process = self._process
        self._forget()
        if process is None or not process.is_ours:
            return
        try:
            process.running.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            process.running.kill()
            process.running.wait()


@contextlib.contextmanager
def _limited(process: _Process) -> Iterator[threading.Event]:
    """Kills a process that takes too long; yields whether it did."""
    is_late = threading.Event()

    def end() -> None:
        is_late.set()
        process.running.kill()

    timer = threading.Timer(SECONDS, end)
    timer.daemon = True
    timer.start()
    try:
        yield is_late
    finally:
        timer.cancel()


_CHILD = _Child()
atexit.register(_CHILD.end)
