"""A converted int8 network as a graph of kernels: what each reads and writes.

TensorFlow Lite's converter keeps the order in which TensorFlow's importer
visits nodes: what became ready last comes next, and of several that became
ready at once the one whose name comes first. It computes equal kernels without
weights once, folds a ReLU into what alone it follows, and folds a scale into
the convolutions behind it. All this was read off its files.
"""

import dataclasses
import math
from collections.abc import Iterable, Sequence

Shape = tuple[int, int, int]

# Kernels that a ReLU is folded into.
_TAKES_RELU = ("CONV_2D", "DEPTHWISE_CONV_2D", "ADD")
# Kernels that are computed once where two read the same.
_WITHOUT_WEIGHTS = (
    *("RELU", "AVERAGE_POOL_2D", "MAX_POOL_2D"),
    *("STRIDED_SLICE", "PAD"),
)
IMAGE = "image"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Node:
    """One kernel of a network, with the tensor that it writes.

    Attributes:
        name: Name of its tensor; of two successors of a tensor the one whose
            name comes first is computed first.
        kernel: Name of the kernel in TensorFlow Lite, such as `CONV_2D`.
        inputs: Names of the tensors that it reads.
        shape: Height, width and channels of what it writes.
        weights: Numbers of its kernel, 8 bits each.
        biases: Numbers of its bias, 32 bits each.
        constants: How many constant tensors it reads.
        names: How often the file repeats its name; 0 where that is part of
            what was fitted to its kind.
    """

    name: str
    kernel: str
    inputs: tuple[str, ...]
    shape: Shape
    weights: int = 0
    biases: int = 0
    constants: int = 0
    names: int = 0

    @property
    def size(self) -> int:
        """Bytes of the tensor that it writes."""
        return math.prod(self.shape)

    @property
    def channels(self) -> int:
        """Channels of the tensor that it writes."""
        return self.shape[-1]

    def rewired(self, inputs: tuple[str, ...]) -> "Node":
        """Returns the kernel with other inputs."""
        if inputs == self.inputs:
            return self
        return dataclasses.replace(self, inputs=inputs)


class Graph:
    """Kernels by name, as they are added; `ordered` says how they compute.

    Args:
        shape: Height, width and channels of the input.
        name: Name of the input's tensor.
    """

    def __init__(self, shape: Shape, name: str = IMAGE) -> None:
        self.input = name
        self._nodes = {
            name: Node(name=name, kernel="INPUT", inputs=(), shape=shape)
        }

    def shape_of(self, name: str) -> Shape:
        """Returns the shape of a tensor."""
        return self._nodes[name].shape

    def add(
        self,
        kernel: str,
        name: str,
        inputs: Sequence[str],
        *,
        size: tuple[int, int] | None = None,
        channels: int | None = None,
        weights: int = 0,
        biases: int = 0,
        constants: int = 0,
        names: int = 0,
    ) -> str:
        """Adds a kernel and returns the name of what it writes.

        Args:
            kernel: Name of the kernel.
            name: Name of its tensor.
            inputs: What it reads.
            size: Height and width of what it writes; None for its first
                input's.
            channels: The same for channels.
            weights: See `Node`; so are the others.
            biases: See `Node`.
            constants: See `Node`.
            names: See `Node`.
        """
        height, width, depth = self.shape_of(inputs[0])
        self._nodes[name] = Node(
            name=name,
            kernel=kernel,
            inputs=tuple(inputs),
            shape=(
                *(size or (height, width)),
                depth if channels is None else channels,
            ),
            weights=weights,
            biases=biases,
            constants=constants,
            names=names,
        )
        return name

    def conv(
        self,
        name: str,
        source: str,
        channels: int,
        kernel: int | tuple[int, int] = 1,
        strides: int | tuple[int, int] = 1,
        groups: int = 1,
        names: int = 0,
    ) -> str:
        """Adds a convolution with bias, padded as "same"; see `add`.

        One with a group for each of its channels is a depthwise one.
        """
        height, width, depth = self.shape_of(source)
        tall, wide = (kernel, kernel) if isinstance(kernel, int) else kernel
        down, across = (strides,) * 2 if isinstance(strides, int) else strides
        is_depthwise = groups == depth == channels and groups > 1
        return self.add(
            "DEPTHWISE_CONV_2D" if is_depthwise else "CONV_2D",
            name,
            [source],
            size=(-(-height // down), -(-width // across)),
            channels=channels,
            weights=tall * wide * depth * channels // groups,
            biases=channels,
            constants=2,
            names=names,
        )

    def depthwise(
        self,
        name: str,
        source: str,
        kernel: int,
        stride: int = 1,
        names: int = 0,
    ) -> str:
        """Adds a depthwise convolution with bias; see `conv`."""
        channels = self.shape_of(source)[-1]
        height, width, _ = self.shape_of(source)
        return self.add(
            "DEPTHWISE_CONV_2D",
            name,
            [source],
            size=(-(-height // stride), -(-width // stride)),
            weights=kernel**2 * channels,
            biases=channels,
            constants=2,
            names=names,
        )

    def relu(self, name: str, source: str) -> str:
        """Adds a ReLU; see `add`. It may be folded into its source."""
        return self.add("RELU", name, [source])

    def summed(self, name: str, sources: Sequence[str]) -> str:
        """Adds additions one after the other; returns the last one's name."""
        total = sources[0]
        for number, source in enumerate(sources[1:]):
            suffix = f"_{number}" if number else ""
            total = self.add("ADD", f"{name}/add{suffix}", [total, source])
        return total

    def averaged(self, name: str, sources: Sequence[str]) -> str:
        """Adds a mean: a sum and a scale, which convolutions may take over."""
        total = self.summed(name, sources)
        return self.add("SCALE", f"{name}/scale", [total], constants=1)

    def pooled(
        self, kernel: str, name: str, source: str, stride: int = 1
    ) -> str:
        """Adds a pooling; see `add`."""
        height, width, _ = self.shape_of(source)
        size = -(-height // stride), -(-width // stride)
        return self.add(kernel, name, [source], size=size)

    def ordered(self, outputs: Sequence[str]) -> list[Node]:
        """Returns the kernels that the outputs need, in order; first the input.

        Args:
            outputs: Names of the tensors that are wanted.
        """
        nodes = _needed(self._nodes, outputs)
        order, same = _without_equals(
            nodes[name] for name in _in_order(nodes, self.input)
        )
        return _folded(order, {same.get(name, name) for name in outputs})


def _needed(nodes: dict[str, Node], outputs: Sequence[str]) -> dict[str, Node]:
    """Returns what the outputs are computed from."""
    needed: set[str] = set()
    stack = list(outputs)
    while stack:
        name = stack.pop()
        if name not in needed:
            needed.add(name)
            stack += nodes[name].inputs
    return {name: node for name, node in nodes.items() if name in needed}


def _without_equals(
    order: Iterable[Node],
) -> tuple[list[Node], dict[str, str]]:
    """Returns of equal kernels the first alone, and what stands for which."""
    same: dict[str, str] = {}
    first: dict[tuple[object, ...], str] = {}
    kept = []
    for node in order:
        inputs = tuple(same.get(name, name) for name in node.inputs)
        key = (node.kernel, inputs, node.shape)
        if node.kernel in _WITHOUT_WEIGHTS and key in first:
            same[node.name] = first[key]
            continue
        first[key] = node.name
        kept.append(node.rewired(inputs))
    return kept, same


def _successors(nodes: Iterable[Node]) -> dict[str, list[str]]:
    """Returns the names of the kernels that read each tensor."""
    found: dict[str, list[str]] = {}
    for node in nodes:
        found.setdefault(node.name, [])
        for name in dict.fromkeys(node.inputs):
            found.setdefault(name, []).append(node.name)
    return found


def _in_order(nodes: dict[str, Node], start: str) -> list[str]:
    """Returns the names of kernels in the order in which they compute."""
    after = _successors(nodes.values())
    missing = {name: len(set(node.inputs)) for name, node in nodes.items()}
    order: list[str] = []
    ready = [start]
    while ready:
        order.append(ready.pop())
        for name in sorted(after[order[-1]], reverse=True):
            missing[name] -= 1
            if missing[name] == 0:
                ready.append(name)
    return order


def _folded(order: list[Node], outputs: set[str]) -> list[Node]:
    """Returns the kernels that are left, in order, after folding."""
    by_name = {node.name: node for node in order}
    after = _successors(order)
    renamed: dict[str, str] = {}
    left: dict[str, Node] = {}
    for node in order:
        source = node.inputs[0] if node.inputs else ""
        if (
            node.kernel == "RELU"
            and after[source] == [node.name]
            and source not in outputs
            and by_name[source].kernel in _TAKES_RELU
        ):
            renamed[node.name] = renamed.get(source, source)
            continue
        inputs = list(node.inputs)
        if node.kernel == "CONV_2D" and by_name[source].kernel == "SCALE":
            inputs[0] = by_name[source].inputs[0]
        inputs = [renamed.get(name, name) for name in inputs]
        left[node.name] = node.rewired(tuple(inputs))
    read = {name for node in left.values() for name in node.inputs} | {
        renamed.get(name, name) for name in outputs
    }
    return [
        dataclasses.replace(node, kernel="MUL")
        if node.kernel == "SCALE"
        else node
        for node in left.values()
        if node.name in read or node.kernel != "SCALE"
    ]
