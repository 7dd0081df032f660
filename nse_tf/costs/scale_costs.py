"""How the costs of a space's networks are distributed, scale by scale."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from nse_tf.costs.budgets import Budget, BudgetError, sample_within
from nse_tf.costs.cost_names import in_words
from nse_tf.costs.models import CostModel
from nse_tf.spaces.scales import ScaledSpace

# Networks that are drawn at each scale.
NUM_DRAWN = 1000
# RAM takes a walk through each network.
_NUM_DRAWN_FOR_RAM = 100
# What is drawn where nearly nothing fits.
_NUM_REPAIRED = 32
# What generators are drawn for.
_PURPOSE = 11
# Limits that are known of every network without measuring any.
KNOWN = ("macs", "params", "ram_bytes", "flash_bytes")


@dataclasses.dataclass(frozen=True, kw_only=True)
class ScaleCosts:
    """What networks drawn at one scale cost.

    Attributes:
        scaled: The scale, and the space there.
        share: Of all networks of the space, drawn alike, how many keep the
            limit.
        mean_macs: Mean MACs of those that keep it; None where none was found.
        paths: Some of these, those of nearly the mean MACs first, `(count,
            num_blocks)`.
    """

    scaled: ScaledSpace
    share: float
    mean_macs: float | None
    paths: np.ndarray


def known_limits(budget: Budget) -> Budget:
    """Returns the limits of a budget that need no measurement.

    Raises:
        ValueError: If none of them is an upper limit.
    """
    known = dataclasses.replace(
        budget.limited_to(*KNOWN), min_macs=budget.min_macs
    )
    if known.limits:
        return known
    given = f"the budget is {budget}" if budget.limits else "there is no limit"
    raise ValueError(
        "Resolution, width and depth are weighed against each other under a "
        "limit on MACs, parameters, RAM or flash, which are known of every "
        f"network beforehand, but {given}: add one of them "
        "(--max_macs_m, --max_params_m, --max_ram_kb, --max_flash_kb), or give "
        "--image_size in pixels."
    )


def scale_costs(
    spaces: Sequence[ScaledSpace], budget: Budget, seed: int = 0
) -> list[ScaleCosts]:
    """Returns what networks cost at each scale, by the same number of draws.

    Where no scale has a network that was drawn within the limit, networks are
    drawn and changed until they keep it.

    Args:
        spaces: The scales.
        budget: The limit; no measured one.
        seed: Seed of the draws.

    Raises:
        BudgetError: If nothing at any scale keeps the limit; names the lowest
            costs there are, and where.
        ValueError: If blocks open any number of branches.
    """
    first = spaces[0].space
    if first.opens_subsets:
        raise ValueError(
            f"A scale is chosen by networks drawn alike, and those of "
            f"{first.name!r} open any number of branches: give image size, "
            "width and depth (--image_size, --width, --depth)."
        )
    found = [
        _drawn(each, budget, np.random.default_rng([seed, _PURPOSE, number]))
        for number, each in enumerate(spaces)
    ]
    if any(each.mean_macs is not None for each in found):
        return found
    found = [
        _repaired(each, budget, np.random.default_rng([seed, _PURPOSE, number]))
        for number, each in enumerate(spaces)
    ]
    if any(each.mean_macs is not None for each in found):
        return found
    raise BudgetError(_nothing_fits(spaces, budget))


def _model(scaled: ScaledSpace, budget: Budget) -> CostModel:
    return CostModel(scaled.space, counts_memory=budget.needs_memory)


def _drawn(
    scaled: ScaledSpace, budget: Budget, rng: np.random.Generator
) -> ScaleCosts:
    model = _model(scaled, budget)
    if not _is_reachable(model, budget):
        return _without_networks(scaled)
    count = _NUM_DRAWN_FOR_RAM if budget.needs_memory else NUM_DRAWN
    paths = scaled.space.sample_valid(rng, count)
    kept = paths[budget.path_excess(model, paths) == 0.0]
    return _summed_up(model, scaled, kept, len(kept) / count)


def _repaired(
    scaled: ScaledSpace, budget: Budget, rng: np.random.Generator
) -> ScaleCosts:
    model = _model(scaled, budget)
    if not _is_reachable(model, budget):
        return _without_networks(scaled)
    try:
        paths = sample_within(model, budget, rng, _NUM_REPAIRED, max_draws=1)
    except BudgetError:
        return _without_networks(scaled)
    return _summed_up(model, scaled, paths, 0.0)


def _is_reachable(model: CostModel, budget: Budget) -> bool:
    try:
        budget.check_reachable(model)
    except BudgetError:
        return False
    return True


def _without_networks(scaled: ScaledSpace) -> ScaleCosts:
    nothing = np.empty((0, len(scaled.space.blocks)), np.int64)
    return ScaleCosts(scaled=scaled, share=0.0, mean_macs=None, paths=nothing)


def _summed_up(
    model: CostModel, scaled: ScaledSpace, paths: np.ndarray, share: float
) -> ScaleCosts:
    if not len(paths):
        return _without_networks(scaled)
    macs = model.path_costs("macs", paths)
    mean = float(macs.mean())
    nearest = np.argsort(np.abs(macs - mean), kind="stable")
    return ScaleCosts(
        scaled=scaled, share=share, mean_macs=mean, paths=paths[nearest]
    )


def _nothing_fits(spaces: Sequence[ScaledSpace], budget: Budget) -> str:
    """Returns a sentence with the lowest costs that there are."""
    name = spaces[0].space.name
    parts = []
    for cost in budget.limits:
        lows = [_model(each, budget).range(cost)[0] for each in spaces]
        at = int(np.argmin(lows))
        parts.append(f"{in_words(cost, lows[at])} ({spaces[at].scale})")
    where = f"at {spaces[0].scale}"
    if len(spaces) > 1:
        where = (
            f"at any of {len(spaces)} scales, from {spaces[0].scale} to "
            f"{spaces[-1].scale}"
        )
    return (
        f"No network of space {name!r} has {budget} {where}: the lowest costs "
        f"are {' and '.join(parts)}. Allow more, or give a "
        "smaller --image_size or --width."
    )
