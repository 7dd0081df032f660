"""Latency of cells, from a few cells that were measured on a device.

A converted network does not compute all that the cell names: a converter leaves
out every op whose result reaches no output, and keeps an op that is fed zeros.
Counting the ops that are left, by kind, and fitting a cost for each kind needs
only as many measured cells as there are kinds.
"""

import dataclasses

import numpy as np
from scipy import optimize

from nse_tf.spaces import SearchSpace, Zero


def computed_ops(space: SearchSpace, paths: np.ndarray) -> np.ndarray:
    """Returns how often each op is computed in a cell, `(count, num_ops)`.

    Args:
        space: A space of cells whose edges all have the same candidates.
        paths: Candidate indices, `(count, num_edges)`.

    Raises:
        ValueError: If the space has no cells, or shapes do not fit.
    """
    skeleton, edges = space.as_cells()
    candidates = edges[0].candidates
    if any(edge.candidates != candidates for edge in edges):
        raise ValueError(
            f"The edges of space {space.name!r} differ in their candidates; "
            "ops are counted where all edges have the same."
        )
    if paths.ndim != 2 or paths.shape[1] != len(edges):
        raise ValueError(
            f"`paths` has shape {paths.shape}; it must be (count, "
            f"{len(edges)}), an index for each edge."
        )
    is_zero = np.array([op == Zero() for op in candidates])
    is_used = np.zeros((len(paths), skeleton.graph.num_nodes), bool)
    is_used[:, list(skeleton.graph.outputs)] = True
    counts = np.zeros((len(paths), len(candidates)))
    rows = np.arange(len(paths))
    # Edges into later nodes first: they decide which earlier ones are used.
    for edge in sorted(range(len(edges)), key=lambda i: -edges[i].target):
        chosen = paths[:, edge]
        # What feeds an edge does not matter: a converter keeps ops on zeros.
        computes = is_used[:, edges[edge].target] & ~is_zero[chosen]
        is_used[:, edges[edge].source] |= computes
        counts[rows[computes], chosen[computes]] += 1
    return counts


@dataclasses.dataclass(frozen=True)
class CellLatency:
    """What each op of a cell costs, in all cells of the network together.

    Attributes:
        space: The space of the cells.
        backbone_ms: Latency of the backbone, the same for all cells.
        op_ms: What one op adds, by the index of the candidate.
    """

    space: SearchSpace
    backbone_ms: float
    op_ms: tuple[float, ...]

    def predict(self, paths: np.ndarray) -> np.ndarray:
        """Returns the latency of each cell, `(count,)` milliseconds."""
        counts = computed_ops(self.space, paths)
        latency_ms: np.ndarray = self.backbone_ms + counts @ np.array(
            self.op_ms
        )
        return latency_ms


def fit_cell_latency(
    space: SearchSpace, paths: np.ndarray, latency_ms: np.ndarray
) -> CellLatency:
    """Returns the costs of ops that explain measured cells best.

    They minimize the squared errors in milliseconds; none is below zero.

    Args:
        space: A space of cells whose edges all have the same candidates.
        paths: Candidate indices of the measured cells, `(count, num_edges)`.
        latency_ms: Measured latencies in milliseconds, `(count,)`.

    Raises:
        ValueError: If there are fewer cells than twice the number of costs,
            latencies are not positive, or `computed_ops` refuses the paths.
    """
    counts = computed_ops(space, paths)
    least = 2 * (counts.shape[1] + 1)
    if len(paths) < least or latency_ms.shape != (len(paths),):
        raise ValueError(
            f"`paths` are {len(paths)} cells and `latency_ms` has shape "
            f"{latency_ms.shape}; at least {least} cells must be measured, "
            "each once."
        )
    if not np.all(latency_ms > 0):
        raise ValueError(
            "`latency_ms` must be positive, but goes down to "
            f"{latency_ms.min()}."
        )
    factors = np.hstack([np.ones((len(paths), 1)), counts])
    # Noise may fit an op best below zero; then more ops would look faster.
    op_costs = optimize.nnls(factors, latency_ms)[0].tolist()
    return CellLatency(space, op_costs[0], tuple(op_costs[1:]))
