"""The published spaces by name, exact as published and adapted elsewhere."""

import dataclasses
from typing import Any

from nse_tf.spaces.adaptation import Adaptation, adapted_skeleton
from nse_tf.spaces.branch_ops import (
    NSE_27_OPS,
    NSE_72_OPS,
    NSE_GPU_OPS,
    NSE_SMALL_OPS,
    BranchOp,
)
from nse_tf.spaces.cell_presets import CELL_PRESETS, CellPreset
from nse_tf.spaces.chains import chain_space
from nse_tf.spaces.naming import nearest_names
from nse_tf.spaces.ops import ChainOp, Identity, MBConv
from nse_tf.spaces.skeletons import BranchSkeleton, Skeleton, Stage
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

PROXYLESSNAS_SKELETON = Skeleton(
    image_size=(224, 224),
    image_channels=3,
    num_classes=1000,
    stem_channels=32,
    stem_stride=2,
    first_channels=16,
    stages=(
        Stage(24, 4, 2),
        Stage(40, 4, 2),
        Stage(80, 4, 2),
        Stage(96, 4, 1),
        Stage(192, 4, 2),
        Stage(320, 1, 1),
    ),
    tail_channels=1280,
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

NER_SKELETON = BranchSkeleton(
    image_size=(224, 224),
    image_channels=3,
    num_classes=1000,
    stem_channels=16,
    stem_stride=2,
    first_channels=16,
    stages=(
        Stage(16, 1, 1),
        Stage(24, 4, 2),
        Stage(40, 4, 2),
        Stage(80, 4, 2),
        Stage(96, 4, 1),
        Stage(192, 4, 2),
        Stage(320, 1, 1),
    ),
    tail_channels=1024,
)

NR_SKELETON = dataclasses.replace(
    NER_SKELETON,
    stages=(
        Stage(16, 1, 1),
        Stage(32, 4, 2),
        Stage(64, 4, 2),
        Stage(128, 8, 2),
        Stage(256, 4, 2),
    ),
)


@dataclasses.dataclass(frozen=True)
class ChainPreset:
    """A chain space by name.

    Attributes:
        summary: One line that says what it is.
        skeleton: The published skeleton that is adapted.
        optional_ops: Further candidates of the places that keep their shape.
        convention: How its authors count MACs, for the published skeleton; of
            multi-branch cells, at any width.
        width: Width multiplier unless asked otherwise.
        depth: Depth multiplier unless asked otherwise.
        ops: Candidates at every place.
        max_open: How many branches may be open at a place; None for all.
    """

    summary: str
    skeleton: Skeleton
    optional_ops: tuple[ChainOp, ...]
    convention: str
    width: float = 1.0
    depth: float = 1.0
    ops: tuple[ChainOp, ...] = MBCONVS
    max_open: int | None = 1

    def space(self, name: str, adaptation: Adaptation) -> SearchSpace:
        """Returns the space under a name; see `adapted_skeleton`."""
        skeleton = adapted_skeleton(self.skeleton, adaptation)
        is_published = skeleton == self.skeleton or (
            isinstance(skeleton, BranchSkeleton)
            and skeleton.image_size == self.skeleton.image_size
            and skeleton.num_classes == self.skeleton.num_classes
        )
        return chain_space(
            name,
            skeleton,
            self.ops,
            self.optional_ops,
            self.max_open,
            convention=self.convention if is_published else "plain",
        )


def _branches(
    summary: str,
    skeleton: BranchSkeleton,
    ops: tuple[BranchOp, ...],
    width: float = 1.0,
    depth: float = 1.0,
) -> ChainPreset:
    """Returns a preset of multi-branch cells."""
    return ChainPreset(
        summary, skeleton, (), "nse", width, depth, ops, max_open=None
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
    "proxylessnas": ChainPreset(
        "the chain of ProxylessNAS itself: 21 places, depth searched",
        PROXYLESSNAS_SKELETON,
        (Identity(),),
        "plain",
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
    "nse_27": _branches(
        "NSE's first space: 22 multi-branch cells, a pool of 27 ops",
        NER_SKELETON,
        NSE_27_OPS,
    ),
    "nse_72": _branches(
        "NSE's second space: the first with 45 grouped ops more",
        NER_SKELETON,
        NSE_72_OPS,
    ),
    "nse_gpu": _branches(
        "NSE's latency space: 21 multi-branch cells, a pool of 19 ops",
        NR_SKELETON,
        NSE_GPU_OPS,
    ),
    "nse_small": _branches(
        "NSE's skeleton, narrower and shorter, 13 ops, for some 32 pixels",
        dataclasses.replace(NER_SKELETON, tail_channels=256),
        NSE_SMALL_OPS,
        width=0.35,
        depth=0.5,
    ),
    "nse_tiny": _branches(
        "NSE's skeleton and 13 ops, small enough for 8x8 scans on a laptop",
        dataclasses.replace(NER_SKELETON, tail_channels=128),
        NSE_SMALL_OPS,
        width=0.25,
        depth=0.5,
    ),
}

PRESETS: dict[str, ChainPreset | CellPreset] = {**CHAIN_PRESETS, **CELL_PRESETS}


def preset_for(
    image_size: tuple[int, int], *, is_branched: bool = False
) -> str:
    """Returns the name of the preset that suits an image size.

    Args:
        image_size: Height and width, in pixels.
        is_branched: Whether it is to be one of multi-branch cells.
    """
    shorter = min(image_size)
    if shorter <= 16:
        return "nse_tiny" if is_branched else "spos_tiny"
    if shorter < 128:
        return "nse_small" if is_branched else "spos_small"
    return "nse_27" if is_branched else "spos"


def make_preset(
    name: str,
    *,
    image_size: tuple[int, int] | None = None,
    image_channels: int | None = None,
    num_classes: int | None = None,
    width: float | None = None,
    depth: float | None = None,
    activation: str | None = None,
    squeeze_excite: bool | None = None,
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
        activation: Of multi-branch cells: `relu` or `swish`.
        squeeze_excite: Whether the branches of multi-branch cells weigh their
            channels.

    Raises:
        ValueError: If the name is unknown, a multiplier is not positive, the
            images are too small, or an option is for another kind of space.

    References:
        Hu et al., Angle-based Search Space Shrinking for Neural Architecture
        Search (2020): https://arxiv.org/abs/2004.13431, code of the spaces.
    """
    if name not in PRESETS:
        raise ValueError(
            f"No space is named {name!r}. Did you mean "
            f"{nearest_names(name, PRESETS)}?"
        )
    preset = _with_options(
        name,
        PRESETS[name],
        {"activation": activation, "squeeze_excite": squeeze_excite},
    )
    skeleton = preset.skeleton
    adaptation = Adaptation(
        skeleton.image_size if image_size is None else image_size,
        skeleton.image_channels if image_channels is None else image_channels,
        skeleton.num_classes if num_classes is None else num_classes,
        preset.width if width is None else width,
        preset.depth if depth is None else depth,
    )
    return preset.space(name, adaptation)


def _with_options(
    name: str, preset: ChainPreset | CellPreset, options: dict[str, Any]
) -> ChainPreset | CellPreset:
    """Returns a preset with what was asked for of its multi-branch cells."""
    given = {key: value for key, value in options.items() if value is not None}
    skeleton = preset.skeleton
    if not given:
        return preset
    if not isinstance(preset, ChainPreset) or not isinstance(
        skeleton, BranchSkeleton
    ):
        raise ValueError(
            f"`{'` and `'.join(given)}` are options of multi-branch cells, "
            f"which space {name!r} does not have: try 'nse_27'."
        )
    return dataclasses.replace(
        preset, skeleton=dataclasses.replace(skeleton, **given)
    )
