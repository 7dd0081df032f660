"""The likeliest networks within a budget."""

import numpy as np
import pytest

from nse_tf.costs import Budget, BudgetError, CostModel
from nse_tf.evolution.likeliest import likeliest_within
from nse_tf.spaces import SearchSpace, make_preset
from tests.supernet.tiny_darts import tiny_darts
from tests.supernet.tiny_spaces import tiny_space

SMALL = tiny_space()


def probabilities_of(space: SearchSpace, seed: int) -> np.ndarray:
    """Returns random probabilities; what costs more is likelier."""
    rng = np.random.default_rng(seed)
    found = np.zeros((len(space.blocks), space.max_candidates))
    macs = CostModel(space).by_operator["macs"]
    for row, indices, costs in zip(found, space.active, macs, strict=True):
        chosen = list(indices)
        merit = rng.normal(size=len(chosen)) + 3 * costs[chosen] / costs.max()
        row[chosen] = np.exp(merit) / np.exp(merit).sum()
    return found


def every_path(space: SearchSpace) -> np.ndarray:
    return np.array([each.path for each in space.enumerate()])


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("share", [0.05, 0.3, 0.8])
def test_they_are_those_of_a_full_enumeration(seed: int, share: float) -> None:
    model = CostModel(SMALL)
    low, high = model.range("macs")
    least, _ = model.range("params")
    budgets = (
        Budget(macs=low + share * (high - low)),
        Budget(macs=high, min_macs=low + share * (high - low)),
        Budget(
            macs=low + (0.3 + share / 2) * (high - low), params=2 * least + 400
        ),
    )
    probabilities = probabilities_of(SMALL, seed)
    paths = every_path(SMALL)
    scores = np.log(probabilities[np.arange(3), paths]).sum(axis=1)
    for budget in budgets:
        fits = budget.path_excess(model, paths) == 0
        wanted = np.sort(scores[fits])[::-1][:4]
        found = likeliest_within(
            model, budget, probabilities, 4, np.random.default_rng(0)
        )
        assert found.is_proven
        assert (budget.path_excess(model, found.paths) == 0).all()
        np.testing.assert_allclose(found.log_odds, wanted - scores.max())
        assert scores.max() == pytest.approx(
            np.log(probabilities[np.arange(3), found.unbounded]).sum()
        )


def test_without_a_limit_it_is_the_likeliest_candidate_of_each_block() -> None:
    space = make_preset(
        "spos", image_size=(224, 224), image_channels=3, num_classes=1000
    )
    probabilities = probabilities_of(space, 0)
    found = likeliest_within(
        CostModel(space), Budget(), probabilities, 3, np.random.default_rng(0)
    )
    np.testing.assert_array_equal(found.paths[0], probabilities.argmax(axis=1))
    np.testing.assert_array_equal(found.paths[0], found.unbounded)
    assert found.log_odds[0] == 0.0
    assert (np.diff(found.log_odds) < 0).all()


@pytest.mark.parametrize("limit", [350e6, 475e6])
def test_a_published_space_is_bent_to_its_budget_at_once(limit: float) -> None:
    space = make_preset(
        "spos", image_size=(224, 224), image_channels=3, num_classes=1000
    )
    model = CostModel(space)
    for seed in range(3):
        found = likeliest_within(
            model,
            Budget(macs=limit),
            probabilities_of(space, seed),
            5,
            np.random.default_rng(0),
        )
        assert found.is_proven
        assert model.path_costs("macs", found.paths).max() <= limit
        # As likely as can be means near the limit.
        assert model.path_costs("macs", found.paths).max() > 0.98 * limit
        assert found.log_odds[0] < 0


def test_cells_of_darts_keep_two_inputs_to_a_node() -> None:
    space = tiny_darts()
    model = CostModel(space)
    low, high = model.range("macs")
    budget = Budget(macs=(low + high) / 2)
    found = likeliest_within(
        model,
        budget,
        probabilities_of(space, 0),
        3,
        np.random.default_rng(0),
    )
    assert space.is_valid(found.paths).all()
    assert (budget.path_excess(model, found.paths) == 0).all()


def test_a_search_that_is_cut_short_keeps_the_budget_and_says_so() -> None:
    model = CostModel(SMALL)
    low, high = model.range("macs")
    budget = Budget(macs=low + 0.1 * (high - low))
    found = likeliest_within(
        model,
        budget,
        probabilities_of(SMALL, 0),
        2,
        np.random.default_rng(0),
        max_nodes=1,
    )
    assert not found.is_proven
    assert (budget.path_excess(model, found.paths) == 0).all()


def test_a_budget_that_nothing_fits_is_refused() -> None:
    model = CostModel(SMALL)
    with pytest.raises(BudgetError, match="Nothing found"):
        likeliest_within(
            model,
            Budget(macs=1.0),
            probabilities_of(SMALL, 0),
            1,
            np.random.default_rng(0),
        )
