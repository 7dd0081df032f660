"""Cell spaces: a skeleton whose cells carry a choice on every edge."""

from collections.abc import Sequence

from nse_tf.spaces.cell_ops import CellOp
from nse_tf.spaces.cell_skeletons import (
    CellSkeleton,
    DartsSkeleton,
    NB201Skeleton,
)
from nse_tf.spaces.cells import Cell, Edge, Site
from nse_tf.spaces.space import SearchSpace


def cell_edges(
    skeleton: CellSkeleton, candidates: Sequence[Sequence[CellOp]]
) -> tuple[Edge, ...]:
    """Returns the skeleton's places with these candidates.

    Edges stand kind of cell by kind of cell, and in a kind in the order of the
    graph.

    Raises:
        ValueError: If there are not as many candidate lists as places.
    """
    kinds, edges = skeleton.cell_kinds, skeleton.graph.edges
    if len(candidates) != len(kinds) * len(edges):
        raise ValueError(
            f"The skeleton has {len(kinds) * len(edges)} edges, but there are "
            f"candidates for {len(candidates)}."
        )
    keys = [(kind, edge) for kind in kinds for edge in edges]
    return tuple(
        Edge(
            name=f"{kind}_{source}_{target}",
            candidates=tuple(ops),
            kind=kind,
            source=source,
            target=target,
            sites=_sites(skeleton, kind, source),
        )
        for (kind, (source, target)), ops in zip(keys, candidates, strict=True)
    )


def _sites(skeleton: CellSkeleton, kind: str, source: int) -> tuple[Site, ...]:
    leaves_input = source < skeleton.graph.num_inputs

    def site(index: int, cell: Cell) -> Site:
        if leaves_input:
            return Site(index, cell.in_size, cell.channels, cell.stride)
        return Site(index, cell.out_size, cell.channels, 1)

    return tuple(
        site(index, cell)
        for index, cell in enumerate(skeleton.cells)
        if cell.kind == kind
    )


def cell_space(
    name: str,
    skeleton: CellSkeleton,
    ops: Sequence[CellOp],
    convention: str = "plain",
) -> SearchSpace:
    """Returns a space with the same candidates on every edge.

    Args:
        name: What people call the space.
        skeleton: Stem, cells and tail.
        ops: Candidates on every edge.
        convention: How the authors count MACs.
    """
    num_edges = len(skeleton.cell_kinds) * len(skeleton.graph.edges)
    edges = cell_edges(skeleton, [ops] * num_edges)
    active = (tuple(range(len(ops))),) * num_edges
    return SearchSpace(name, skeleton, edges, active, convention)


def require_cells(
    space: SearchSpace,
) -> tuple[CellSkeleton, tuple[Edge, ...]]:
    """Returns the skeleton and the edges of a cell space.

    Raises:
        ValueError: If the space is a chain.
    """
    edges = tuple(block for block in space.blocks if isinstance(block, Edge))
    if len(edges) < len(space.blocks) or not isinstance(
        space.skeleton, CellSkeleton
    ):
        raise ValueError(
            f"Space {space.name!r} is a chain of blocks; this needs a space of "
            "cells, such as 'nb201'."
        )
    return space.skeleton, edges


def edges_of_kinds(space: SearchSpace) -> dict[str, tuple[Edge, ...]]:
    """Returns the edges of each kind of cell, in the order of the graph.

    Raises:
        ValueError: If the space is a chain.
    """
    skeleton, edges = require_cells(space)
    return {
        kind: tuple(edge for edge in edges if edge.kind == kind)
        for kind in skeleton.cell_kinds
    }


def require_darts(
    space: SearchSpace,
) -> tuple[DartsSkeleton, tuple[Edge, ...]]:
    """Returns the skeleton and the edges of a space with DARTS's skeleton.

    Raises:
        ValueError: If the space has another skeleton.
    """
    if not isinstance(space.skeleton, DartsSkeleton):
        raise ValueError(
            f"Space {space.name!r} has a skeleton of its own; this needs that "
            "of DARTS, as the space 'darts' has it."
        )
    return space.skeleton, require_cells(space)[1]


def require_nb201(
    space: SearchSpace,
) -> tuple[NB201Skeleton, tuple[Edge, ...]]:
    """Returns the skeleton and the edges of a NAS-Bench-201 space.

    Raises:
        ValueError: If the space has another skeleton.
    """
    if not isinstance(space.skeleton, NB201Skeleton):
        raise ValueError(
            f"Space {space.name!r} has a skeleton of its own; this needs that "
            "of NAS-Bench-201, as the space 'nb201' has it."
        )
    return space.skeleton, require_cells(space)[1]
