"""What a published space is adapted to."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Adaptation:
    """Images, classes and multipliers, in place of the published ones.

    Attributes:
        image_size: Height and width of the images, in pixels.
        image_channels: Their channels.
        num_classes: How many classes to tell apart.
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
