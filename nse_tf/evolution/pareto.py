"""Fronts of fitness against cost."""

import moocore
import numpy as np


def pareto_front(costs: np.ndarray, fitness: np.ndarray) -> np.ndarray:
    """Returns the indices of the non-dominated points, by rising first cost.

    A point stays if no other is at least as good in every column and better in
    one. Among equal points the first stays. Points with a NaN are left out.

    Args:
        costs: `(count,)` or `(count, num_costs)`, lower is better.
        fitness: `(count,)`, higher is better.
    """
    columns = costs if costs.ndim == 2 else costs[:, None]
    points = np.column_stack([columns, -fitness]).astype(float)
    known = np.flatnonzero(~np.isnan(points).any(axis=1))
    if len(known) == 0:
        return known
    # `keep_weakly=False` keeps the first of equal points, and no other.
    is_best = moocore.is_nondominated(points[known], keep_weakly=False)
    front = known[is_best]
    ranked: np.ndarray = front[np.argsort(points[front, 0], kind="stable")]
    return ranked


def evolved_front(
    costs: np.ndarray, fitness: np.ndarray, num_new: int, num_extra: int
) -> np.ndarray:
    """Returns the front of new and old networks, by rising cost.

    Extra networks, which are cheaper than the window, take part so that no
    network is on the front only because it is the cheapest; they are not in the
    result. Among equal networks a new one comes before an old one.

    Args:
        costs: Costs `(count,)` of new, extra and old networks, in this order.
        fitness: Fitness of the same, `(count,)`.
        num_new: How many are new.
        num_extra: How many are extra.

    References:
        Ci et al., NSE (2021), code of the search:
        https://arxiv.org/abs/2011.10904
    """
    is_old = np.arange(len(costs)) >= num_new + num_extra
    # Far below what one image counts, so that it decides ties only.
    front = pareto_front(costs, fitness - 1e-10 * is_old)
    is_extra = (front >= num_new) & (front < num_new + num_extra)
    return front[~is_extra]
