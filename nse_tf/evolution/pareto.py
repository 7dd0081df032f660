"""Fronts of fitness against cost."""

import moocore
import numpy as np


def pareto_front(costs: np.ndarray, fitness: np.ndarray) -> np.ndarray:
    """Returns the indices of the non-dominated points, by rising first cost.

    A point stays if no other is at least as good in everything and better in
    something; of equal points the first stays. Points with a NaN are left out.

    Args:
        costs: `(count,)` or `(count, num_costs)`, lower is better.
        fitness: `(count,)`, higher is better.
    """
    columns = costs if costs.ndim == 2 else costs[:, None]
    points = np.column_stack([columns, -fitness]).astype(float)
    known = np.flatnonzero(~np.isnan(points).any(axis=1))
    if len(known) == 0:
        return known
    is_best = moocore.is_nondominated(points[known], keep_weakly=False)
    front = known[is_best]
    ranked: np.ndarray = front[np.argsort(points[front, 0], kind="stable")]
    return ranked
