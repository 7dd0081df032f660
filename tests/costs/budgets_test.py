import dataclasses
from typing import Any

import hypothesis
import numpy as np
import pytest
from hypothesis import strategies as st

from nse_tf.costs import Budget, BudgetError, CostModel, sample_within
from nse_tf.spaces import SearchSpace, make_preset
from tests.costs.strategies import made_up_table
from tests.spaces.strategies import small_spaces

SPOS = CostModel(make_preset("spos"))
SMALL = CostModel(
    make_preset("spos", image_size=(16, 16), width=0.25, depth=0.2).restrict(
        [[0, 3, 5], [1, 4], [0, 5], [2, 3], [0, 1]]
    )
)
CHEAPEST, DEAREST = 182_479_200, 1_036_673_856
COSTS = {"macs": 100, "params": 10, "latency_ms": 2.0, "size_bytes": 500}


def draw(
    budget: Budget, count: int = 50, seed: int = 0, **numbers: Any
) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return sample_within(SPOS, budget, rng, count, **numbers)


# Fitting.


def test_no_limit_fits_everything() -> None:
    assert Budget().fits(COSTS)
    assert Budget().limits == {}
    assert str(Budget()) == "no limit"


@pytest.mark.parametrize("name", ["macs", "params", "latency_ms", "size_bytes"])
def test_a_limit_is_met_exactly_and_missed_beyond(name: str) -> None:
    at: dict[str, float] = {name: COSTS[name]}
    below: dict[str, float] = {name: COSTS[name] * 0.8}
    assert Budget(**at).fits(COSTS)
    assert not Budget(**below).fits(COSTS)
    assert Budget(**below).excess(COSTS) == pytest.approx(0.25)


def test_the_worst_limit_is_the_excess() -> None:
    assert Budget(macs=50, params=9).excess(COSTS) == pytest.approx(1.0)
    assert Budget(macs=200, params=9).excess(COSTS) == pytest.approx(1 / 9)


def test_too_few_macs_are_an_excess_too() -> None:
    assert Budget(min_macs=100).fits(COSTS)
    assert Budget(min_macs=400).excess(COSTS) == pytest.approx(0.75)


def test_only_measured_costs_need_a_table() -> None:
    assert not Budget(macs=1, params=1, min_macs=1).needs_table
    assert Budget(min_latency_ms=1).needs_table
    assert Budget(latency_ms=1).needs_table
    assert Budget(size_bytes=1).needs_table


@pytest.mark.parametrize("field", dataclasses.fields(Budget))
@pytest.mark.parametrize("value", [0, -1, float("nan")])
def test_a_limit_that_is_not_positive_is_refused(
    field: dataclasses.Field[Any], value: float
) -> None:
    with pytest.raises(ValueError, match=f"`{field.name}` .* not {value}"):
        Budget(**{field.name: value})


def test_a_budget_reads_as_its_limits() -> None:
    budget = Budget(macs=12e6, latency_ms=1.25, min_macs=1e6)
    assert str(budget) == (
        "at most 12,000,000 MACs and at most 1.25 ms and at least "
        "1,000,000 MACs"
    )


@hypothesis.given(
    small_spaces(),
    st.integers(1, 2 * 10**6),
    st.integers(1, 2 * 10**4),
    st.integers(1, 10**6),
)
def test_many_paths_exceed_as_each_does(
    space: SearchSpace, macs: int, params: int, min_macs: int
) -> None:
    model = CostModel(space, made_up_table(space))
    budget = Budget(
        macs=macs,
        params=params,
        latency_ms=2.0,
        size_bytes=9000,
        min_macs=min_macs,
    )
    paths = space.sample_paths(np.random.default_rng(0), 20)
    one_by_one = [
        budget.excess(model.costs(space.genotype(path.tolist())))
        for path in paths
    ]
    assert budget.path_excess(model, paths).tolist() == one_by_one


# Reachability.


def test_a_budget_at_the_cheapest_network_is_reachable() -> None:
    Budget(macs=CHEAPEST).check_reachable(SPOS)
    Budget(min_macs=DEAREST).check_reachable(SPOS)


def test_an_unreachable_budget_says_the_lowest_and_the_highest_cost() -> None:
    with pytest.raises(BudgetError) as caught:
        Budget(macs=CHEAPEST - 1).check_reachable(SPOS)
    assert str(caught.value) == (
        "No network of space 'spos' costs at most 182,479,199 MACs: the "
        "cheapest costs 182,479,200, the most expensive 1,036,673,856."
    )


def test_a_floor_of_latency_is_kept_by_single_networks_and_many() -> None:
    budget = Budget(latency_ms=4.0, min_latency_ms=2.5)
    assert budget.excess(COSTS) == pytest.approx(0.2)
    assert str(budget) == "at most 4 ms and at least 2.5 ms"
    model = CostModel(SPOS.space, made_up_table(SPOS.space))
    low, high = model.range("latency_ms")
    middle = (low + high) / 2
    budget = Budget(latency_ms=middle, min_latency_ms=0.95 * middle)
    paths = sample_within(model, budget, np.random.default_rng(0), 20)
    found = model.path_costs("latency_ms", paths)
    assert np.all((0.95 * middle <= found) & (found <= middle))
    with pytest.raises(BudgetError, match="ms: the cheapest costs"):
        Budget(min_latency_ms=2 * high).check_reachable(model)


def test_every_limit_is_checked() -> None:
    with pytest.raises(BudgetError, match="at most 3,000,000 parameters"):
        Budget(macs=CHEAPEST, params=3e6).check_reachable(SPOS)


@pytest.mark.parametrize(
    ("budget", "window"),
    [
        (Budget(min_macs=DEAREST + 1), "1,036,673,857 and 1,036,673,856"),
        (Budget(macs=4e8, min_macs=5e8), "500,000,000 and 400,000,000"),
    ],
)
def test_a_floor_above_the_ceiling_is_unreachable(
    budget: Budget, window: str
) -> None:
    with pytest.raises(BudgetError, match=f"between {window} MACs"):
        budget.check_reachable(SPOS)


def test_a_latency_limit_is_checked_on_the_table() -> None:
    space = make_preset("spos_tiny", image_size=(8, 8))
    model = CostModel(space, made_up_table(space))
    low, _ = model.range("latency_ms")
    Budget(latency_ms=low).check_reachable(model)
    with pytest.raises(BudgetError, match="ms: the cheapest"):
        Budget(latency_ms=low * 0.99).check_reachable(model)


# Sampling.


@pytest.mark.parametrize(
    "budget",
    [
        Budget(),
        Budget(macs=475e6),
        Budget(macs=475e6, params=4.5e6),
        Budget(macs=600e6, min_macs=590e6),
    ],
)
def test_samples_fit_and_lie_in_the_space(budget: Budget) -> None:
    paths = draw(budget)
    assert paths.shape == (50, 21)
    for path in paths:
        genotype = SPOS.space.genotype(path.tolist())
        assert budget.fits(SPOS.costs(genotype))


def test_samples_of_a_shrunk_space_lie_in_it() -> None:
    space = SPOS.space.without([(0, 0), (20, 0)])
    model = CostModel(space)
    paths = sample_within(
        model, Budget(macs=250e6), np.random.default_rng(0), 20
    )
    assert all(space.genotype(path.tolist()) in space for path in paths)


def test_the_same_seed_draws_the_same_samples() -> None:
    for budget in (Budget(macs=475e6), Budget(macs=1.01 * CHEAPEST)):
        first, again, other = (
            draw(budget, 20, seed, max_draws=1000) for seed in (0, 0, 1)
        )
        np.testing.assert_array_equal(first, again)
        assert (first != other).any()


def test_what_fits_keeps_its_distribution() -> None:
    low, high = SMALL.range("macs")
    budget = Budget(macs=(low + high) / 2)
    fitting = {
        each.path
        for each in SMALL.space.enumerate()
        if budget.fits(SMALL.costs(each))
    }
    count = 20_000
    paths = sample_within(SMALL, budget, np.random.default_rng(0), count)
    drawn = {tuple(path) for path in paths.tolist()}
    assert drawn <= fitting
    # Every candidate of a block as often as among all that fit: a binomial
    # count, by 5 of its standard deviations.
    for block, indices in enumerate(SMALL.space.active):
        for index in indices:
            share = np.mean([path[block] == index for path in fitting])
            found = np.mean(paths[:, block] == index)
            assert abs(found - share) <= 5 * np.sqrt(share / count)


@pytest.mark.parametrize("share", [1.0, 1.01, 1.05])
def test_a_budget_that_almost_nothing_fits_is_met_by_repair(
    share: float,
) -> None:
    budget = Budget(macs=share * CHEAPEST)
    # No uniform draw comes near, as the limit is that of the cheapest network.
    drawn = SPOS.space.sample_paths(np.random.default_rng(0), 10_000)
    assert SPOS.path_costs("macs", drawn).min() > budget.limits["macs"]
    paths = draw(budget, max_draws=1000)
    assert paths.shape == (50, 21)
    assert (budget.path_excess(SPOS, paths) == 0).all()
    if share == 1.05:
        assert len(np.unique(paths, axis=0)) > 5


@pytest.mark.parametrize(
    "window", [(499_990_000, 500_000_000), (DEAREST, DEAREST)]
)
def test_a_window_so_narrow_that_few_fit_is_met_by_those(
    window: tuple[int, int],
) -> None:
    budget = Budget(min_macs=window[0], macs=window[1])
    paths = draw(budget, count=10, max_draws=1000)
    assert paths.shape == (10, 21)
    assert (budget.path_excess(SPOS, paths) == 0).all()


def test_nothing_that_fits_is_an_error_with_the_closest_cost() -> None:
    costs = sorted(
        {SMALL.costs(each)["macs"] for each in SMALL.space.enumerate()}
    )
    # The widest gap between two costs that follow each other.
    gaps = np.diff(costs)
    below, above = costs[gaps.argmax()], costs[gaps.argmax() + 1]
    budget = Budget(min_macs=below + 1, macs=above - 1)
    budget.check_reachable(SMALL)
    with pytest.raises(BudgetError, match="Nothing found in space") as caught:
        sample_within(
            SMALL, budget, np.random.default_rng(0), 5, max_draws=1000
        )
    message = str(caught.value)
    assert (
        f"at most {above - 1:,.0f} MACs and at least {below + 1:,.0f} MACs"
        in message
    )
    assert any(f"costs {each:,.0f} MACs" in message for each in (below, above))


def test_no_sample_at_all_may_be_asked_for() -> None:
    assert draw(Budget(macs=1), count=0).shape == (0, 21)


def test_a_sampler_of_ones_own_is_drawn_from() -> None:
    def all_fives(
        space: SearchSpace, rng: np.random.Generator, count: int
    ) -> np.ndarray:
        del rng
        return np.full((count, len(space.blocks)), 5)

    assert (draw(Budget(), draw=all_fives) == 5).all()


# Cells of DARTS, whose nodes take two inputs.


@pytest.mark.parametrize("share", [0.5, 0.02])
def test_what_fits_in_darts_has_two_inputs_at_each_node(share: float) -> None:
    space = make_preset("darts").restrict([[0, 1, 3, 4, 7]] * 28)
    model = CostModel(space)
    low, high = model.range("macs")
    budget = Budget(macs=low + share * (high - low))
    paths = sample_within(model, budget, np.random.default_rng(0), 300)
    assert (budget.path_excess(model, paths) == 0).all()
    assert space.is_valid(paths).all()
    assert len(np.unique(paths, axis=0)) > 250


def test_the_range_of_darts_is_that_of_two_inputs_at_each_node() -> None:
    space = make_preset("darts_shrinking")
    model = CostModel(space)
    ends = model.extremes("macs")
    assert space.is_valid(np.array([each.path for each in ends])).all()
    costs = model.path_costs(
        "macs", space.sample_valid(np.random.default_rng(0), 5_000)
    )
    low, high = model.range("macs")
    assert low <= costs.min() < costs.max() <= high
