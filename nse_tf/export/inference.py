"""Runs .tflite files: opening, integer ends, and what a delegate takes."""

import os
import pathlib
from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType

from nse_tf.export import own_process
from nse_tf.export.bad_files import (
    explaining,
    require_fixed_shapes,
    require_format,
)
from nse_tf.quiet import quiet_native_output


def open_interpreter(
    tflite: bytes | str | os.PathLike[str],
    *,
    num_threads: int = 1,
    use_xnnpack: bool = True,
    is_reference: bool = False,
) -> Interpreter:
    """Returns an interpreter of a file, ready to run.

    Anybody may have made what lies at a path: it is run once by another process
    first, which it may end instead of this one.

    Args:
        tflite: The content of a .tflite file, or its path.
        num_threads: Threads that one inference may use.
        use_xnnpack: Whether XNNPACK may take the operators that it knows; if
            not, the built-in kernels of the runtime compute everything.
        is_reference: Whether the runtime's plain kernels do, which round as
            TensorFlow Lite Micro's.

    Raises:
        ValueError: If the content is no whole .tflite file, needs ops that the
            runtime lacks, or has inputs without a fixed shape.
        FileNotFoundError: If there is no such path.
    """
    given: dict[str, Any] = {
        "num_threads": num_threads,
        "use_xnnpack": use_xnnpack,
        "is_reference": is_reference,
    }
    if num_threads < 1:
        raise ValueError(
            f"`num_threads` must be at least 1, got {num_threads}."
        )
    if not isinstance(tflite, bytes):
        path = pathlib.Path(tflite)
        path.stat()
        own_process.require_runs(path, **given)
    return opened(tflite, **given)


def opened(
    tflite: bytes | str | os.PathLike[str],
    *,
    num_threads: int = 1,
    use_xnnpack: bool = True,
    is_reference: bool = False,
) -> Interpreter:
    """Opens a file in this process; see `open_interpreter`."""
    if isinstance(tflite, bytes):
        name, content = "`tflite`", tflite
    else:
        name, content = os.fspath(tflite), pathlib.Path(tflite).read_bytes()
    require_format(name, content)
    resolver = (
        OpResolverType.AUTO
        if use_xnnpack
        else OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    )
    if is_reference:
        resolver = OpResolverType.BUILTIN_REF
    with quiet_native_output():
        with explaining(name, content):
            interpreter = Interpreter(
                model_content=content,
                num_threads=num_threads,
                experimental_op_resolver_type=resolver,
            )
        require_fixed_shapes(name, interpreter)
        with explaining(name, content):
            interpreter.allocate_tensors()
    return interpreter


def predict(
    tflite: bytes | str | os.PathLike[str],
    images: np.ndarray,
    *,
    num_threads: int = 1,
) -> np.ndarray:
    """Returns the scores `(count, classes)` of images, as float32.

    Images go in one by one, as they would in an app. Where the file takes
    integers the images are quantized, and integer scores are scaled back.

    Args:
        tflite: The content of a .tflite file, or its path.
        images: `(count, height, width, channels)`, pixel values 0..255.
        num_threads: Threads that one inference may use.

    Raises:
        ValueError: If the images are not of the file's shape.
    """
    interpreter = open_interpreter(tflite, num_threads=num_threads)
    given = interpreter.get_input_details()[0]
    wanted = interpreter.get_output_details()[0]
    if images.ndim != 4 or images.shape[1:] != tuple(given["shape"][1:]):
        raise ValueError(
            f"`images` has shape {images.shape}, the file takes "
            f"(count, {', '.join(map(str, given['shape'][1:]))})."
        )
    values = quantize(np.asarray(images, np.float32), given)
    scores = np.empty((len(images), *wanted["shape"][1:]), wanted["dtype"])
    for index in range(len(images)):
        interpreter.set_tensor(given["index"], values[index : index + 1])
        interpreter.invoke()
        scores[index] = interpreter.get_tensor(wanted["index"])[0]
    return dequantize(scores, wanted)


def quantize(values: np.ndarray, tensor: dict[str, Any]) -> np.ndarray:
    """Returns real values as a tensor of the file stores them."""
    dtype = tensor["dtype"]
    if np.issubdtype(dtype, np.floating):
        return values.astype(dtype)
    scale, zero_point = tensor["quantization"]
    limits = np.iinfo(dtype)
    steps = np.round(values / scale) + zero_point
    stored: np.ndarray = np.clip(steps, limits.min, limits.max).astype(dtype)
    return stored


def dequantize(stored: np.ndarray, tensor: dict[str, Any]) -> np.ndarray:
    """Returns the real values that a tensor of the file stands for."""
    if np.issubdtype(tensor["dtype"], np.floating):
        return stored.astype(np.float32)
    scale, zero_point = tensor["quantization"]
    steps = stored.astype(np.float32) - np.float32(zero_point)
    return steps * np.float32(scale)


def count_delegated(interpreter: Interpreter) -> tuple[int, int] | None:
    """Returns how many operators a delegate computes, of how many.

    None where the runtime does not say.
    """
    try:
        taken, ops = find_delegated(interpreter)
    except AttributeError:
        return None
    return len(taken), len(ops)


def find_delegated(
    interpreter: Interpreter,
) -> tuple[set[int], list[dict[str, Any]]]:
    """Returns which operators a delegate computes, and all of the file's.

    A delegate appears as one more operator, and those that it replaced stay
    listed. Which they are follows from the graph: all that its outputs are
    made from, back to its own inputs.

    Raises:
        AttributeError: If the runtime does not say.
    """
    listed = interpreter._get_ops_details()
    ops = [op for op in listed if op["op_name"] != "DELEGATE"]
    maker = {
        tensor: index
        for index, op in enumerate(ops)
        for tensor in op["outputs"].tolist()
        if tensor >= 0  # An output that is left out is -1, as an input is.
    }
    taken: set[int] = set()
    for delegate in listed[len(ops) :]:
        outside = set(delegate["inputs"].tolist())
        pending = delegate["outputs"].tolist()
        while pending:
            tensor = pending.pop()
            index = maker.get(tensor)
            if tensor in outside or index is None or index in taken:
                continue
            taken.add(index)
            pending.extend(ops[index]["inputs"].tolist())
    return taken, ops
