"""Widths scaled until a network fills a budget of MACs."""

import math

from nse_tf.costs.backbone import backbone_parts
from nse_tf.costs.budgets import BudgetError
from nse_tf.costs.op_counts import op_part
from nse_tf.spaces import Genotype, SearchSpace

# NSE gives its scales to a two-hundredth.
STEP = 1 / 200
_MOST_STEPS = 800


def scaled_to_macs(
    space: SearchSpace, genotype: Genotype, macs: float
) -> tuple[SearchSpace, Genotype, float]:
    """Returns a network at the largest width whose MACs stay within a budget.

    Widths are multiplied by one number, in steps of 0.005 up to 4, and rounded
    to multiples of 8; see `ChainSkeleton.widened`. The ops stay.

    Args:
        space: The space of the network; a chain.
        genotype: The network.
        macs: The most multiply-accumulates.

    Returns:
        A space of the new widths, the network in it, and the factor on the
        widths.

    Raises:
        BudgetError: If even the narrowest network has more MACs.
        ValueError: If the genotype is not in the space, or the space is not a
            chain.

    References:
        Ci et al., NSE (2021), how final networks are made:
        https://arxiv.org/abs/2011.10904
    """
    skeleton = space.as_chain().skeleton
    space.require(genotype)
    best: tuple[SearchSpace, Genotype, float] | None = None
    least = math.inf
    last: SearchSpace | None = None
    for number in range(1, _MOST_STEPS + 1):
        wider = space.with_skeleton(skeleton.widened(number * STEP))
        # Rounding to multiples of 8 makes many steps the same network.
        if last is not None and wider.skeleton == last.skeleton:
            continue
        last = wider
        same = wider.genotype(genotype.genes)
        cost = _macs(wider, same)
        least = min(least, cost)
        if cost <= macs:
            best = wider, same, number * STEP
    if best is None:
        raise BudgetError(
            f"At any width the network has more than {macs:g} MACs: the "
            f"narrowest has {least:g}. Allow more."
        )
    return best


def _macs(space: SearchSpace, genotype: Genotype) -> int:
    """Returns the MACs of one network, without those of all candidates."""
    return sum(part.macs for part in backbone_parts(space.skeleton)) + sum(
        op_part(block.candidates[index], block).macs
        for block, gene in zip(space.blocks, genotype.genes, strict=True)
        for index in gene
    )
