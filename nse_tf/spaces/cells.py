"""Cell DAGs: nodes joined by edges that each carry a choice."""

import dataclasses
from typing import ClassVar

from nse_tf.spaces.blocks import DecisionPoint, Map, strided
from nse_tf.spaces.cell_ops import CELL_FAMILIES, CellOp
from nse_tf.spaces.ops import Op


@dataclasses.dataclass(frozen=True)
class CellGraph:
    """The nodes of a cell and the edges that join them.

    Nodes are numbered, inputs first. A node's value is the sum of its edges'
    outputs. The cell's output is its one output node, or all of them
    concatenated.

    Attributes:
        num_inputs: Nodes `0` to `num_inputs - 1` are the cell's inputs.
        num_nodes: All nodes, inputs among them.
        edges: (source, target) of each edge, by target, then by source.
        outputs: The nodes that make the output.

    Raises:
        ValueError: If an edge goes back, ends in an input or stands out of
            order, or a node is unknown.
    """

    num_inputs: int
    num_nodes: int
    edges: tuple[tuple[int, int], ...]
    outputs: tuple[int, ...]

    def __post_init__(self) -> None:
        for source, target in self.edges:
            inner = self.num_inputs <= target < self.num_nodes
            if not (0 <= source < target and inner):
                raise ValueError(
                    f"Edge {source}->{target} must lead to a later node of "
                    f"{self.num_inputs} to {self.num_nodes - 1}."
                )
        ordered = sorted(set(self.edges), key=lambda edge: edge[::-1])
        if list(self.edges) != ordered:
            raise ValueError(
                "Edges must be sorted by target, then by source, each once, "
                f"not {self.edges}."
            )
        if not self.outputs or not set(self.outputs) <= set(
            range(self.num_inputs, self.num_nodes)
        ):
            raise ValueError(
                f"`outputs` is {self.outputs}; it must name nodes of "
                f"{self.num_inputs} to {self.num_nodes - 1}."
            )

    @property
    def last_node(self) -> int:
        """The node of the highest number."""
        return self.num_nodes - 1


def complete_graph(
    num_inputs: int, num_nodes: int, outputs: tuple[int, ...]
) -> CellGraph:
    """Returns the graph that joins each inner node to every earlier node."""
    edges = tuple(
        (source, target)
        for target in range(num_inputs, num_nodes)
        for source in range(target)
    )
    return CellGraph(num_inputs, num_nodes, edges, outputs)


NB201_GRAPH = complete_graph(1, 4, outputs=(3,))
DARTS_GRAPH = complete_graph(2, 6, outputs=(2, 3, 4, 5))


@dataclasses.dataclass(frozen=True, kw_only=True)
class Cell:
    """One cell of a network.

    Attributes:
        name: Unique within a network, such as `cell7`.
        kind: Cells of one kind share their genes.
        in_size: Height and width of the maps that its edges start from.
        channels: Width of every node.
        stride: Stride of the edges that leave an input: 2 in a reduction cell.
        in_channels: Width of each input before the cell adapts it.
        halves_first: Whether the first input comes from before a reduction
            cell, and so is twice as high and wide as the second.
    """

    name: str
    kind: str
    in_size: tuple[int, int]
    channels: int
    stride: int
    in_channels: tuple[int, ...]
    halves_first: bool = False

    @property
    def out_size(self) -> tuple[int, int]:
        """Height and width of the inner nodes, in pixels."""
        return strided(self.in_size, self.stride)


@dataclasses.dataclass(frozen=True)
class Site:
    """Where an edge stands in one cell.

    Attributes:
        cell: Index of the cell in the network.
        in_size: Height and width of the source node, in pixels.
        channels: Width of source and target.
        stride: 1 or 2.
    """

    cell: int
    in_size: tuple[int, int]
    channels: int
    stride: int

    @property
    def out_size(self) -> tuple[int, int]:
        """Height and width of the target node, in pixels."""
        return strided(self.in_size, self.stride)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Edge(DecisionPoint):
    """An edge of a kind of cell, and the ops that compete for it.

    All cells of a kind share the choice, so that the edge stands at several
    sites. Each candidate has its own weights at each of them.

    Attributes:
        kind: The kind of cell.
        source: The node it leaves.
        target: The node it leads to.
        sites: Where it stands, input to output.
    """

    candidates: tuple[CellOp, ...]
    kind: str
    source: int
    target: int
    sites: tuple[Site, ...]

    FAMILIES: ClassVar[tuple[type[Op], ...]] = CELL_FAMILIES
    NOUN: ClassVar[str] = "edge"

    @property
    def max_open(self) -> int:
        """How many candidates may be open at once: an edge carries one op."""
        return 1

    @property
    def cells(self) -> tuple[int, ...]:
        """Indices of the cells that it stands in, input to output."""
        return tuple(site.cell for site in self.sites)

    @property
    def total_channels(self) -> int:
        """Channels of the target, summed over `cells`."""
        return sum(site.channels for site in self.sites)

    @property
    def stride(self) -> int:
        """Stride in the first of its cells."""
        return self.sites[0].stride

    @property
    def in_map(self) -> Map:
        """Height, width and channels of the source, in the first cell."""
        return (*self.sites[0].in_size, self.sites[0].channels)

    @property
    def out_map(self) -> Map:
        """Height, width and channels of the target, in the first cell."""
        return (*self.sites[0].out_size, self.sites[0].channels)

    def cost_key(self, op_name: str) -> str:
        """Refuses, since cost tables hold no ops of cells.

        Raises:
            ValueError: Always.
        """
        raise ValueError(
            f"Cost tables hold the blocks of chains, not {op_name!r} on edge "
            f"{self.name!r} of a cell. Limit MACs or parameters instead."
        )
