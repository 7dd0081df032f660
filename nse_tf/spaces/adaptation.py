"""What a published space is adapted to, and how."""

import dataclasses

from nse_tf.spaces.skeletons import BranchSkeleton, Skeleton

# The smallest image there is a network for, in pixels.
SMALLEST_IMAGE = 4


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


def rounded_channels(channels: float) -> int:
    """Returns a width as a multiple of 8, at most a tenth below `channels`."""
    rounded = max(8, int(channels + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * channels else rounded


def adapted_skeleton(skeleton: Skeleton, adaptation: Adaptation) -> Skeleton:
    """Returns a published skeleton adapted to other images.

    Widths are multiplied and rounded to multiples of 8, stage depths are
    multiplied and at least 1. Images under 96 pixels get a stem of stride 1;
    then the first stages, each up to the next stride, are left out until the
    last map has 4 pixels on its shorter side, or 2 for images up to 16 pixels:
    they are made for resolutions that small images never had. At 224 pixels,
    width 1 and depth 1 the skeleton is the published one, number by number.

    Which widths are multiplied says `widened`.
    """
    height, width = adaptation.image_size
    shorter = min(height, width)
    if shorter < SMALLEST_IMAGE:
        raise ValueError(
            f"`image_size` {height}x{width} is too small for the strides of a "
            f"network: use at least {SMALLEST_IMAGE} pixels."
        )
    stem_stride = skeleton.stem_stride if shorter >= 96 else 1
    left = -(-shorter // stem_stride)
    smallest_tail = 2 if shorter <= 16 else 4
    halving = [i for i, each in enumerate(skeleton.stages) if each.stride == 2]
    first = 0
    while halving and left < smallest_tail * 2 ** len(halving):
        first = halving.pop(0) + 1

    wider = widened(skeleton, adaptation.width)
    return dataclasses.replace(
        wider,
        image_size=adaptation.image_size,
        image_channels=adaptation.image_channels,
        num_classes=adaptation.num_classes,
        stem_stride=stem_stride,
        stages=tuple(
            dataclasses.replace(
                stage, depth=max(1, round(stage.depth * adaptation.depth))
            )
            for stage in wider.stages[first:]
        ),
    )


def widened(skeleton: Skeleton, width: float) -> Skeleton:
    """Returns a skeleton whose widths are multiplied, in multiples of 8.

    Of multi-branch skeletons stem and tail keep theirs, as published, and so
    does a first stage at the stem's resolution and width, whose cells then keep
    their shape.
    """
    if width == 1:
        return skeleton

    def scaled(channels: int) -> int:
        return rounded_channels(channels * width)

    stages = [
        dataclasses.replace(stage, channels=scaled(stage.channels))
        for stage in skeleton.stages
    ]
    if isinstance(skeleton, BranchSkeleton):
        first = skeleton.stages[0]
        if (first.channels, first.stride) == (skeleton.stem_channels, 1):
            stages[0] = first
        return dataclasses.replace(skeleton, stages=tuple(stages))
    return dataclasses.replace(
        skeleton,
        stem_channels=scaled(skeleton.stem_channels),
        first_channels=scaled(skeleton.first_channels),
        stages=tuple(stages),
        tail_channels=scaled(skeleton.tail_channels),
    )
