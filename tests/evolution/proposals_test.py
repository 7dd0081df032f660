"""Networks within a window of costs."""

import re

import numpy as np
import pytest

from nse_tf.costs import BudgetError, CostModel
from nse_tf.evolution.proposals import (
    OpCosting,
    Window,
    bent_by,
    propose,
    propose_paths,
)
from nse_tf.spaces import SearchSpace, make_preset


def first_round(seed: int = 0) -> SearchSpace:
    """Returns NSE's first space with five ops of each cell."""
    pool, rng = make_preset("nse_27"), np.random.default_rng(seed)
    return pool.restrict([rng.permutation(27)[:5].tolist() for _ in range(22)])


def costing(space: SearchSpace) -> OpCosting:
    model = CostModel(space)
    return OpCosting(
        model.backbone["macs"], model.by_operator["macs"].astype(float)
    )


SPACE = first_round()
PRICES = costing(SPACE)
WINDOW = Window(300e6, 350e6)
HALF = np.full((22, 27), 0.5)


def test_the_cost_of_genes_is_that_of_the_cost_model() -> None:
    genotype = SPACE.genotype([indices[:2] for indices in SPACE.active])
    wanted = CostModel(SPACE).costs(genotype)["macs"]
    assert PRICES.of(genotype.genes) == wanted
    low, high = PRICES.reach(SPACE)
    assert low < wanted < high
    assert PRICES.of(SPACE.genotype(SPACE.active).genes) == high


def test_untrained_indicators_are_bent_until_the_window_is_met() -> None:
    rng = np.random.default_rng(0)
    mean = PRICES.expected(SPACE, HALF)
    assert mean > 1e9  # Billions of MACs, as if nothing was learned.
    found = propose(SPACE, HALF, PRICES, WINDOW, 300, rng)
    costs = np.array([PRICES.of(genes) for genes in found.genes])
    assert len(set(found.genes)) == 300
    assert ((costs > WINDOW.low) & (costs <= WINDOW.high)).all()
    assert found.bend > 0
    assert 0 < found.shift < 0.5
    for genes in found.genes[:20]:
        SPACE.genotype(genes)
    bent = bent_by(HALF, PRICES, found.bend)
    assert PRICES.expected(SPACE, bent) == pytest.approx(WINDOW.middle)


def test_expected_costs_are_the_mean_of_draws() -> None:
    space = SPACE
    rng = np.random.default_rng(1)
    probabilities = rng.uniform(0.01, 0.3, HALF.shape)
    everything = Window(-np.inf, np.inf)
    found = propose(space, probabilities, PRICES, everything, 4000, rng)
    costs = [PRICES.of(genes) for genes in found.genes]
    assert found.bend == 0
    assert np.mean(costs) == pytest.approx(
        PRICES.expected(space, probabilities), rel=0.03
    )


def test_a_draw_that_meets_the_window_is_left_as_it_is() -> None:
    bend = propose(
        SPACE, HALF, PRICES, WINDOW, 1, np.random.default_rng(0)
    ).bend
    trained = bent_by(HALF, PRICES, bend)
    found = propose(
        SPACE, trained, PRICES, WINDOW, 50, np.random.default_rng(0)
    )
    assert (found.bend, found.shift) == (0.0, 0.0)


def test_thousands_of_proposals_are_distinct() -> None:
    found = propose(SPACE, HALF, PRICES, WINDOW, 2100, np.random.default_rng(0))
    assert len(set(found.genes)) == 2100


def test_same_seed_same_proposals() -> None:
    one, same, other = (
        propose(SPACE, HALF, PRICES, WINDOW, 20, np.random.default_rng(seed))
        for seed in (0, 0, 1)
    )
    assert one == same
    assert one != other


@pytest.mark.parametrize("window", [Window(1e6, 2e6), Window(1e12, 2e12)])
def test_a_window_out_of_reach_fails_at_once_with_what_can_be_reached(
    window: Window,
) -> None:
    low, high = PRICES.reach(SPACE)
    with pytest.raises(
        BudgetError, match=re.escape(f"from {low:g} to {high:g}")
    ):
        propose(SPACE, HALF, PRICES, window, 1, np.random.default_rng(0))


def test_a_gap_between_costs_is_reported() -> None:
    space = SPACE.restrict([indices[:1] for indices in SPACE.active])
    low, _ = PRICES.reach(space)
    with pytest.raises(BudgetError, match="networks has a cost within"):
        propose(
            space,
            HALF,
            PRICES,
            Window(low + 1, low + 2),
            1,
            np.random.default_rng(0),
        )


def test_a_small_space_gives_all_it_has() -> None:
    pool = make_preset("nse_27")
    active = [[0] if block.min_open else [] for block in pool.blocks]
    active[0], active[1] = [0, 1], [2, 3, 4]
    space = pool.restrict(active)
    found = propose(
        space,
        HALF,
        PRICES,
        Window(-np.inf, np.inf),
        100,
        np.random.default_rng(0),
    )
    assert len(set(found.genes)) == len(found.genes) == space.size == 4 * 7


def test_single_paths_come_from_the_window() -> None:
    space = make_preset("nb201")
    op_costs = costing(space)
    window = Window(50e6, 80e6)
    found = propose_paths(space, op_costs, window, 50, np.random.default_rng(0))
    assert len(set(found.genes)) == 50
    for genes in found.genes:
        assert window.low < op_costs.of(genes) <= window.high
        assert all(len(gene) == 1 for gene in genes)
    with pytest.raises(BudgetError, match="Choose a target within that"):
        propose_paths(
            space, op_costs, Window(0.0, 1.0), 1, np.random.default_rng(0)
        )
    low, _ = op_costs.reach(space)
    with pytest.raises(BudgetError, match="Widen the window"):
        propose_paths(
            space,
            op_costs,
            Window(low + 1, low + 2),
            1,
            np.random.default_rng(0),
        )
