import re

import numpy as np
import pytest

from nse_tf.costs import Budget, BudgetError, CostModel
from nse_tf.costs.scale_costs import (
    NUM_DRAWN,
    ScaleCosts,
    known_limits,
    scale_costs,
)
from nse_tf.spaces import SearchSpace, make_preset
from nse_tf.spaces.scales import Scale, scaled_spaces


def at(scale: Scale, preset: str = "spos") -> SearchSpace:
    return make_preset(
        preset,
        image_size=(scale.image_size, scale.image_size),
        num_classes=10,
        width=scale.width,
        depth=scale.depth,
    )


SPACES = scaled_spaces(at, (24, 32), (0.2, 0.5), (0.5,))


def by_scale(found: list[ScaleCosts]) -> dict[str, ScaleCosts]:
    return {str(each.scaled.scale): each for each in found}


def test_shares_and_means_are_those_of_networks_within_the_limit() -> None:
    budget = Budget(macs=6e6)
    found = scale_costs(SPACES, budget, seed=3)
    assert [each.scaled for each in found] == SPACES
    shares = [each.share for each in found]
    # Wide ones are out of reach; some of the others keep it.
    assert shares[1] == shares[3] == 0
    assert 0 < shares[0] < shares[2] < 1
    for each in (found[0], found[2]):
        macs = CostModel(each.scaled.space).path_costs("macs", each.paths)
        assert len(macs) == round(each.share * NUM_DRAWN)
        assert macs.max() <= 6e6
        assert each.mean_macs == pytest.approx(macs.mean())
        # The most typical ones come first.
        assert np.all(np.diff(np.abs(macs - each.mean_macs)) >= 0)
    again = scale_costs(SPACES, budget, seed=3)
    assert [each.share for each in again] == shares
    np.testing.assert_array_equal(again[2].paths, found[2].paths)


def test_where_all_keep_the_limit_the_mean_is_that_of_the_space() -> None:
    loose = by_scale(scale_costs(SPACES, Budget(macs=1e12)))
    assert {each.share for each in loose.values()} == {1.0}
    larger = loose["32 pixels, width 0.5, depth 0.5"].mean_macs
    smaller = loose["32 pixels, width 0.2, depth 0.5"].mean_macs
    assert larger is not None
    assert smaller is not None
    assert larger > 3 * smaller


def test_a_limit_that_no_drawn_network_keeps_is_looked_for() -> None:
    low, _ = CostModel(SPACES[2].space).range("macs")
    found = by_scale(scale_costs(SPACES, Budget(macs=1.05 * low)))
    tight = found["32 pixels, width 0.2, depth 0.5"]
    assert tight.share == 0
    assert tight.mean_macs is not None
    assert low <= tight.mean_macs <= 1.05 * low


def test_a_limit_that_nothing_keeps_is_refused_with_numbers() -> None:
    lows = [CostModel(each.space).range("macs")[0] for each in SPACES]
    with pytest.raises(
        BudgetError,
        match=rf"at most 1,000 MACs at any of 4 scales.*{min(lows):,.0f} MACs",
    ):
        scale_costs(SPACES, Budget(macs=1000))


def test_ram_counts() -> None:
    spaces = scaled_spaces(at, (32, 96), (0.35,), (0.5,))
    found = scale_costs(spaces, Budget(ram_bytes=150_000))
    assert found[0].share > found[1].share


def test_branches_are_refused() -> None:
    spaces = scaled_spaces(
        lambda scale: at(scale, "nse_small"), (32,), (0.35,), (0.5,)
    )
    with pytest.raises(ValueError, match="'nse_small' open any number"):
        scale_costs(spaces, Budget(macs=1e7))


@pytest.mark.parametrize(
    ("budget", "reason"),
    [
        (Budget(), "there is no limit"),
        (Budget(latency_ms=5.0), "the budget is at most 5 ms"),
        (Budget(min_macs=1e6), "there is no limit"),
    ],
)
def test_what_must_be_measured_tells_nothing_of_scales(
    budget: Budget, reason: str
) -> None:
    with pytest.raises(ValueError, match=re.escape(reason)):
        known_limits(budget)


def test_known_limits_stay() -> None:
    budget = Budget(macs=1e6, latency_ms=5.0, min_macs=1e5, flash_bytes=1e5)
    assert known_limits(budget) == Budget(
        macs=1e6, min_macs=1e5, flash_bytes=1e5
    )
