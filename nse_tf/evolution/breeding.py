"""A generation: crossings and mutants of parents, and random paths."""

from collections.abc import Callable, Iterator

import numpy as np

from nse_tf.evolution.exploration import Exploration
from nse_tf.evolution.variation import cross_over, mutate_genes

MAX_LOTS = 100

# Returns so many parents, `(count, num_blocks)`, with repeats.
Parents = Callable[[int], np.ndarray]


def breed(state: Exploration, parents: Parents) -> np.ndarray:
    """Returns the next children: half by crossover, half by mutation.

    They are `population` new paths, or as many as may still be evaluated: up to
    half of them from crossing two parents, then mutants of one parent, and
    random paths if these are too few.

    Args:
        state: The exploration.
        parents: Draws parents.
    """
    population = state.config.population
    size = min(population, state.num_left)
    crossed = state.take(_crossings(state, parents), size // 2)
    mutants = state.take(_mutants(state, parents), size - len(crossed))
    fresh = state.take_random(size - len(crossed) - len(mutants))
    return np.concatenate([crossed, mutants, fresh])


def _crossings(state: Exploration, parents: Parents) -> Iterator[np.ndarray]:
    lot = 10 * state.config.population
    for _ in range(MAX_LOTS):
        mothers, fathers = parents(lot), parents(lot)
        yield cross_over(state.model.space, state.rng, mothers, fathers)


def _mutants(state: Exploration, parents: Parents) -> Iterator[np.ndarray]:
    lot = 10 * state.config.population
    for _ in range(MAX_LOTS):
        yield mutate_genes(
            state.model.space,
            state.rng,
            parents(lot),
            state.config.mutation_probability,
        )
