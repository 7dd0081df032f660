"""Scales: the resolutions, widths and depths that a space may be made at."""

import dataclasses
import itertools
from collections.abc import Callable, Iterator, Sequence

from nse_tf.spaces.space import SearchSpace

# Sides of images, in pixels, that are looked at.
SIDES = (8, 12, 16, 24, 32, 48, 64, 96, 128, 160, 192, 224)
# Multipliers of published widths and depths that are looked at.
WIDTHS = (0.1, 0.15, 0.2, 0.25, 0.35, 0.5, 0.75, 1.0, 1.4)
DEPTHS = (0.5, 0.75, 1.0)
# Larger images are photographs, which lose nothing but detail where they are
# made smaller; smaller ones are also looked at enlarged, for networks that
# have more strides than such images have pixels to spare.
_PHOTOGRAPH = 64
# How much larger than they are small images are made at most.
ENLARGED = 2.0


@dataclasses.dataclass(frozen=True, kw_only=True)
class Scale:
    """What a space is made at.

    Attributes:
        image_size: Side of the images, in pixels.
        width: Multiplies widths; None where there is nothing to multiply.
        depth: Multiplies depths; None where there is nothing to multiply.
    """

    image_size: int
    width: float | None = None
    depth: float | None = None

    def __str__(self) -> str:
        parts = [f"{self.image_size} pixels"]
        for name in ("width", "depth"):
            if (value := getattr(self, name)) is not None:
                parts.append(f"{name} {value:g}")
        return ", ".join(parts)


@dataclasses.dataclass(frozen=True)
class ScaledSpace:
    """A space and the scale that it was made at."""

    scale: Scale
    space: SearchSpace


def sides_for(native: int, enlarged: float = ENLARGED) -> tuple[int, ...]:
    """Returns the sides that suit images, in pixels, smallest first.

    Photographs are looked at from 32 pixels to their own size, at most 224;
    smaller images from half to `enlarged` times their size.

    Args:
        native: Shorter side of the images as they are.
        enlarged: How much larger than they are small images may be made.

    Raises:
        ValueError: If there is no such image.
    """
    if native < 1:
        raise ValueError(f"`native` must be at least 1 pixel, not {native}.")
    if native >= _PHOTOGRAPH:
        low, high = 32.0, float(min(native, SIDES[-1]))
    else:
        low, high = native / 2, native * enlarged
    own = {native} if native <= SIDES[-1] else set[int]()
    return tuple(sorted(own | {s for s in SIDES if low <= s <= high}))


def scaled_spaces(
    make: Callable[[Scale], SearchSpace],
    sides: Sequence[int],
    widths: Sequence[float | None] = WIDTHS,
    depths: Sequence[float | None] = DEPTHS,
) -> list[ScaledSpace]:
    """Returns a space at every scale, without those that are equal.

    Sides that are too small for the strides are left out, as long as another
    one is not.

    Args:
        make: Makes the space at a scale.
        sides: Sides of the images, in pixels.
        widths: Multipliers of widths.
        depths: Multipliers of depths.

    Raises:
        ValueError: As `make` raises at the last side, if it does at all.
    """
    found: list[ScaledSpace] = []
    refusal: ValueError | None = None
    for side in sides:
        try:
            found += _at_side(make, side, widths, depths)
        except ValueError as error:
            refusal = error
    if not found:
        raise refusal or ValueError(
            "There is no scale to choose from: `sides`, `widths` and `depths` "
            "must name at least one each."
        )
    return found


def _at_side(
    make: Callable[[Scale], SearchSpace],
    side: int,
    widths: Sequence[float | None],
    depths: Sequence[float | None],
) -> Iterator[ScaledSpace]:
    """Yields the spaces of one side; of equal ones the first."""
    seen = set()
    for width, depth in itertools.product(widths, depths):
        scale = Scale(image_size=side, width=width, depth=depth)
        space = make(scale)
        if space.skeleton not in seen:
            seen.add(space.skeleton)
            yield ScaledSpace(scale, space)
