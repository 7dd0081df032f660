"""How the open branches of a step are drawn, by the rule of a job."""

from collections.abc import Callable

import numpy as np

from nse_tf.jobs import WeightRule
from nse_tf.sampling import FairSampler, SandwichSampler, WeightedSampler
from nse_tf.spaces import SearchSpace
from nse_tf.spaces.open_branches import encode_genes
from nse_tf.spaces.subsets import draw_balanced
from nse_tf.supernet import (
    Capability,
    Networks,
    WeightSharing,
    require_capability,
)
from nse_tf.training.epoch_loop import Draw


def draw_by(
    rule: WeightRule,
    networks: Networks,
    supernet: WeightSharing,
    space: SearchSpace,
    mixing_weights: Callable[[], np.ndarray],
) -> Draw:
    """Returns what draws the open branches of each step.

    Args:
        rule: The rule.
        networks: Makes the networks of the search.
        supernet: Whose branches are opened.
        space: What is active of the supernet's space.
        mixing_weights: Returns what the architecture parameters say of each
            candidate as they stand, `(num_blocks, max_candidates)`.

    Raises:
        ValueError: If the supernet cannot open what the rule draws.
    """
    if rule.rule == "uniform":
        return networks.uniform_sampler(space).sample
    if rule.rule == "fair":
        return FairSampler(space).sample
    if rule.rule == "sandwich":
        if networks.sharing != "nested":
            raise ValueError(
                "`weights.rule` 'sandwich' trains the largest network for all "
                f"others, but candidates of space {space.name!r} share no "
                "weights: let `sharing` be 'nested'."
            )
        return SandwichSampler(space, rule.num_random).sample
    if rule.rule == "by_mixing_weights":
        return lambda rng: WeightedSampler(space, mixing_weights()).sample(rng)
    if rule.rule == "mixed":
        if Capability.SEATS_CELLS in supernet.capabilities:
            return draw_nothing
        require_capability(supernet, Capability.TRAINS_MIXED)
        return draw_nothing
    require_capability(supernet, Capability.SEVERAL_OPEN)
    for block, indices in zip(space.blocks, space.active, strict=True):
        if block.max_open < len(indices):
            raise ValueError(
                f"`weights.rule` {rule.rule!r} opens any subset, but block "
                f"{block.name!r} opens {block.max_open} of its {len(indices)} "
                "active candidates at most."
            )

    def draw_subsets(rng: np.random.Generator) -> np.ndarray:
        return encode_genes(space, draw_balanced(space, rng, rule.open_rate))

    return draw_subsets


def draw_nothing(rng: np.random.Generator) -> np.ndarray:
    """Returns no open branches, for a step that runs all candidates."""
    del rng
    return np.zeros((0, 1), np.int32)
