import math

import hypothesis
import numpy as np
import pytest
from hypothesis import strategies as st

from nse_tf.costs import Budget, CostModel
from nse_tf.shrinking import keeps_enough, num_within
from nse_tf.spaces import SearchSpace, make_preset
from tests.costs.strategies import made_up_table
from tests.shrinking.chains import chain
from tests.spaces.strategies import small_spaces

SPACE = chain(3, has_identity=True)
MODEL = CostModel(SPACE, made_up_table(SPACE))


def every_path(space: SearchSpace) -> np.ndarray:
    grid = np.meshgrid(*map(np.array, space.active), indexing="ij")
    return np.stack(grid, axis=-1).reshape(-1, len(space.active))


def true_count(model: CostModel, budget: Budget) -> int:
    excess = budget.path_excess(model, every_path(model.space))
    return int((excess == 0).sum())


@hypothesis.given(
    small_spaces(max_blocks=4, max_candidates=5),
    st.floats(0, 1),
    st.sampled_from(["macs", "params", "latency_ms", "size_bytes"]),
)
def test_the_count_is_that_of_brute_force_or_a_little_low(
    space: SearchSpace, share: float, name: str
) -> None:
    model = CostModel(space, made_up_table(space))
    low, high = model.range(name)
    limit = low + share * (high - low)
    counted = num_within(model, Budget(**{name: limit}), space)
    assert counted <= true_count(model, Budget(**{name: limit}))
    # Four costs are rounded up, by a thousandth of the range at most.
    tighter = Budget(**{name: low + 0.996 * (limit - low)})
    assert counted >= true_count(model, tighter)


@pytest.mark.parametrize("share", [0.05, 0.3, 0.7])
def test_fewest_macs_are_counted_too(share: float) -> None:
    low, high = MODEL.range("macs")
    budget = Budget(min_macs=low + share * (high - low))
    counted = num_within(MODEL, budget, SPACE)
    assert 0.97 * true_count(MODEL, budget) <= counted
    assert counted <= true_count(MODEL, budget)


@pytest.mark.parametrize("name", ["macs", "latency_ms"])
def test_a_window_of_a_cost_is_counted_as_one(name: str) -> None:
    low, high = MODEL.range(name)
    window = Budget(
        **{
            name: low + 0.6 * (high - low),
            f"min_{name}": low + 0.5 * (high - low),
        }
    )
    counted = num_within(MODEL, window, SPACE)
    assert 0.85 * true_count(MODEL, window) <= counted
    assert counted <= true_count(MODEL, window)


def test_without_a_limit_all_paths_count() -> None:
    assert num_within(MODEL, Budget(), SPACE) == 7**3
    shrunk = SPACE.without([(0, 0), (0, 1), (2, 6)])
    assert num_within(MODEL, Budget(), shrunk) == 5 * 7 * 6
    spos = CostModel(make_preset("spos"))
    assert num_within(spos, Budget(macs=1e12), spos.space) == pytest.approx(
        spos.space.size, rel=1e-12
    )


def test_of_several_limits_the_tightest_counts() -> None:
    macs, params = MODEL.range("macs")[0], MODEL.range("params")[1]
    assert num_within(MODEL, Budget(macs=macs, params=params), SPACE) == 1


@pytest.mark.parametrize("name", ["macs", "latency_ms"])
def test_at_the_cheapest_only_the_cheapest_counts(name: str) -> None:
    low, _ = MODEL.range(name)
    below = math.nextafter(low, 0)
    assert num_within(MODEL, Budget(**{name: low}), SPACE) == 1
    assert num_within(MODEL, Budget(**{name: below}), SPACE) == 0


def test_as_many_must_stay_as_are_wanted() -> None:
    low, high = MODEL.range("macs")
    is_allowed = keeps_enough(MODEL, Budget(macs=low + 0.5 * (high - low)), 30)
    most_expensive = MODEL.extremes("macs")[1].path
    assert is_allowed(SPACE)
    assert is_allowed(SPACE.without(enumerate(most_expensive)))
    assert not is_allowed(SPACE.restrict([[index] for index in most_expensive]))


def test_where_fewer_fit_none_of_them_may_go() -> None:
    low, high = MODEL.range("macs")
    budget = Budget(macs=low + 0.1 * (high - low))
    num_fitting = num_within(MODEL, budget, SPACE)
    assert 1 < num_fitting < 30
    is_allowed = keeps_enough(MODEL, budget, 30)
    most_expensive, cheap = MODEL.extremes("macs")[::-1]
    assert is_allowed(SPACE.without([(0, most_expensive.path[0])]))
    assert not is_allowed(SPACE.without([(0, cheap.path[0])]))


@pytest.mark.parametrize("share", [0.1, 0.5])
def test_of_darts_the_networks_of_two_inputs_are_counted(share: float) -> None:
    space = make_preset("darts_shrinking").restrict(
        [[0, 4, 7] if block < 5 else [1] for block in range(14)]
    )
    model = CostModel(space)
    low, high = model.range("macs")
    budget = Budget(macs=low + share * (high - low))
    paths = space.sample_valid(np.random.default_rng(0), 40_000)
    every = np.unique(paths, axis=0)
    assert len(every) == space.num_valid == 4 * 12 * 6 * 10
    fitting = int((budget.path_excess(model, every) == 0).sum())
    counted = num_within(model, budget, space)
    assert 0.97 * fitting <= counted <= fitting
    assert num_within(model, Budget(), space) == len(every)
