"""NSGA-II: evolves a front of fitness against costs."""

import functools

import moocore
import numpy as np

from nse_tf.costs import in_order
from nse_tf.evolution.breeding import breed
from nse_tf.evolution.exploration import Exploration, Explorer


def nsga2(state: Exploration) -> Explorer:
    """Breeds from the front of fitness and costs, and its followers.

    The costs are those that the budget limits, MACs where it limits none. Of
    each generation and its parents the first `population` survive: front by
    front and, within one, those with the widest gaps around them. A parent is
    the better of two survivors; children are bred as in `evolution`. A path of
    unknown fitness comes after all others.

    References:
        Deb et al., NSGA-II (2002), https://doi.org/10.1109/4235.996017. Ours
        in place of its real-valued operators: uniform crossover and redrawn
        genes, one or the other, and no path twice.
    """
    population = state.config.population
    living = np.empty(0, np.int64)
    children = state.take_random(min(population, state.num_left))
    while len(children):
        first = len(state.paths)
        yield from state.evaluate(children)
        rivals = np.concatenate([living, np.arange(first, len(state.paths))])
        living = rivals[_best_first(state, rivals)][:population]
        children = breed(state, functools.partial(_winners, state, living))


def _winners(state: Exploration, living: np.ndarray, count: int) -> np.ndarray:
    """Returns the better ones of pairs of survivors, which are best first."""
    drawn = state.rng.integers(len(living), size=(count, 2)).min(axis=1)
    winners: np.ndarray = np.array(state.paths)[living[drawn]]
    return winners


def _best_first(state: Exploration, indices: np.ndarray) -> np.ndarray:
    """Returns the order of some evaluated paths by front, then by crowding."""
    paths = np.array(state.paths)[indices]
    fitness = np.array(state.fitness)[indices]
    limited = {**state.budget.limits, **state.budget.floors}
    names = in_order(limited) or ["macs"]
    costs = [state.model.path_costs(name, paths) for name in names]
    points = np.column_stack([-fitness, *costs]).astype(float)
    known = np.flatnonzero(np.isfinite(fitness))
    ranks, gaps = np.full(len(points), len(points)), np.zeros(len(points))
    if len(known):
        ranks[known] = moocore.pareto_rank(points[known])
        for rank in np.unique(ranks[known]):
            front = np.flatnonzero(ranks == rank)
            gaps[front] = crowding_distances(points[front])
    order: np.ndarray = np.lexsort((-gaps, ranks))
    return order


def crowding_distances(points: np.ndarray) -> np.ndarray:
    """Returns how much room each point of a front has around it.

    That is the sum, over all columns, of the gap between its two neighbors as a
    share of the front's extent; infinite for the ends of a column.

    Args:
        points: `(count, num_objectives)`.

    References:
        Deb et al., NSGA-II (2002), section III.B.
    """
    distances = np.zeros(len(points))
    for column in points.T:
        order = np.argsort(column, kind="stable")
        ranked = column[order]
        extent = ranked[-1] - ranked[0]
        distances[order[[0, -1]]] = np.inf
        if extent > 0:
            distances[order[1:-1]] += (ranked[2:] - ranked[:-2]) / extent
    return distances
