"""The published spaces by name, exact as published and adapted elsewhere."""

import dataclasses

from nse_tf.spaces.adaptation import Adaptation
from nse_tf.spaces.cell_presets import CELL_PRESETS, CellPreset
from nse_tf.spaces.chains import chain_space
from nse_tf.spaces.naming import nearest_names
from nse_tf.spaces.ops import ChainOp, Identity, MBConv
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


def adapted_skeleton(skeleton: Skeleton, adaptation: Adaptation) -> Skeleton:
    """Returns a published skeleton adapted to other images.

    Widths are multiplied and rounded to multiples of 8, stage depths are
    multiplied and at least 1. Images under 96 pixels get a stem of stride 1;
    then the first stages, each up to the next stride, are left out until the
    last map has 4 pixels on its shorter side, or 2 for images up to 16 pixels:
    they are made for resolutions that small images never had. At 224 pixels,
    width 1 and depth 1 the skeleton is the published one, number by number.
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

    def scaled(channels: int) -> int:
        if adaptation.width == 1:
            return channels
        return rounded_channels(channels * adaptation.width)

    return Skeleton(
        image_size=adaptation.image_size,
        image_channels=adaptation.image_channels,
        num_classes=adaptation.num_classes,
        stem_channels=scaled(skeleton.stem_channels),
        stem_stride=stem_stride,
        first_channels=scaled(skeleton.first_channels),
        stages=tuple(
            Stage(
                scaled(stage.channels),
                max(1, round(stage.depth * adaptation.depth)),
                stage.stride,
            )
            for stage in skeleton.stages[first:]
        ),
        tail_channels=scaled(skeleton.tail_channels),
    )


@dataclasses.dataclass(frozen=True)
class ChainPreset:
    """A chain space by name.

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
    optional_ops: tuple[ChainOp, ...]
    convention: str
    width: float = 1.0
    depth: float = 1.0

    def space(self, name: str, adaptation: Adaptation) -> SearchSpace:
        """Returns the space under a name; see `adapted_skeleton`."""
        skeleton = adapted_skeleton(self.skeleton, adaptation)
        is_published = skeleton == self.skeleton
        return chain_space(
            name,
            skeleton,
            MBCONVS,
            self.optional_ops,
            convention=self.convention if is_published else "plain",
        )


CHAIN_PRESETS = {
    "spos": ChainPreset(
        "the chain of SPOS in ABS's GPU setting: 21 places, depth searched",
        SPOS_SKELETON,
        (Identity(),),
        "thop",
    ),
    "proxyless": ChainPreset(
        "the chain that ABS shares between SPOS and ProxylessNAS",
        SPOS_SKELETON,
        (Identity(),),
        "thop",
    ),
    "fairnas": ChainPreset(
        "the chain of FairNAS in ABS's CPU setting: 19 places",
        FAIRNAS_SKELETON,
        (),
        "thop_fairnas",
    ),
    "spos_small": ChainPreset(
        "the SPOS chain, narrower and shorter, for images of some 32 pixels",
        SPOS_SKELETON,
        (Identity(),),
        "thop",
        width=0.35,
        depth=0.75,
    ),
    "spos_tiny": ChainPreset(
        "the SPOS chain, small enough for 8x8 scans on a laptop",
        SPOS_SKELETON,
        (Identity(),),
        "thop",
        width=0.25,
        depth=0.75,
    ),
}

PRESETS: dict[str, ChainPreset | CellPreset] = {**CHAIN_PRESETS, **CELL_PRESETS}


def preset_for(image_size: tuple[int, int]) -> str:
    """Returns the name of the preset that suits an image size."""
    shorter = min(image_size)
    if shorter <= 16:
        return "spos_tiny"
    return "spos_small" if shorter < 128 else "spos"


def make_preset(
    name: str,
    *,
    image_size: tuple[int, int] | None = None,
    image_channels: int | None = None,
    num_classes: int | None = None,
    width: float | None = None,
    depth: float | None = None,
) -> SearchSpace:
    """Returns a published space, adapted to the images.

    Args:
        name: A name in `PRESETS`.
        image_size: Height and width of the images, in pixels; None here and
            below takes what was published.
        image_channels: Their channels.
        num_classes: How many classes to tell apart.
        width: Multiplies all widths; None takes the preset's own.
        depth: Multiplies the depth of every stage, or the number of cells;
            None takes the preset's.

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
    skeleton = preset.skeleton
    adaptation = Adaptation(
        skeleton.image_size if image_size is None else image_size,
        skeleton.image_channels if image_channels is None else image_channels,
        skeleton.num_classes if num_classes is None else num_classes,
        preset.width if width is None else width,
        preset.depth if depth is None else depth,
    )
    return preset.space(name, adaptation)
