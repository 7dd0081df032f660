"""The published spaces by name, exact at 224 and adapted elsewhere."""

import dataclasses

from nse_tf.spaces.chains import chain_space
from nse_tf.spaces.naming import nearest_names
from nse_tf.spaces.ops import Identity, MBConv, Op
from nse_tf.spaces.skeletons import Skeleton, Stage
from nse_tf.spaces.space import SearchSpace

MBCONVS = tuple(MBConv(k, e) for k in (3, 5, 7) for e in (3, 6))

SPOS_SKELETON = Skeleton(
    image_size=(224, 224),
    image_channels=3,
    num_classes=1000,
    stem_channels=40,
    stem_stride=2,
    first_channels=24,
    stages=(
        Stage(32, 4, 2),
        Stage(56, 4, 2),
        Stage(112, 4, 2),
        Stage(128, 4, 1),
        Stage(256, 4, 2),
        Stage(432, 1, 1),
    ),
    tail_channels=1728,
)

FAIRNAS_SKELETON = Skeleton(
    image_size=(224, 224),
    image_channels=3,
    num_classes=1000,
    stem_channels=32,
    stem_stride=2,
    first_channels=16,
    stages=(
        Stage(32, 2, 2),
        Stage(40, 4, 2),
        Stage(80, 4, 2),
        Stage(96, 4, 1),
        Stage(192, 4, 2),
        Stage(320, 1, 1),
    ),
    tail_channels=1280,
)

# The smallest image there is a network for, in pixels.
SMALLEST_IMAGE = 4


def rounded_channels(channels: float) -> int:
    """Returns a width as a multiple of 8, at most a tenth below `channels`."""
    rounded = max(8, int(channels + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * channels else rounded


def adapted_skeleton(
    skeleton: Skeleton,
    image_size: tuple[int, int],
    image_channels: int,
    num_classes: int,
    width: float,
    depth: float,
) -> Skeleton:
    """Returns a published skeleton adapted to other images.

    Widths are multiplied and rounded to multiples of 8, stage depths are
    multiplied and at least 1. Images under 96 pixels get a stem of stride 1;
    then the first stages, each up to the next stride, are left out until the
    last map has 4 pixels on its shorter side, or 2 for images up to 16 pixels:
    they are made for resolutions that small images never had. At 224 pixels,
    width 1 and depth 1 the skeleton is the published one, number by number.
    """
    shorter = min(image_size)
    if shorter < SMALLEST_IMAGE:
        raise ValueError(
            f"`image_size` {image_size[0]}x{image_size[1]} is too small for "
            f"the strides of a network: use at least {SMALLEST_IMAGE} pixels."
        )
    stem_stride = skeleton.stem_stride if shorter >= 96 else 1
    left = -(-shorter // stem_stride)
    smallest_tail = 2 if shorter <= 16 else 4
    halving = [i for i, each in enumerate(skeleton.stages) if each.stride == 2]
    first = 0
    while halving and left < smallest_tail * 2 ** len(halving):
        first = halving.pop(0) + 1

    def scaled(channels: int) -> int:
        return channels if width == 1 else rounded_channels(channels * width)

    return Skeleton(
        image_size=image_size,
        image_channels=image_channels,
        num_classes=num_classes,
        stem_channels=scaled(skeleton.stem_channels),
        stem_stride=stem_stride,
        first_channels=scaled(skeleton.first_channels),
        stages=tuple(
            Stage(
                scaled(stage.channels),
                max(1, round(stage.depth * depth)),
                stage.stride,
            )
            for stage in skeleton.stages[first:]
        ),
        tail_channels=scaled(skeleton.tail_channels),
    )


@dataclasses.dataclass(frozen=True)
class Preset:
    """A space by name.

    Attributes:
        summary: One line that says what it is.
        skeleton: The published skeleton that is adapted.
        optional_ops: Further candidates of the places that keep their shape.
        convention: How its authors count MACs, for the published skeleton.
        width: Width multiplier unless asked otherwise.
        depth: Depth multiplier unless asked otherwise.
    """

    summary: str
    skeleton: Skeleton
    optional_ops: tuple[Op, ...]
    convention: str
    width: float = 1.0
    depth: float = 1.0


PRESETS = {
    "spos": Preset(
        "the chain of SPOS in ABS's GPU setting: 21 places, depth searched",
        SPOS_SKELETON,
        (Identity(),),
        "thop",
    ),
    "proxyless": Preset(
        "the chain that ABS shares between SPOS and ProxylessNAS",
        SPOS_SKELETON,
        (Identity(),),
        "thop",
    ),
    "fairnas": Preset(
        "the chain of FairNAS in ABS's CPU setting: 19 places",
        FAIRNAS_SKELETON,
        (),
        "thop_fairnas",
    ),
    "spos_small": Preset(
        "the SPOS chain, narrower and shorter, for images of some 32 pixels",
        SPOS_SKELETON,
        (Identity(),),
        "thop",
        width=0.35,
        depth=0.75,
    ),
    "spos_tiny": Preset(
        "the SPOS chain, small enough for 8x8 scans on a laptop",
        SPOS_SKELETON,
        (Identity(),),
        "thop",
        width=0.25,
        depth=0.75,
    ),
}


def preset_for(image_size: tuple[int, int]) -> str:
    """Returns the name of the preset that suits an image size."""
    shorter = min(image_size)
    if shorter <= 16:
        return "spos_tiny"
    return "spos_small" if shorter < 128 else "spos"


def make_preset(
    name: str,
    *,
    image_size: tuple[int, int] = (224, 224),
    image_channels: int = 3,
    num_classes: int = 1000,
    width: float | None = None,
    depth: float | None = None,
) -> SearchSpace:
    """Returns a published space, adapted to the images.

    Args:
        name: A name in `PRESETS`.
        image_size: Height and width of the images, in pixels.
        image_channels: Their channels.
        num_classes: How many classes to tell apart.
        width: Multiplies all widths; None takes the preset's own.
        depth: Multiplies the depth of every stage; None takes the preset's.

    Raises:
        ValueError: If the name is unknown, a multiplier is not positive, or
            the images are too small.

    References:
        Hu et al., Angle-based Search Space Shrinking for Neural Architecture
        Search (2020): https://arxiv.org/abs/2004.13431, code of the spaces.
    """
    if name not in PRESETS:
        raise ValueError(
            f"No space is named {name!r}. Did you mean "
            f"{nearest_names(name, PRESETS)}?"
        )
    preset = PRESETS[name]
    width = preset.width if width is None else width
    depth = preset.depth if depth is None else depth
    if width <= 0 or depth <= 0:
        raise ValueError(
            f"`width` and `depth` must be positive, not {width} and {depth}."
        )
    skeleton = adapted_skeleton(
        preset.skeleton, image_size, image_channels, num_classes, width, depth
    )
    is_published = skeleton == preset.skeleton
    return chain_space(
        name,
        skeleton,
        MBCONVS,
        preset.optional_ops,
        convention=preset.convention if is_published else "plain",
    )
