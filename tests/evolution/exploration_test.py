import math
from typing import Any

import numpy as np
import pytest

from nse_tf.costs import Budget, BudgetError, CostModel
from nse_tf.evolution import Exploration, ExplorerConfig
from nse_tf.evolution.exploration import LARGEST_LISTED
from nse_tf.spaces import make_preset
from tests.shrinking.chains import chain

SPOS = CostModel(make_preset("spos"))
SMALL = CostModel(
    chain(4, has_identity=True).restrict([[0, 3, 6], [1, 2], [0, 1, 5, 6], [4]])
)


def exploration(
    model: CostModel = SMALL, budget: Budget | None = None, seed: int = 0
) -> Exploration:
    rng = np.random.default_rng(seed)
    return Exploration(
        model=model, budget=budget or Budget(), config=ExplorerConfig(), rng=rng
    )


def middle(model: CostModel, share: float = 0.5) -> Budget:
    low, high = model.range("macs")
    return Budget(macs=low + share * (high - low))


def evaluated(state: Exploration, paths: np.ndarray, fitness: Any) -> None:
    evaluation = state.evaluate(paths)
    np.testing.assert_array_equal(next(evaluation), paths)
    with pytest.raises(StopIteration):
        evaluation.send(fitness)


# Taking.


def test_the_first_that_fit_are_taken_once() -> None:
    state = exploration(budget=middle(SMALL))
    lot = np.array([each.path for each in SMALL.space.enumerate()])
    fitting = lot[middle(SMALL).path_excess(SMALL, lot) == 0]
    assert 5 < len(fitting) < len(lot)
    np.testing.assert_array_equal(state.take([lot, lot], 3), fitting[:3])
    np.testing.assert_array_equal(state.take([lot, lot], 99), fitting[3:])
    assert state.take([lot], 99).shape == (0, 4)


def test_no_more_lots_are_looked_at_than_needed() -> None:
    state = exploration()
    lots = iter(np.array([[[0, 1, 0, 4]], [[3, 1, 0, 4]], [[6, 1, 0, 4]]]))
    assert len(state.take(lots, 2)) == 2
    assert len(state.take(lots, 0)) == 0
    assert [lot.tolist() for lot in lots] == [[[6, 1, 0, 4]]]


# Random paths.


@pytest.mark.parametrize("share", [1.0, 0.5, 0.05])
def test_a_small_space_is_dealt_whole_however_few_fit(share: float) -> None:
    budget = middle(SMALL, share)
    state = exploration(budget=budget)
    dealt = [state.take_random(5) for _ in range(6)]
    every = np.array([each.path for each in SMALL.space.enumerate()])
    fitting = every[budget.path_excess(SMALL, every) == 0]
    assert sorted(np.concatenate(dealt).tolist()) == sorted(fitting.tolist())
    assert state.take_random(5).shape == (0, 4)


def test_a_small_space_is_dealt_uniformly() -> None:
    # The first of 24 paths, over 2,400 decks: 5 standard deviations of 9.8.
    first = [
        tuple(exploration(seed=seed).take_random(1)[0]) for seed in range(2_400)
    ]
    counts = [first.count(each) for each in set(first)]
    assert len(counts) == 24
    assert max(abs(count - 100) for count in counts) < 49


def test_a_large_space_is_sampled() -> None:
    assert SPOS.space.size > LARGEST_LISTED
    state = exploration(SPOS, Budget(macs=475e6))
    paths = np.concatenate([state.take_random(30) for _ in range(3)])
    assert paths.shape == (90, 21)
    assert len(np.unique(paths, axis=0)) == 90
    assert (state.budget.path_excess(SPOS, paths) == 0).all()


def test_what_was_taken_otherwise_is_not_dealt_again() -> None:
    state = exploration()
    taken = state.take([np.array([[0, 1, 0, 4], [3, 2, 5, 4]])], 2)
    rest = state.take_random(99)
    assert len(rest) == 22
    assert not set(map(tuple, rest.tolist())) & set(map(tuple, taken.tolist()))


def test_a_budget_between_two_costs_is_an_error() -> None:
    costs = sorted(
        {SMALL.costs(each)["macs"] for each in SMALL.space.enumerate()}
    )
    budget = Budget(macs=costs[1] - 1, min_macs=costs[0] + 1)
    budget.check_reachable(SMALL)
    with pytest.raises(BudgetError, match="the closest network found costs"):
        exploration(budget=budget).take_random(1)


# Judging.


def test_the_best_come_first_and_of_equals_the_earlier() -> None:
    state = exploration()
    evaluated(state, state.take_random(5), [0.2, 0.9, 0.5, 0.9, 0.1])
    assert state.best(3).tolist() == [1, 3, 2]
    assert state.num_left == 995


def test_an_unknown_fitness_is_the_worst() -> None:
    state = exploration()
    evaluated(state, state.take_random(3), np.array([math.nan, -5.0, 0.0]))
    assert state.fitness == [-math.inf, -5.0, 0.0]
    assert state.best(1).tolist() == [2]


def test_fitness_must_match_the_paths_in_number() -> None:
    state = exploration()
    evaluation = state.evaluate(state.take_random(3))
    next(evaluation)
    with pytest.raises(ValueError, match=r"3 paths .* 2 numbers"):
        evaluation.send(np.array([0.1, 0.2]))


# Settings.


def test_the_defaults_are_those_of_abs() -> None:
    config = ExplorerConfig()
    assert (config.num_children, config.population) == (20 * 50, 50)
    assert (config.num_parents, config.mutation_probability) == (10, 0.5)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("num_children", 0, "`num_children` must be at least 1, not 0"),
        ("population", 0, "`population` must be at least 1"),
        ("num_parents", -1, "`num_parents` must be at least 1, not -1"),
        ("tournament", 0, "`tournament` must be at least 1"),
        ("batch", 0, "`batch` must be at least 1"),
        ("mutation_probability", 0, r"`mutation_probability` .* \(0, 1\]"),
        ("mutation_probability", 1.1, r"`mutation_probability` .* not 1.1"),
        ("mutation_probability", math.nan, "`mutation_probability` .* not nan"),
    ],
)
def test_a_setting_without_sense_is_refused(
    name: str, value: Any, words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        ExplorerConfig(**{name: value})
