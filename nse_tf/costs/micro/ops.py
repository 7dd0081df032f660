"""The kernels that candidates of chains and cells become in an int8 file.

The names are those of the layers of stand-alone networks, as far as they decide
in which order the kernels compute.
"""

from typing import assert_never

from nse_tf.costs.micro.graph import Graph
from nse_tf.spaces import (
    BranchOp,
    CellOp,
    ChoiceBlock,
    ConvStep,
    DilConv,
    Identity,
    MBConv,
    Motif,
    NorConv,
    Op,
    Pool,
    SepConv,
    SkipConnect,
    Slot,
    Zero,
    narrowed,
)


class UnpredictedError(ValueError):
    """What a network needs cannot be told from its genotype."""


def add_candidate(
    graph: Graph, op: Op, block: ChoiceBlock, activation: str, source: str
) -> str:
    """Adds one candidate of a chain's block, without the shortcut.

    Args:
        graph: The network so far.
        op: The candidate.
        block: Its block.
        activation: Activation of a multi-branch cell.
        source: Name of the tensor that it reads.

    Returns:
        The name of the tensor that it writes: `source` if it does nothing.

    Raises:
        UnpredictedError: If it is a slot, whose cell is not known.
    """
    prefix = f"{block.name}_{op.name}"
    match op:
        case Identity():
            return source
        case MBConv():
            return _residual(graph, op, block, prefix, source)
        case Motif():
            inner = source
            if op.expansion > 1:
                channels = block.in_channels * op.expansion
                inner = graph.conv(f"{prefix}_expand", source, channels)
            inner = _motif(graph, op, block.stride, prefix, inner)
        case Slot():
            raise UnpredictedError(
                f"What {op.name!r} of block {block.name!r} needs depends on "
                "its cell: limit MACs or parameters while cells evolve."
            )
        case _:
            return _branch(graph, op, block, activation, source)  # type: ignore[arg-type]
    return graph.conv(f"{prefix}_project", inner, block.out_channels)


def _residual(
    graph: Graph, op: MBConv, block: ChoiceBlock, prefix: str, source: str
) -> str:
    """Adds an inverted residual."""
    # A layer that is folded into a kernel adds its name: batch norm to all, and
    # twice, of tensor and bias, an activation that is a ReLU.
    is_named = not op.is_plain
    inside = is_named * (0 if op.activation == "hard_swish" else 2)
    if op.expands:
        name = f"{prefix}_expand"
        inner = op.inner_channels(block.in_channels)
        source = graph.conv(name, source, inner, names=7 * is_named + inside)
        source = activated(graph, op.activation, name, source)
    name = f"{prefix}_depthwise"
    source = graph.depthwise(
        name, source, op.kernel, block.stride, names=13 * is_named + inside
    )
    source = activated(graph, op.activation, name, source)
    if op.squeeze_excite:
        narrow = op.squeezed_channels(block.in_channels)
        source = _hard_squeeze_excite(graph, prefix, narrow, source)
    name = f"{prefix}_project"
    return graph.conv(name, source, block.out_channels, names=7 * is_named)


def _hard_squeeze_excite(
    graph: Graph, prefix: str, narrow: int, source: str
) -> str:
    """Adds squeeze-and-excite with ReLU and hard sigmoid.

    The latter is a ReLU6, folded into the convolution, and a scale.
    """
    channels = graph.shape_of(source)[-1]
    pooled = graph.add(
        "MEAN",
        f"{prefix}_pool",
        [source],
        size=(1, 1),
        constants=1,
        names=1,
    )
    pooled = graph.conv(f"{prefix}_squeeze", pooled, narrow, names=9)
    pooled = graph.conv(f"{prefix}_excite", pooled, channels, names=11)
    name = f"{prefix}_excite/scale"
    pooled = graph.add("MUL", name, [pooled], constants=1, names=1)
    return graph.add("MUL", f"{prefix}_weigh", [source, pooled], names=1)


def _motif(
    graph: Graph, op: Motif, stride: int, prefix: str, source: str
) -> str:
    """Adds the graph inside a motif; returns its node 3."""
    nodes = [source]
    for node in (1, 2, 3):
        found = []
        for edge in op.inputs_of(node):
            step = stride if edge.source == 0 else 1
            tensor = nodes[edge.source]
            if edge.kernel:
                tensor = graph.depthwise(
                    f"{prefix}_{edge.name}", tensor, edge.kernel, step
                )
            elif step > 1:
                name = f"{prefix}_pool_{edge.source}{edge.target}"
                tensor = graph.pooled("AVERAGE_POOL_2D", name, tensor, step)
            found.append(tensor)
        if len(found) > 1 and op.takes_maximum[node]:
            found = [graph.add("MAXIMUM", f"{prefix}_node{node}", found)]
        nodes.append(graph.summed(f"{prefix}_node{node}", found))
    return nodes[-1]


def _branch(
    graph: Graph,
    op: BranchOp,
    block: ChoiceBlock,
    activation: str,
    source: str,
) -> str:
    """Adds a branch of a multi-branch cell."""
    prefix = f"{block.name}_{op.name}"
    for step in op.steps(block.in_channels, block.out_channels, block.stride):
        if not step.is_activated and block.squeeze_excite:
            source = _squeeze_excite(graph, prefix, activation, source)
        name = f"{prefix}_{step.name}"
        source = _step(graph, step, name, source)
        if step.is_activated:
            source = activated(graph, activation, name, source)
    return source


def _step(graph: Graph, step: ConvStep, name: str, source: str) -> str:
    """Adds a convolution; a strided dilated one is followed by three kernels.

    Every second pixel is a pooling, behind which batch norm cannot be folded.
    """
    if step.dilation == 1 or step.strides[0] == 1:
        return graph.conv(
            name,
            source,
            step.out_channels,
            step.kernel,
            step.strides,
            step.groups,
        )
    source = graph.depthwise(name, source, step.kernel[0])
    source = graph.pooled(
        "AVERAGE_POOL_2D", f"{name}_stride", source, step.strides[0]
    )
    return normalized(graph, f"{name}_bn", source)


def normalized(graph: Graph, name: str, source: str) -> str:
    """Adds a batch norm that no convolution takes over."""
    channels = graph.shape_of(source)[-1]
    for kernel in ("MUL", "ADD"):
        source = graph.add(
            kernel,
            f"{name}/{kernel.lower()}",
            [source],
            weights=channels,
            constants=1,
        )
    return source


def activated(graph: Graph, activation: str, name: str, source: str) -> str:
    """Adds an activation; a ReLU is part of the kernel before."""
    match activation:
        case "swish":
            gate = graph.add("LOGISTIC", f"{name}_activation/gate", [source])
            return graph.add("MUL", f"{name}_activation/mul", [source, gate])
        case "hard_swish":
            name = f"{name}_hard_swish"
            return graph.add("HARD_SWISH", name, [source], names=4)
        case _:
            return source


def _squeeze_excite(
    graph: Graph, prefix: str, activation: str, source: str
) -> str:
    channels = graph.shape_of(source)[-1]
    pooled = graph.add(
        "MEAN", f"{prefix}_pool", [source], size=(1, 1), constants=1
    )
    name = f"{prefix}_squeeze"
    pooled = graph.conv(name, pooled, narrowed(channels))
    pooled = activated(graph, activation, name, pooled)
    pooled = graph.conv(f"{prefix}_excite", pooled, channels)
    pooled = graph.add("LOGISTIC", f"{prefix}_excite/gate", [pooled])
    return graph.add("MUL", f"{prefix}_weigh", [source, pooled])


def add_edge(
    graph: Graph, op: CellOp, prefix: str, stride: int, source: str
) -> str:
    """Adds an op of a cell's edge; returns the name of what it writes.

    Args:
        graph: The network so far.
        op: The op; not one that brings nothing.
        prefix: Begins the names of its tensors.
        stride: 1 or 2.
        source: Name of the tensor that it reads.
    """
    width = graph.shape_of(source)[-1]
    match op:
        case SkipConnect() if stride == 1:
            return source
        case SkipConnect():
            return halved(graph, prefix, width, source)
        case Pool(kind):
            kernel = {"avg": "AVERAGE_POOL_2D", "max": "MAX_POOL_2D"}[kind]
            return graph.pooled(kernel, prefix, source, stride)
        case NorConv(kernel=side):
            source = graph.relu(f"{prefix}_relu", source)
            return graph.conv(f"{prefix}_conv", source, width, side)
        case SepConv(kernel=side):
            for number in (0, 1):
                source = graph.relu(f"{prefix}_relu{number}", source)
                source = graph.depthwise(
                    f"{prefix}_depthwise{number}",
                    source,
                    side,
                    1 if number else stride,
                )
                source = graph.conv(
                    f"{prefix}_pointwise{number}", source, width
                )
            return source
        case DilConv(kernel=side):
            if stride == 2:
                source = graph.pooled(
                    "MAX_POOL_2D", f"{prefix}_subsample", source, 2
                )
            source = graph.relu(f"{prefix}_relu0", source)
            source = graph.depthwise(f"{prefix}_depthwise0", source, side)
            return graph.conv(f"{prefix}_pointwise0", source, width)
        case Zero():
            raise ValueError("An op that brings nothing has no kernel.")
    assert_never(op)


def halved(graph: Graph, name: str, channels: int, source: str) -> str:
    """Adds a factorized reduction: two convolutions of stride 2, joined."""
    source = graph.relu(f"{name}_relu", source)
    height, width, _ = graph.shape_of(source)
    first = channels // 2
    cropped = graph.add(
        "STRIDED_SLICE",
        f"{name}_crop",
        [source],
        size=(height - 1, width - 1),
        constants=3,
    )
    shifted = graph.add(
        "PAD", f"{name}_pad", [cropped], size=(height, width), constants=1
    )
    halves = [
        graph.conv(f"{name}_half0", source, first, strides=2),
        graph.conv(f"{name}_half1", shifted, channels - first, strides=2),
    ]
    joined = graph.add(
        "CONCATENATION", f"{name}_join", halves, channels=channels
    )
    return normalized(graph, f"{name}_bn0", joined)
