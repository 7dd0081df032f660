"""What a published space is adapted to."""

import dataclasses

# The smallest image there is a network for, in pixels.
SMALLEST_IMAGE = 4


@dataclasses.dataclass(frozen=True, kw_only=True)
class Adaptation:
    """Images, classes and multipliers, in place of the published ones.

    Attributes:
        image_size: Height and width of the images, in pixels.
        image_channels: Channels of the images.
        num_classes: Number of classes.
        width: Multiplies all widths.
        depth: Multiplies the depth of every stage, or the number of cells.

    Raises:
        ValueError: If a multiplier is not positive.
    """

    image_size: tuple[int, int]
    image_channels: int
    num_classes: int
    width: float = 1.0
    depth: float = 1.0

    def __post_init__(self) -> None:
        if self.width <= 0 or self.depth <= 0:
            raise ValueError(
                f"`width` and `depth` must be positive, not {self.width} and "
                f"{self.depth}."
            )


def rounded_channels(channels: float) -> int:
    """Returns a width as a multiple of 8, at most a tenth below `channels`."""
    rounded = max(8, int(channels + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * channels else rounded


def require_image(image_size: tuple[int, int]) -> None:
    """Refuses images that no chain is made for.

    Raises:
        ValueError: If a side has fewer pixels than `SMALLEST_IMAGE`.
    """
    height, width = image_size
    if min(height, width) < SMALLEST_IMAGE:
        raise ValueError(
            f"`image_size` {height}x{width} is too small for the strides of a "
            f"network: use at least {SMALLEST_IMAGE} pixels."
        )
