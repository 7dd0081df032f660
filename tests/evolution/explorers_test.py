import itertools
from collections.abc import Callable

import numpy as np
import pytest

from nse_tf.costs import Budget, BudgetError, CostModel
from nse_tf.evolution import (
    EXPLORERS,
    Exploration,
    ExplorerConfig,
    explore,
)
from nse_tf.spaces import make_preset
from tests.shrinking.chains import chain

SPOS = CostModel(make_preset("spos"))
FIVE = CostModel(chain(5, has_identity=True))

Judge = Callable[[np.ndarray], np.ndarray]


def additive(model: CostModel, seed: int) -> np.ndarray:
    """Returns what each candidate adds to the fitness."""
    shape = (len(model.space.blocks), model.space.max_candidates)
    return np.random.default_rng([seed, 99]).random(shape)


def explored(
    name: str,
    evaluate: Judge,
    model: CostModel = FIVE,
    budget: Budget | None = None,
    config: ExplorerConfig | None = None,
    seed: int = 0,
) -> tuple[Exploration, list[np.ndarray]]:
    """Returns an exploration at its end, and the lots that were evaluated."""
    state = Exploration(
        model=model,
        budget=budget or Budget(),
        config=config or ExplorerConfig(),
        rng=np.random.default_rng(seed),
    )
    explorer, lots = explore(name, state), []
    paths = next(explorer, None)
    while paths is not None:
        lots.append(paths)
        try:
            paths = explorer.send(evaluate(paths))
        except StopIteration:
            paths = None
    return state, lots


def by_merit(model: CostModel, seed: int) -> Judge:
    merit = additive(model, seed)
    blocks = np.arange(len(merit))

    def evaluate(paths: np.ndarray) -> np.ndarray:
        fitness: np.ndarray = merit[blocks, paths].sum(axis=1)
        return fitness

    return evaluate


def num_different(path: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Returns in how many genes a path differs from each of others."""
    counts: np.ndarray = (others != path).sum(axis=1)
    return counts


# SPOS's evolution.


def test_abs_evolves_20_generations_of_50_distinct_children_in_budget() -> None:
    budget = Budget(macs=475e6)
    state, lots = explored("evolution", by_merit(SPOS, 0), SPOS, budget)
    assert [len(lot) for lot in lots] == [50] * 20
    paths = np.array(state.paths)
    assert len(np.unique(paths, axis=0)) == 1000
    assert SPOS.path_costs("macs", paths).max() <= 475_000_000


def test_a_generation_is_half_crossings_then_mutants_of_the_ten_best() -> None:
    evaluate = by_merit(SPOS, 0)
    config = ExplorerConfig(num_children=150, mutation_probability=0.1)
    _, (first, second, third) = explored(
        "evolution", evaluate, SPOS, config=config
    )
    for before, children in ((first, second), (np.r_[first, second], third)):
        best = np.argsort(-evaluate(before), kind="stable")[:10]
        pairs = list(itertools.product(before[best], repeat=2))
        for child in children[:25]:
            assert any(
                ((child == mother) | (child == father)).all()
                for mother, father in pairs
            )
        for child in children[25:]:
            # 21 genes, each redrawn with odds of 0.1: never more than 10.
            assert num_different(child, before[best]).min() <= 10


def test_where_nothing_new_can_be_bred_random_paths_fill_up() -> None:
    # One parent, and mutants of which all but a few die of the budget.
    low, high = FIVE.range("macs")
    config = ExplorerConfig(num_children=200, num_parents=1)
    state, _ = explored(
        "evolution",
        lambda paths: -np.arange(len(paths)).astype(float),
        budget=Budget(macs=low + 0.2 * (high - low)),
        config=config,
    )
    assert len(state.paths) == 200


@pytest.mark.parametrize("seed", range(5))
def test_evolution_finds_the_best_of_16807_in_500_children(seed: int) -> None:
    merit = additive(FIVE, seed)
    config = ExplorerConfig(num_children=500)
    state, _ = explored(
        "evolution", by_merit(FIVE, seed), config=config, seed=seed
    )
    assert max(state.fitness) == pytest.approx(merit.max(axis=1).sum())


@pytest.mark.parametrize("name", ["evolution", "regularized_evolution"])
def test_evolution_beats_random_search_at_equal_children(name: str) -> None:
    gains = []
    for seed in range(5):
        merit = additive(SPOS, seed)
        config = ExplorerConfig(num_children=500)
        best = [
            max(
                explored(each, by_merit(SPOS, seed), SPOS, None, config, seed)[
                    0
                ].fitness
            )
            for each in (name, "random")
        ]
        # As a share of the way from the mean network to the best one.
        way = merit.max(axis=1).sum() - merit.mean(axis=1).sum()
        gains.append((best[0] - best[1]) / way)
    assert min(gains) > 0.1
    assert np.mean(gains) > 0.3


# Regularized evolution.


def test_a_parent_is_one_of_the_last_population() -> None:
    config = ExplorerConfig(
        num_children=300, population=20, tournament=5, batch=7
    )
    # The founders are the best by far: whoever looks at the dead, picks them.
    fitness = iter(range(0, -10_000, -1))
    state, lots = explored(
        "regularized_evolution",
        lambda paths: np.array([next(fitness) for _ in paths], float),
        SPOS,
        config=config,
    )
    paths = np.array(state.paths)
    assert [len(lot) for lot in lots] == [20] + [7] * 40
    for start in range(20, 300, 7):
        living = paths[start - 20 : start]
        for child in paths[start : start + 7]:
            assert num_different(child, living).min() == 1
    founders = paths[:20]
    assert all(num_different(p, founders).min() > 1 for p in paths[200:])


def test_the_best_of_a_tournament_is_the_parent() -> None:
    config = ExplorerConfig(
        num_children=60, population=20, tournament=1000, batch=40
    )
    # Rivals are drawn with repeats: of 1000, all 20 living are among them.
    evaluate = by_merit(SPOS, 0)
    _, (founders, children) = explored(
        "regularized_evolution", evaluate, SPOS, config=config
    )
    winner = founders[evaluate(founders).argmax()]
    assert (num_different(winner, children) == 1).all()


def test_a_child_that_failed_is_no_parent_of_a_whole_tournament() -> None:
    config = ExplorerConfig(
        num_children=40, population=20, tournament=1000, batch=20
    )
    _, (founders, children) = explored(
        "regularized_evolution",
        lambda paths: np.where(np.arange(len(paths)) == 3, 0.0, np.nan),
        SPOS,
        config=config,
    )
    assert (num_different(founders[3], children) == 1).all()


# Random search.


def test_random_search_minds_no_fitness() -> None:
    config = ExplorerConfig(num_children=95, batch=20)
    one, lots = explored("random", by_merit(SPOS, 0), SPOS, config=config)
    other, _ = explored("random", by_merit(SPOS, 1), SPOS, config=config)
    assert [len(lot) for lot in lots] == [20, 20, 20, 20, 15]
    np.testing.assert_array_equal(one.paths, other.paths)


# By name.


def test_an_unknown_name_is_refused_with_those_there_are() -> None:
    with pytest.raises(
        ValueError, match="'annealing'; there are evolution, random, regul"
    ):
        explored("annealing", by_merit(FIVE, 0))


@pytest.mark.parametrize("name", EXPLORERS)
def test_a_budget_out_of_reach_is_refused_before_anything_is_drawn(
    name: str,
) -> None:
    state = Exploration(
        model=FIVE,
        budget=Budget(macs=1),
        config=ExplorerConfig(),
        rng=np.random.default_rng(0),
    )
    with pytest.raises(BudgetError, match="at most 1 MACs: the cheapest"):
        explore(name, state)
