"""Does what may end its process; see `own_process`, which calls it.

Requests come on standard input, answers go to standard output. The process ends
with its input.
"""

import ctypes
import functools
import io
import os
import pathlib
import signal
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from nse_tf.export.byte_messages import Message, receive, send

Parts = tuple[bytes, ...]


def derive(precision: str, parts: Parts) -> bytes:
    """Returns a variant of an fp32 file, which was run once.

    Args:
        precision: See `variants.derive`.
        parts: The fp32 file, and inputs `(count, ...)` as NumPy writes them.
    """
    from nse_tf.export import variants

    fp32, samples = parts
    return _tried(variants.derive(fp32, precision, _array(samples)))


def convert(folder: str, precision: str, parts: Parts) -> bytes:
    """Returns what TensorFlow's quantizer makes of a model; it was run once.

    Args:
        folder: Of the saved model.
        precision: See `tflite.convert_saved`.
        parts: Inputs `(count, ...)`, as NumPy writes them.
    """
    from nse_tf.export.tflite import convert_saved

    return _tried(convert_saved(folder, precision, _array(parts[0])))


def run(path: str, given: dict[str, Any], parts: Parts) -> bytes:
    """Runs a file once; returns nothing.

    Args:
        path: The file.
        given: Other arguments of `inference.opened`.
        parts: None.
    """
    del parts
    _run(path, given)
    return b""


def peak(given: dict[str, Any], parts: Parts) -> bytes:
    """Returns by how many bytes this process's peak memory rises with a file.

    That is from before the file is read to after it has run, resident memory as
    Linux tells it in `/proc`; it repeats within 2 % or 8 KiB. Empty where the
    system tells nothing, or does not let the peak be forgotten.

    Args:
        given: Other arguments of `inference.opened`.
        parts: The file.
    """
    (content,) = parts
    _run(content, given)  # What libraries allocate once is no file's.
    try:
        ctypes.CDLL(None).malloc_trim(0)
        pathlib.Path("/proc/self/clear_refs").write_text("5")
        before = _status_kib("VmRSS")
        _run(memoryview(content).tobytes(), given)
        return str(1024 * max(0, _status_kib("VmHWM") - before)).encode()
    except (OSError, AttributeError, KeyError):
        return b""


def _status_kib(name: str) -> int:
    """Returns a figure of this process, in KiB."""
    lines = pathlib.Path("/proc/self/status").read_text().splitlines()
    told = dict(line.split(":", 1) for line in lines if ":" in line)
    return int(told[name].split()[0])


def _run(tflite: bytes | str, given: dict[str, Any]) -> None:
    """Runs a file once, on zeros."""
    from nse_tf.export.inference import opened

    interpreter = opened(tflite, **given)
    for each in interpreter.get_input_details():
        zeros = np.zeros(each["shape"], each["dtype"])
        interpreter.set_tensor(each["index"], zeros)
    interpreter.invoke()


def _tried(made: bytes) -> bytes:
    """Returns a file that runs by XNNPACK, and opens without it."""
    from nse_tf.export.inference import opened

    _run(made, {})
    opened(made, use_xnnpack=False)
    return made


def task(value: dict[str, Any]) -> Callable[[Parts], bytes]:
    """Returns what a request asks for, as a function of its bytes.

    Raises:
        ValueError: If there is no such task.
    """
    match value:
        case {"task": "derive", "precision": precision}:
            return functools.partial(derive, precision)
        case {"task": "convert", "folder": folder, "precision": precision}:
            return functools.partial(convert, folder, precision)
        case {"task": "run", "path": path, "given": given}:
            return functools.partial(run, path, given)
        case {"task": "peak", "given": given}:
            return functools.partial(peak, given)
    raise ValueError(f"There is no such task: {value}.")


def answered(request: Message) -> Message:
    """Returns the answer to a request: bytes, or what went wrong."""
    try:
        return Message({}, (task(request.value)(request.parts),))
    except ValueError as error:
        return Message({"error": str(error)})
    except Exception as error:
        return Message({"error": f"{type(error).__name__}: {error}"})


def main() -> None:
    """Answers requests until there are no more."""
    # The process that asks decides what Ctrl-C ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # What libraries print is no answer.
    while (request := receive(sys.stdin.buffer)) is not None:
        send(answers, answered(request))
    os._exit(0)


def _array(content: bytes) -> np.ndarray:
    array: np.ndarray = np.load(io.BytesIO(content), allow_pickle=False)
    return array


if __name__ == "__main__":
    main()
