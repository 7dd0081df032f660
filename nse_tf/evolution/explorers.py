"""Explorers: random search and three ways to evolve paths.

An explorer is a generator. It yields paths to evaluate, `(count, num_blocks)`,
and is sent their fitness, `(count,)`. It yields every path at most once, and
only valid paths within the budget. To be comparable, all explorers evaluate
exactly `num_children` paths, or all paths if there are fewer.
"""

import functools
from collections.abc import Callable, Iterator

import numpy as np

from nse_tf.evolution.breeding import MAX_LOTS, breed
from nse_tf.evolution.exploration import Exploration, Explorer
from nse_tf.evolution.nsga2 import nsga2
from nse_tf.evolution.variation import mutate_one_gene


def random_search(state: Exploration) -> Explorer:
    """Evaluates uniformly drawn paths."""
    batch = state.config.batch
    while len(paths := state.take_random(min(batch, state.num_left))):
        yield from state.evaluate(paths)


def evolution(state: Exploration) -> Explorer:
    """Breeds from the best so far: half by crossover, half by mutation.

    Each generation has `population` new children: up to half of them by
    crossing two random parents among the best `num_parents` so far, then
    mutants of one random parent, and random paths if these are too few.

    References:
        Guo et al., Single Path One-Shot NAS (2019), algorithm 1:
        https://arxiv.org/abs/1904.00420; numbers as in ABS's code.
    """
    population = state.config.population
    children = state.take_random(min(population, state.num_left))
    while len(children):
        yield from state.evaluate(children)
        children = breed(state, functools.partial(_parents, state))


def _parents(state: Exploration, count: int) -> np.ndarray:
    """Returns random paths among the best so far, with repeats."""
    best = state.best(state.config.num_parents)
    paths = np.array([state.paths[index] for index in best])
    return state.rng.choice(paths, size=count)


def regularized_evolution(state: Exploration) -> Explorer:
    """Breeds from tournament winners; the oldest die.

    References:
        Real et al., Regularized Evolution for Image Classifier Architecture
        Search (2018), algorithm 1: https://arxiv.org/abs/1802.01548. Children
        are bred `batch` at a time, as by asynchronous workers.
    """
    config = state.config
    children = state.take_random(min(config.population, state.num_left))
    while len(children):
        yield from state.evaluate(children)
        size = min(config.batch, state.num_left)
        mutants = state.take(_mutants_of_winners(state, size), size)
        fresh = state.take_random(size - len(mutants))
        children = np.concatenate([mutants, fresh])


def _mutants_of_winners(state: Exploration, size: int) -> Iterator[np.ndarray]:
    """Yields mutants of tournament winners, one by one."""
    space, rng, config = state.model.space, state.rng, state.config
    if space.num_valid == 1:
        return
    # Paths are in the order of their birth: the youngest live.
    oldest = max(0, len(state.paths) - config.population)
    living = np.arange(oldest, len(state.paths))
    for _ in range(MAX_LOTS * size):
        rivals = rng.choice(living, size=config.tournament)
        winner = max(rivals, key=state.fitness.__getitem__)
        yield mutate_one_gene(space, rng, state.paths[winner])[None]


EXPLORERS: dict[str, Callable[[Exploration], Explorer]] = {
    "evolution": evolution,
    "random": random_search,
    "regularized_evolution": regularized_evolution,
    "nsga2": nsga2,
}


def explore(name: str, state: Exploration) -> Explorer:
    """Returns the explorer of that name, ready to yield paths.

    Raises:
        BudgetError: If no network of the space fits the budget.
        ValueError: If no explorer has that name.
    """
    if name not in EXPLORERS:
        raise ValueError(
            f"No explorer is named {name!r}; there are {', '.join(EXPLORERS)}."
        )
    state.budget.check_reachable(state.model)
    return EXPLORERS[name](state)
