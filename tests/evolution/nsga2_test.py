"""NSGA-II: a front of fitness against costs."""

import dataclasses

import moocore
import numpy as np
import pytest

from nse_tf.costs import Budget, CostModel
from nse_tf.evolution import Exploration, ExplorerConfig, explore
from nse_tf.evolution.nsga2 import crowding_distances
from tests.shrinking.chains import chain

FIVE = CostModel(chain(5, has_identity=True))
CONFIG = ExplorerConfig(num_children=400, population=40)


def explored(
    name: str,
    seed: int,
    budget: Budget = Budget(),
    config: ExplorerConfig = CONFIG,
    unknown: float = 0.0,
) -> Exploration:
    """Returns an exploration of a seeded table of accuracies, at its end.

    Args:
        name: The explorer.
        seed: Seed of the table and of the explorer.
        budget: What children must fit.
        config: How the space is explored.
        unknown: Share of the children that cannot be evaluated.
    """
    blocks = np.arange(len(FIVE.space.blocks))
    rng = np.random.default_rng([seed, 99])
    table = FIVE.by_operator["macs"] / FIVE.by_operator["macs"].max()
    table = table + rng.random(table.shape)  # More MACs, better but for luck.
    state = Exploration(
        model=FIVE,
        budget=budget,
        config=config,
        rng=np.random.default_rng(seed),
    )
    explorer = explore(name, state)
    paths = next(explorer, None)
    while paths is not None:
        fitness = table[blocks, paths].sum(axis=1)
        fitness[rng.random(len(paths)) < unknown] = np.nan
        try:
            paths = explorer.send(fitness)
        except StopIteration:
            paths = None
    return state


def hypervolume(state: Exploration) -> float:
    """Returns what is dominated of the box of all costs and fitness from 0."""
    low, high = FIVE.range("macs")
    macs = FIVE.path_costs("macs", np.array(state.paths))
    points = np.column_stack(
        [(macs - low) / (high - low), -np.array(state.fitness)]
    )
    return float(moocore.hypervolume(points, ref=[1.0, 0.0]))


def test_over_20_seeds_its_hypervolume_beats_that_of_random_search() -> None:
    gains = [
        hypervolume(explored("nsga2", seed))
        / hypervolume(explored("random", seed))
        for seed in range(20)
    ]
    assert min(gains) > 1.0
    assert np.mean(gains) > 1.08


def test_crowding_distances_by_hand() -> None:
    points = np.array([[0.0, 10.0], [1.0, 6.0], [3.0, 2.0], [4.0, 0.0]])
    # Of (1, 6): 3 of 4 in the first column, 8 of 10 in the second.
    np.testing.assert_allclose(
        crowding_distances(points), [np.inf, 1.55, 1.35, np.inf]
    )
    # A column in which all are equal sets nobody apart but its two ends.
    flat = crowding_distances(np.array([[1.0, 2.0]] * 3))
    np.testing.assert_array_equal(flat, [np.inf, 0.0, np.inf])


def test_the_costs_are_those_that_the_budget_limits() -> None:
    macs, params = (FIVE.range(name)[1] for name in ("macs", "params"))
    found = [
        explored("nsga2", 0, budget).paths
        for budget in (
            Budget(),
            Budget(macs=macs),
            Budget(params=params),
            Budget(macs=macs, params=params),
        )
    ]
    # No limit of these keeps anything out: only what counts differs.
    assert np.array_equal(found[0], found[1])
    assert not np.array_equal(found[0], found[2])
    assert not np.array_equal(found[2], found[3])


def test_a_narrow_window_of_macs_is_kept() -> None:
    low, high = FIVE.range("macs")
    budget = Budget(
        macs=low + 0.55 * (high - low), min_macs=low + 0.5 * (high - low)
    )
    state = explored("nsga2", 0, budget)
    macs = FIVE.path_costs("macs", np.array(state.paths))
    assert len(macs) == CONFIG.num_children
    assert budget.floors["macs"] <= macs.min()
    assert macs.max() <= budget.limits["macs"]


def test_children_of_unknown_fitness_are_the_last_to_survive() -> None:
    config = dataclasses.replace(CONFIG, num_children=200)
    gains = [
        hypervolume(_known(explored("nsga2", seed, config=config, unknown=0.5)))
        / hypervolume(
            _known(explored("random", seed, config=config, unknown=0.5))
        )
        for seed in range(5)
    ]
    assert np.mean(gains) > 1.0


def _known(state: Exploration) -> Exploration:
    is_known = np.isfinite(state.fitness)
    paths = [p for p, known in zip(state.paths, is_known, strict=True) if known]
    fitness = np.array(state.fitness)[is_known].tolist()
    return dataclasses.replace(state, paths=paths, fitness=fitness)


def test_all_unknown_is_no_error() -> None:
    state = explored("nsga2", 0, unknown=1.1)
    assert len(state.paths) == CONFIG.num_children
    assert state.fitness == pytest.approx([-np.inf] * len(state.paths))
