"""The kernels of whole networks, and of the pieces that chains consist of."""

import functools
from collections.abc import Sequence

from nse_tf.costs.micro.graph import IMAGE, Graph
from nse_tf.costs.micro.ops import (
    UnpredictedError,
    activated,
    add_candidate,
    add_edge,
    halved,
    normalized,
)
from nse_tf.spaces import (
    Cell,
    CellSkeleton,
    ChainSkeleton,
    ChoiceBlock,
    DartsSkeleton,
    Edge,
    Genotype,
    NB201Skeleton,
    SearchSpace,
    Skeleton,
    Zero,
    edges_of_kinds,
    realized,
)


def start(skeleton: ChainSkeleton | CellSkeleton) -> tuple[Graph, str]:
    """Returns a network's first kernels: bytes to int8, and the scaling."""
    graph = Graph((*skeleton.image_size, skeleton.image_channels))
    source = graph.add("QUANTIZE", "image/int8", [IMAGE])
    scale, offset = getattr(skeleton, "pixel_scaling", (1 / 127.5, -1.0))
    for kernel, is_there in (("MUL", scale != 1), ("ADD", offset != 0)):
        if is_there:
            source = graph.add(
                kernel, f"rescaling/{kernel}", [source], constants=1
            )
    return graph, source


def add_classifier(
    graph: Graph,
    num_classes: int,
    source: str,
    hidden: int = 0,
    activation: str = "relu6",
) -> str:
    """Adds pooling, fully connected layers, and int8 to bytes.

    Args:
        graph: The network so far.
        num_classes: How many scores there are.
        source: Name of the map that is pooled.
        hidden: Width of a layer before the last; 0 for none.
        activation: Activation behind that.
    """
    pooled = graph.add("MEAN", "pool", [source], size=(1, 1), constants=1)
    if hidden:
        pooled = _dense(graph, "hidden", hidden, pooled)
        pooled = activated(graph, activation, "hidden", pooled)
    scores = _dense(graph, "classifier", num_classes, pooled)
    return graph.add("QUANTIZE", "scores", [scores])


def _dense(graph: Graph, name: str, channels: int, source: str) -> str:
    """Adds a fully connected layer with bias."""
    return graph.add(
        "FULLY_CONNECTED",
        name,
        [source],
        channels=channels,
        weights=graph.shape_of(source)[-1] * channels,
        biases=channels,
        constants=2,
    )


def chain_stem(skeleton: ChainSkeleton) -> tuple[Graph, str]:
    """Returns a chain up to its first block, and its last tensor."""
    graph, source = start(skeleton)
    source = graph.conv(
        "stem", source, skeleton.stem_channels, 3, skeleton.stem_stride
    )
    source = activated(graph, skeleton.activation, "stem", source)
    if skeleton.FIRST_OP is not None:
        source = graph.depthwise(
            "first_depthwise", source, skeleton.FIRST_OP.kernel
        )
        source = graph.conv("first_project", source, skeleton.first_channels)
    return graph, source


def chain_tail(graph: Graph, skeleton: ChainSkeleton, source: str) -> str:
    """Adds what follows a chain's last block; returns the scores."""
    source = graph.conv("tail", source, skeleton.tail_channels)
    source = activated(graph, skeleton.activation, "tail", source)
    return add_classifier(
        graph,
        skeleton.num_classes,
        source,
        skeleton.hidden_channels,
        skeleton.activation,
    )


def add_block(
    graph: Graph,
    block: ChoiceBlock,
    gene: Sequence[int],
    activation: str,
    source: str,
) -> str:
    """Adds a block of a chain with its open candidates.

    Returns:
        The name of what it writes: `source` if it is skipped.
    """
    branches = [
        out
        for index in gene
        if (
            out := add_candidate(
                graph, block.candidates[index], block, activation, source
            )
        )
        != source
    ]
    if not branches:
        return source
    if block.has_shortcut and block.AVERAGES_SHORTCUT:
        branches.insert(0, source)
    outputs = branches[0]
    if len(branches) > 1:
        outputs = graph.averaged(f"{block.name}_mean", branches)
    if block.has_shortcut and not block.AVERAGES_SHORTCUT:
        outputs = graph.summed(f"{block.name}_add", [source, outputs])
    return outputs


def whole_network(space: SearchSpace, genotype: Genotype) -> tuple[Graph, str]:
    """Returns the kernels of a network, and the name of its scores.

    Raises:
        UnpredictedError: If they cannot be told from the genotype.
    """
    space, genotype = realized(space, genotype)
    return _kernels(space.skeleton, space, genotype)


@functools.singledispatch
def _kernels(
    skeleton: Skeleton, space: SearchSpace, genotype: Genotype
) -> tuple[Graph, str]:
    """Returns `whole_network`; each family of skeletons registers its own."""
    del skeleton, genotype
    raise UnpredictedError(
        f"RAM and flash of space {space.name!r} cannot be told from its "
        "genotypes, since its layers are yours: limit MACs or parameters, and "
        "measure what was found by nse_export --target=micro."
    )


@_kernels.register
def _(
    skeleton: ChainSkeleton, space: SearchSpace, genotype: Genotype
) -> tuple[Graph, str]:
    graph, source = chain_stem(skeleton)
    blocks = space.as_chain().blocks
    for block, gene in zip(blocks, genotype.genes, strict=True):
        source = add_block(graph, block, gene, skeleton.activation, source)
    return graph, chain_tail(graph, skeleton, source)


@_kernels.register
def _(
    skeleton: NB201Skeleton, space: SearchSpace, genotype: Genotype
) -> tuple[Graph, str]:
    edges = space.as_cells().edges
    graph, source = start(skeleton)
    source = graph.conv("stem", source, skeleton.channels, 3)
    for number, cell in enumerate(skeleton.cells):
        stage, first = divmod(number, skeleton.num_cells)
        if stage and not first:
            width = skeleton.widths[stage]
            source = _reduction(graph, f"reduction{stage}", width, source)
        (source,) = _add_cell(
            graph, skeleton, cell, edges, genotype.path, [source]
        )
    source = graph.relu("tail_relu", normalized(graph, "tail_bn", source))
    return graph, add_classifier(graph, skeleton.num_classes, source)


def _reduction(graph: Graph, name: str, channels: int, source: str) -> str:
    branch = graph.relu(f"{name}_relu0", source)
    branch = graph.conv(f"{name}_conv0", branch, channels, 3, 2)
    branch = graph.conv(f"{name}_conv1", branch, channels, 3)
    pooled = graph.pooled("AVERAGE_POOL_2D", f"{name}_pool", source, 2)
    shortcut = graph.conv(f"{name}_shortcut", pooled, channels)
    return graph.summed(f"{name}_add", [branch, shortcut])


def _add_cell(
    graph: Graph,
    skeleton: CellSkeleton,
    cell: Cell,
    edges: Sequence[Edge],
    genes: Sequence[int],
    inputs: Sequence[str],
) -> list[str]:
    """Adds a cell; returns the names of its outputs."""
    nodes = list(inputs)
    structure = skeleton.graph
    for target in range(structure.num_inputs, structure.num_nodes):
        brought = []
        for edge, candidate in zip(edges, genes, strict=True):
            op = edge.candidates[candidate]
            if edge.target != target or op == Zero():
                continue
            leaves_input = edge.source < structure.num_inputs
            brought.append(
                add_edge(
                    graph,
                    op,
                    f"{cell.name}_{edge.source}_{edge.target}_{op.name}",
                    cell.stride if leaves_input else 1,
                    nodes[edge.source],
                )
            )
        name = f"{cell.name}_node{target}"
        nodes.append(
            graph.summed(name, brought)
            if brought
            else _nothing(graph, name, cell.stride, nodes[0])
        )
    return [nodes[node] for node in structure.outputs]


def _nothing(graph: Graph, name: str, stride: int, source: str) -> str:
    """Adds zeros of a node's shape."""
    if stride == 2:
        source = graph.pooled("MAX_POOL_2D", f"{name}_subsample", source, 2)
    return graph.add("MUL", f"{name}_zeros", [source], constants=1)


@_kernels.register
def _(
    skeleton: DartsSkeleton, space: SearchSpace, genotype: Genotype
) -> tuple[Graph, str]:
    edges = edges_of_kinds(space)
    genes = dict(zip(space.blocks, genotype.path, strict=True))
    graph, source = start(skeleton)
    outputs = []
    for number, width in enumerate(skeleton.stem_widths):
        if number:
            source = graph.relu(f"stem{number - 1}_relu", source)
        source = graph.conv(
            f"stem{number}", source, width, 3, skeleton.STEM_STRIDE
        )
        outputs.append(source)
    before, last = outputs[-2:] if len(outputs) > 1 else outputs * 2
    for cell in skeleton.cells:
        first = f"{cell.name}_input0"
        inputs = [
            halved(graph, first, cell.channels, before)
            if cell.halves_first
            else _pointwise(graph, first, cell.channels, before),
            _pointwise(graph, f"{cell.name}_input1", cell.channels, last),
        ]
        own = edges[cell.kind]
        found = _add_cell(
            graph,
            skeleton,
            cell,
            own,
            [genes[edge] for edge in own],
            inputs,
        )
        joined = graph.add(
            "CONCATENATION",
            f"{cell.name}_join",
            found,
            channels=cell.channels * len(found),
        )
        before, last = last, joined
    return graph, add_classifier(graph, skeleton.num_classes, last)


def _pointwise(graph: Graph, name: str, channels: int, source: str) -> str:
    source = graph.relu(f"{name}_relu", source)
    return graph.conv(f"{name}_conv", source, channels)
