"""How often an edge counts: the number of unbroken paths through it."""

import numpy as np

from nse_tf.spaces import CellGraph, SearchSpace, Zero


def path_counts(graph: CellGraph, is_open: np.ndarray) -> np.ndarray:
    """Returns how many unbroken paths lead through each edge.

    A path leads from any input to the last node. Its number through an edge is
    that of paths that reach the source times that of paths that leave the
    target. Both are sums over neighbors, so that no path is ever listed.

    Args:
        graph: The cell.
        is_open: `(count, num_edges)`, in the graph's order; an edge that is
            not open breaks every path through it.

    Returns:
        `(count, num_edges)`, int64; zero for an edge that is not open.

    References:
        Hu et al., ABS (2020), algorithm 1: https://arxiv.org/abs/2004.13431
    """
    count = len(is_open)
    to_node = np.zeros((graph.num_nodes, count), np.int64)
    from_node = np.zeros((graph.num_nodes, count), np.int64)
    to_node[: graph.num_inputs] = 1
    # Only paths to the last node count, as published, also in DARTS's cells,
    # which put out all inner nodes.
    from_node[graph.last_node] = 1
    columns = np.ascontiguousarray(is_open.T).astype(np.int64)
    # By target ascending, so that a source is complete before it is read.
    for (source, target), column in zip(graph.edges, columns, strict=True):
        to_node[target] += column * to_node[source]
    # By source descending, so that a target is complete before it is read.
    order = sorted(
        zip(graph.edges, columns, strict=True), key=lambda each: -each[0][0]
    )
    for (source, target), column in order:
        from_node[source] += column * from_node[target]
    sources, targets = np.array(graph.edges).T
    counts: np.ndarray = (columns * to_node[sources] * from_node[targets]).T
    return counts


def multiplicities(space: SearchSpace, paths: np.ndarray) -> np.ndarray:
    """Returns how often each block's weights count in a child's vector.

    In a chain that is once. An edge counts as often as unbroken paths lead
    through it.

    Args:
        space: The space.
        paths: Candidate indices `(count, num_blocks)`.

    Returns:
        `(count, num_blocks)`, int64.
    """
    if not space.skeleton.cell_kinds:
        return np.ones(paths.shape, np.int64)
    skeleton, edges = space.as_cells()
    is_open = np.stack(
        [
            np.array([op != Zero() for op in edge.candidates])[column]
            for edge, column in zip(edges, paths.T, strict=True)
        ],
        axis=1,
    )
    # A space lists all edges of one kind of cell, then those of the next.
    num_edges = len(skeleton.graph.edges)
    return np.concatenate(
        [
            path_counts(skeleton.graph, is_open[:, first : first + num_edges])
            for first in range(0, len(edges), num_edges)
        ],
        axis=1,
    )
