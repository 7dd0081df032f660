"""The scale of a preset space, chosen in a line of Python.

chosen = nse_tf.choose_scale(
    "spos", nse_tf.Budget(macs=12e6), image_size=96, num_classes=5
)
side, _ = chosen.space.skeleton.image_size
tuner = nse_tf.AngleShrinking(chosen.space, max_macs=12e6)
"""

import dataclasses
import functools
from collections.abc import Callable, Sequence

from nse_tf.costs import Budget
from nse_tf.costs.scale_costs import ScaleCosts, known_limits, scale_costs
from nse_tf.events import ScaleAlternative
from nse_tf.methods.scale_choice import (
    ScaleChoiceConfig,
    alternatives,
    best_by_costs,
    finalists,
)
from nse_tf.spaces import Genotype, SearchSpace, make_preset
from nse_tf.spaces.scales import (
    DEPTHS,
    WIDTHS,
    Scale,
    scaled_spaces,
    sides_for,
)

# Returns how good a network of a space is; more is better. It may train it for
# a short time, on images of `space.skeleton.image_size`.
Probe = Callable[[SearchSpace, Genotype], float]

_NUMBERS = ScaleChoiceConfig()


@dataclasses.dataclass(frozen=True)
class ChosenScale:
    """A space at the scale that was chosen for it.

    Attributes:
        scale: Resolution, width and depth.
        space: The space.
        alternatives: All scales that were looked at, with what spoke for them.
    """

    scale: Scale
    space: SearchSpace
    alternatives: tuple[ScaleAlternative, ...]


def choose_scale(
    preset: str,
    budget: Budget,
    *,
    image_size: int,
    num_classes: int,
    image_channels: int = 3,
    sides: Sequence[int] | None = None,
    widths: Sequence[float] = WIDTHS,
    depths: Sequence[float] = DEPTHS,
    probe: Probe | None = None,
    config: ScaleChoiceConfig = _NUMBERS,
) -> ChosenScale:
    """Returns a preset space at the scale that suits a limit.

    By costs alone it is done within seconds. Where MACs are limited, costs say
    little of resolution: then give a `probe`.

    Args:
        preset: A name in `PRESETS`.
        budget: The limit; MACs, parameters, RAM and flash count.
        image_size: Shorter side of the images as they are, in pixels.
        num_classes: Number of classes.
        image_channels: Channels of the images.
        sides: Sides of images to look at, in pixels; None takes what suits
            `image_size`.
        widths: Multipliers of the published widths to look at.
        depths: Multipliers of the published depths to look at.
        probe: Scores a network; see `Probe`. The mean of `config.num_probed`
            networks of each finalist decides. None decides by costs alone.
        config: Other numbers; epochs and objective are the probe's business.

    Raises:
        BudgetError: If nothing at any scale keeps the limit.
        ValueError: If no limit is set that is known beforehand, a number is out
            of range, or the preset is unknown or opens any number of branches.
    """
    limits = known_limits(budget)
    spaces = scaled_spaces(
        functools.partial(_space, preset, image_channels, num_classes),
        sides_for(image_size) if sides is None else sides,
        widths,
        depths,
    )
    costs = scale_costs(spaces, limits, config.seed)
    among = finalists(costs, config)
    scores: dict[int, tuple[float, ...]] = {}
    if probe is not None and len(among) > 1:
        scores = {
            index: _probed(probe, costs[index], config.num_probed)
            for index in among
        }
    means = {index: sum(each) / len(each) for index, each in scores.items()}
    by_costs = best_by_costs(costs, among, limits)
    taken = costs[max(means, key=means.__getitem__, default=by_costs)].scaled
    return ChosenScale(taken.scale, taken.space, alternatives(costs, scores))


def _space(
    preset: str, image_channels: int, num_classes: int, scale: Scale
) -> SearchSpace:
    return make_preset(
        preset,
        image_size=(scale.image_size, scale.image_size),
        image_channels=image_channels,
        num_classes=num_classes,
        width=scale.width,
        depth=scale.depth,
    )


def _probed(probe: Probe, costs: ScaleCosts, count: int) -> tuple[float, ...]:
    """Returns the scores of some networks of about the mean MACs."""
    space = costs.scaled.space
    return tuple(
        float(probe(space, space.genotype(path)))
        for path in costs.paths[:count].tolist()
    )
