"""Latency of cells, from a few cells that were measured on a device.

What a converted network computes is not what the cell says: a converter leaves
out every op whose result no output hears from, and keeps an op that is fed
zeros. Counting the ops that are left, by kind, and fitting a price for each
kind needs only as many measured cells as there are kinds.
"""

import dataclasses

import numpy as np
from scipy import optimize

from nse_tf.spaces import SearchSpace, Zero, require_cells


def computed_ops(space: SearchSpace, paths: np.ndarray) -> np.ndarray:
    """Returns how often each op is computed in a cell, `(count, num_ops)`.

    Args:
        space: Cells whose edges all have the same candidates.
        paths: Candidate indices, `(count, num_edges)`.

    Raises:
        ValueError: If the space is of another kind, or shapes do not fit.
    """
    skeleton, edges = require_cells(space)
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
    is_heard = np.zeros((len(paths), skeleton.graph.num_nodes), bool)
    is_heard[:, list(skeleton.graph.outputs)] = True
    counts = np.zeros((len(paths), len(candidates)))
    rows = np.arange(len(paths))
    # Edges into later nodes first: they decide who hears earlier ones.
    for place in sorted(range(len(edges)), key=lambda i: -edges[i].target):
        chosen = paths[:, place]
        computes = is_heard[:, edges[place].target] & ~is_zero[chosen]
        is_heard[:, edges[place].source] |= computes
        counts[rows[computes], chosen[computes]] += 1
    return counts


@dataclasses.dataclass(frozen=True)
class CellLatency:
    """What each op of a cell costs, in all cells of the network together.

    Attributes:
        space: Whose cells it prices.
        backbone_ms: What a network takes whatever its cell.
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
    """Returns the prices of ops that explain measured cells best.

    By least squares of the errors in milliseconds, with no price below zero.

    Args:
        space: Cells whose edges all have the same candidates.
        paths: Candidate indices of the cells measured, `(count, num_edges)`.
        latency_ms: What was measured, `(count,)`.

    Raises:
        ValueError: If there are fewer cells than twice the number of prices,
            latencies are not positive, or as of `computed_ops`.
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
    op_costs = optimize.nnls(factors, latency_ms)[0].tolist()
    return CellLatency(space, op_costs[0], tuple(op_costs[1:]))
