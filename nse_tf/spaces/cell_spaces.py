"""Cell spaces: the same candidates for every edge of a skeleton's cells."""

from collections.abc import Sequence

from nse_tf.spaces.cell_ops import CellOp
from nse_tf.spaces.cell_skeletons import CellSkeleton
from nse_tf.spaces.cells import Edge
from nse_tf.spaces.space import SearchSpace


def cell_space(
    name: str,
    skeleton: CellSkeleton,
    ops: Sequence[CellOp],
    convention: str = "plain",
) -> SearchSpace:
    """Returns a space with the same candidates at every edge.

    Args:
        name: Name of the space.
        skeleton: Stem, cells and tail.
        ops: Candidates at every edge.
        convention: How the authors count MACs.
    """
    num_edges = len(skeleton.cell_kinds) * len(skeleton.graph.edges)
    return SearchSpace(
        name=name,
        skeleton=skeleton,
        blocks=skeleton.blocks([ops] * num_edges),
        active=(tuple(range(len(ops))),) * num_edges,
        convention=convention,
    )


def edges_of_kinds(space: SearchSpace) -> dict[str, tuple[Edge, ...]]:
    """Returns the edges of each kind of cell, in the order of the graph.

    Raises:
        ValueError: If the space has no cells.
    """
    skeleton, edges = space.as_cells()
    return {
        kind: tuple(edge for edge in edges if edge.kind == kind)
        for kind in skeleton.cell_kinds
    }
