"""What a .tflite file is made of, and what of it a delegate takes."""

import collections
import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from nse_tf.export import own_process
from nse_tf.export.inference import find_delegated, open_interpreter


@dataclasses.dataclass(frozen=True)
class OpCount:
    """Operators of one kind.

    Attributes:
        total: Number in the file.
        delegated: How many of them the delegate computes.
    """

    total: int
    delegated: int


@dataclasses.dataclass(frozen=True)
class LeftOp:
    """An operator that the delegate leaves to the runtime's own kernels.

    Attributes:
        kind: Such as `MEAN`.
        index: Its number in the file, from 0.
        output: Name of the tensor that it makes.
    """

    kind: str
    index: int
    output: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class FileDetails:
    """What a file is made of.

    Attributes:
        ops: Operators by kind, the most frequent first.
        left: Those that the delegate leaves, in the file's order.
        live_bytes: Bytes of the activations that are alive at once, at most: a
            tensor lives from its operator to the last that reads it. What
            follows from constants alone, such as the weights of an fp16 file
            once they are float, is none.
        live_at: The operator where that is, such as `CONV_2D 3`.
        process_bytes: By how much the peak of a process's resident memory rises
            when it reads, opens and runs the file: content, weights as the
            delegate packs them, activations and scratch buffers. None where the
            system does not tell.
    """

    ops: dict[str, OpCount]
    left: tuple[LeftOp, ...]
    live_bytes: int
    live_at: str
    process_bytes: int | None


def describe_file(
    tflite: bytes, *, num_threads: int = 1, use_xnnpack: bool = True
) -> FileDetails:
    """Returns what a file is made of; it runs twice, in a process of its own.

    Args:
        tflite: The content of a .tflite file.
        num_threads: Threads that one inference may use.
        use_xnnpack: Whether XNNPACK may take the operators that it knows.

    Raises:
        ValueError: If it cannot be run.
    """
    given: dict[str, Any] = {
        "num_threads": num_threads,
        "use_xnnpack": use_xnnpack,
    }
    process_bytes = own_process.peak_bytes(tflite, **given)
    interpreter = open_interpreter(tflite, **given)
    taken, ops = find_delegated(interpreter)
    tensors = {each["index"]: each for each in interpreter.get_tensor_details()}
    kinds = collections.Counter(op["op_name"] for op in ops)
    of_kind = collections.Counter(ops[index]["op_name"] for index in taken)
    live, index = _peak(ops, tensors, interpreter)
    return FileDetails(
        ops={
            kind: OpCount(total, of_kind[kind])
            for kind, total in kinds.most_common()
        },
        left=tuple(
            LeftOp(op["op_name"], index, _output_name(op, tensors))
            for index, op in enumerate(ops)
            if index not in taken
        ),
        live_bytes=live,
        live_at=f"{ops[index]['op_name']} {index}" if ops else "",
        process_bytes=process_bytes,
    )


def _peak(
    ops: Sequence[dict[str, Any]],
    tensors: dict[int, dict[str, Any]],
    interpreter: Any,
) -> tuple[int, int]:
    """Returns most bytes of tensors alive at once, and the operator there."""
    born = {each["index"]: 0 for each in interpreter.get_input_details()}
    dies = dict.fromkeys(born, 0)
    for index, op in enumerate(ops):
        read = [tensor for tensor in op["inputs"].tolist() if tensor in born]
        dies.update(dict.fromkeys(read, index))
        if read:
            made = dict.fromkeys(_made(op), index)
            born.update(made)
            dies.update(made)
    for each in interpreter.get_output_details():
        dies[each["index"]] = max(0, len(ops) - 1)
    changes = np.zeros(len(ops) + 2, np.int64)
    for tensor, start in born.items():
        size = _size(tensors[tensor])
        changes[start] += size
        changes[dies[tensor] + 1] -= size
    alive = np.cumsum(changes)
    return int(alive.max()), int(alive.argmax())


def _size(tensor: dict[str, Any]) -> int:
    """Returns the bytes of a tensor."""
    itemsize = int(np.dtype(tensor["dtype"]).itemsize)
    return int(np.prod(tensor["shape"])) * itemsize


def _output_name(op: dict[str, Any], tensors: dict[int, dict[str, Any]]) -> str:
    """Returns the name of what an operator makes; some make nothing."""
    made = _made(op)
    return str(tensors[made[0]]["name"]) if made else ""


def _made(op: dict[str, Any]) -> list[int]:
    """Returns the tensors that an operator makes, less those left out."""
    return [tensor for tensor in op["outputs"].tolist() if tensor >= 0]
