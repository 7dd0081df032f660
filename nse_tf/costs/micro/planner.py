"""Where TensorFlow Lite Micro puts tensors: its greedy memory planner."""

import bisect
from collections.abc import Sequence
from typing import NamedTuple

from nse_tf.costs.micro.graph import Node

# Of buffers in the arena.
ALIGNMENT = 16


class Buffer(NamedTuple):
    """A tensor in the arena.

    Attributes:
        size: Bytes, a multiple of `ALIGNMENT`.
        first: Position of the kernel that writes it.
        last: Position of the last kernel that reads it.
    """

    size: int
    first: int
    last: int


def aligned(size: int) -> int:
    """Returns a size rounded up to whole units of the arena."""
    return -(-size // ALIGNMENT) * ALIGNMENT


def buffers_of(order: Sequence[Node]) -> list[Buffer]:
    """Returns the tensors of kernels in their order, the input first.

    The last kernel's tensor is the output. What nobody reads lives while it is
    written.
    """
    position = {node.name: max(0, at - 1) for at, node in enumerate(order)}
    last = dict(position)
    for node in order:
        for name in node.inputs:
            last[name] = max(last[name], position[node.name])
    return [
        Buffer(aligned(node.size), position[node.name], last[node.name])
        for node in order
    ]


def live_bytes(buffers: Sequence[Buffer]) -> list[int]:
    """Returns the bytes that are alive while each kernel computes."""
    steps = max(buffer.last for buffer in buffers) + 1
    changes = [0] * (steps + 1)
    for size, first, last in buffers:
        changes[first] += size
        changes[last + 1] -= size
    live, total = [], 0
    for change in changes[:-1]:
        total += change
        live.append(total)
    return live


def planned_bytes(buffers: Sequence[Buffer]) -> int:
    """Returns how far the planner's tensors reach.

    The largest tensor comes first, of equal ones the later; each goes to the
    lowest gap that no tensor of its time reaches into. That takes no less than
    what is alive at once, and sometimes more.

    References:
        TensorFlow Lite Micro, `greedy_memory_planner.cc`.
    """
    placed: list[tuple[int, int, int, int]] = []
    end = 0
    for size, first, last in sorted(
        reversed(buffers), key=lambda each: -each.size
    ):
        start = 0
        for low, high, since, until in placed:
            if since > last or until < first:
                continue
            if low - start >= size:
                break
            start = max(start, high)
        bisect.insort(placed, (start, start + size, first, last))
        end = max(end, start + size)
    return end
