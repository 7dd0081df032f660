"""Cell DAGs: nodes joined by edges that each carry a choice."""

import dataclasses

from nse_tf.spaces.blocks import (
    candidate_index,
    check_candidates,
    strided,
)
from nse_tf.spaces.cell_ops import CellOp


@dataclasses.dataclass(frozen=True)
class CellGraph:
    """The nodes of a cell and the edges that join them.

    Nodes are numbered, inputs first; a node's value is the sum of what its
    edges bring. The cell's output is its one output node, or all of them
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
    """Returns the graph whose inner nodes hear from every earlier node."""
    edges = tuple(
        (source, target)
        for target in range(num_inputs, num_nodes)
        for source in range(target)
    )
    return CellGraph(num_inputs, num_nodes, edges, outputs)


NB201_GRAPH = complete_graph(1, 4, outputs=(3,))
DARTS_GRAPH = complete_graph(2, 6, outputs=(2, 3, 4, 5))


@dataclasses.dataclass(frozen=True)
class Cell:
    """One cell of a network.

    Attributes:
        name: Unique within a network, such as `cell7`.
        kind: Cells of one kind share their choices.
        in_size: Height and width of the maps that its edges start from.
        channels: Width of every node.
        stride: Of the edges that leave an input: 2 in a reduction cell.
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


@dataclasses.dataclass(frozen=True)
class Edge:
    """One place of a cell: an edge, and the ops that compete for it.

    All cells of a kind share it, so that it stands at several sites; each
    candidate has weights of its own at each of them.

    Attributes:
        name: Unique within a space, such as `normal_0_2`.
        candidates: Every op that ever competes here; its order gives each
            candidate the index that genotypes and gates use.
        kind: The kind of cell.
        source: The node it leaves.
        target: The node it leads to.
        sites: Where it stands, input to output.
    """

    name: str
    candidates: tuple[CellOp, ...]
    kind: str
    source: int
    target: int
    sites: tuple[Site, ...]

    def __post_init__(self) -> None:
        check_candidates(f"Edge {self.name!r}", self.candidates)

    @property
    def min_open(self) -> int:
        """How many candidates must be open at once."""
        return 1

    @property
    def max_open(self) -> int:
        """How many candidates may be open at once: an edge carries one op."""
        return 1

    def index_of(self, op_name: str) -> int:
        """Returns the index of a candidate by its name.

        Raises:
            ValueError: If the op does not compete here.
        """
        return candidate_index(f"edge {self.name!r}", self.candidates, op_name)
