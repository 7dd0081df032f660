"""Widths that fill a budget."""

import pytest

from nse_tf.costs import BudgetError, CostModel
from nse_tf.costs.scaling import scaled_to_macs
from nse_tf.spaces import make_preset, published_network


def test_nsenet_27_is_a_member_of_the_front_made_wider() -> None:
    front = published_network("nse_front_17")
    space, genotype = published_network("nsenet_27")
    macs = CostModel(space).costs(genotype)["macs"]
    wider, same, scale = scaled_to_macs(*front, macs)
    assert wider.skeleton == space.skeleton
    assert CostModel(wider).costs(same)["macs"] == macs
    assert scale == pytest.approx(1.04, abs=0.006)


def test_cells_at_the_stem_s_width_keep_their_shape() -> None:
    # Whose first cell is skipped, so that nothing may be open there.
    space, genotype = published_network("nse_front_1")
    wider, same, scale = scaled_to_macs(space, genotype, 600e6)
    assert scale > 1.3
    assert wider.blocks[0] == space.blocks[0]
    assert same.genes[0] == ()
    assert 500e6 < CostModel(wider).costs(same)["macs"] <= 600e6


def test_the_next_width_would_be_too_much() -> None:
    space, genotype = published_network("spos_abs")
    wider, same, scale = scaled_to_macs(space, genotype, 300e6)
    macs = CostModel(wider).costs(same)["macs"]
    assert 250e6 < macs <= 300e6
    assert scale < 1
    assert same.genes == genotype.genes
    more, still, _ = scaled_to_macs(space, genotype, 1.1 * 300e6)
    assert CostModel(more).costs(still)["macs"] >= macs


def test_what_cannot_be_narrow_enough_is_refused() -> None:
    space, genotype = published_network("spos_abs")
    with pytest.raises(BudgetError, match="the narrowest has"):
        scaled_to_macs(space, genotype, 1e3)
    cell = make_preset("nb201")
    with pytest.raises(ValueError, match="needs a chain"):
        scaled_to_macs(cell, cell.genotype([0] * 6), 1e9)
