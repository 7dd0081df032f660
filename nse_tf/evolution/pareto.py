"""Fronts of fitness against cost."""

import moocore
import numpy as np


def pareto_front(costs: np.ndarray, fitness: np.ndarray) -> np.ndarray:
    """Returns the indices of the non-dominated points, by rising first cost.

    A point stays if no other is at least as good in everything and better in
    something; of equal points the first stays.

    Args:
        costs: `(count,)` or `(count, num_costs)`, lower is better.
        fitness: `(count,)`, higher is better.
    """
    if len(fitness) == 0:
        return np.empty(0, np.int64)
    columns = costs.reshape(len(fitness), -1)
    points = np.column_stack([columns, -fitness]).astype(float)
    front = np.flatnonzero(moocore.is_nondominated(points, keep_weakly=False))
    return front[np.argsort(points[front, 0], kind="stable")]
