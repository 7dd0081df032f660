"""The published spaces by name, exact as published and adapted elsewhere."""

import dataclasses
import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from nse_tf.spaces.adaptation import Adaptation
from nse_tf.spaces.autospace import autospace_space
from nse_tf.spaces.branch_ops import (
    NSE_27_OPS,
    NSE_72_OPS,
    NSE_GPU_OPS,
    NSE_SMALL_OPS,
    BranchOp,
)
from nse_tf.spaces.cell_ops import DARTS_OPS, NB201_OPS
from nse_tf.spaces.cell_skeletons import CellSkeleton
from nse_tf.spaces.cell_spaces import cell_space
from nse_tf.spaces.chain_skeletons import ChainSkeleton, Stage
from nse_tf.spaces.chains import chain_space
from nse_tf.spaces.mobilenet_v3 import MOBILENET_V3_LARGE_SKELETON
from nse_tf.spaces.naming import nearest_names
from nse_tf.spaces.ops import Identity, MBConv
from nse_tf.spaces.published_skeletons import (
    DARTS_CIFAR_SKELETON,
    DARTS_SKELETON,
    FAIRNAS_SKELETON,
    NB201_SKELETON,
    NER_SKELETON,
    NR_SKELETON,
    PROXYLESSNAS_SKELETON,
    SPOS_SKELETON,
)
from nse_tf.spaces.space import SearchSpace

MBCONVS = tuple(MBConv(k, e) for k in (3, 5, 7) for e in (3, 6))
# What differs among the blocks of MobileNetV3.
GATED_MBCONVS = tuple(
    MBConv(k, e, squeeze_excite=gate, activation=activation)
    for activation in ("relu", "hard_swish")
    for gate in (False, True)
    for k in (3, 5)
    for e in (3, 6)
)

# The stages of MobileNetV3-Large, as deep as those of Once-for-All.
EXCITE_SKELETON = dataclasses.replace(
    MOBILENET_V3_LARGE_SKELETON,
    stages=(
        Stage(24, 4, 2),
        Stage(40, 4, 2),
        Stage(80, 4, 2),
        Stage(112, 4, 1),
        Stage(160, 4, 2),
    ),
)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Preset:
    """A published space by name.

    Attributes:
        summary: One line that says what it is.
        skeleton: The published skeleton that is adapted.
        fill: Makes a space from `name`, `skeleton` and `convention`: it gives
            the skeleton's blocks their candidates.
        convention: How the authors count MACs, for what `counted_for` names.
        width: Width multiplier unless asked otherwise.
        depth: Depth multiplier unless asked otherwise.
    """

    summary: str
    skeleton: ChainSkeleton | CellSkeleton
    fill: Callable[..., SearchSpace]
    convention: str
    width: float = 1.0
    depth: float = 1.0

    def space(self, name: str, adaptation: Adaptation) -> SearchSpace:
        """Returns the space under a name, adapted to other images."""
        skeleton = self.skeleton.adapted(adaptation)
        is_counted = skeleton.counted_for == self.skeleton.counted_for
        return self.fill(
            name=name,
            skeleton=skeleton,
            convention=self.convention if is_counted else "plain",
        )

    def with_options(self, name: str, options: Mapping[str, Any]) -> "Preset":
        """Returns the preset with other fields of its skeleton.

        Args:
            name: Name of the preset, for messages.
            options: The fields; None leaves the preset's.

        Raises:
            ValueError: If the skeleton lacks one of the fields.
        """
        given = {
            key: value for key, value in options.items() if value is not None
        }
        known = {field.name for field in dataclasses.fields(self.skeleton)}
        if not given.keys() <= known:
            raise ValueError(
                f"`{'` and `'.join(given)}` are options of multi-branch cells, "
                f"which space {name!r} does not have: try 'nse_27'."
            )
        return dataclasses.replace(
            self, skeleton=dataclasses.replace(self.skeleton, **given)
        )


_mbconvs = functools.partial(chain_space, ops=MBCONVS)
_optional_mbconvs = functools.partial(_mbconvs, optional_ops=(Identity(),))
_optional_gated = functools.partial(
    chain_space, ops=GATED_MBCONVS, optional_ops=(Identity(),)
)
_learned = functools.partial(
    Preset,
    skeleton=PROXYLESSNAS_SKELETON,
    fill=autospace_space,
    convention="plain",
)


def _branches(ops: Sequence[BranchOp]) -> Callable[..., SearchSpace]:
    """Returns what fills multi-branch cells, of which any number may open."""
    return functools.partial(chain_space, ops=ops, max_open=None)


PRESETS = {
    "spos": Preset(
        summary="the chain of SPOS in ABS's GPU setting: 21 blocks, depth "
        "searched",
        skeleton=SPOS_SKELETON,
        fill=_optional_mbconvs,
        convention="thop",
    ),
    "proxyless": Preset(
        summary="the chain that ABS shares between SPOS and ProxylessNAS",
        skeleton=SPOS_SKELETON,
        fill=_optional_mbconvs,
        convention="thop",
    ),
    "proxylessnas": Preset(
        summary="the chain of ProxylessNAS itself: 21 blocks, depth searched",
        skeleton=PROXYLESSNAS_SKELETON,
        fill=_optional_mbconvs,
        convention="plain",
    ),
    "fairnas": Preset(
        summary="the chain of FairNAS in ABS's CPU setting: 19 blocks",
        skeleton=FAIRNAS_SKELETON,
        fill=_mbconvs,
        convention="thop_fairnas",
    ),
    "spos_small": Preset(
        summary="the SPOS chain, narrower and shorter, for images of some 32 "
        "pixels",
        skeleton=SPOS_SKELETON,
        fill=_optional_mbconvs,
        convention="thop",
        width=0.35,
        depth=0.75,
    ),
    "spos_tiny": Preset(
        summary="the SPOS chain, small enough for 8x8 scans on a laptop",
        skeleton=SPOS_SKELETON,
        fill=_optional_mbconvs,
        convention="thop",
        width=0.25,
        depth=0.75,
    ),
    "excite": Preset(
        summary="a chain for photographs on phones: 20 blocks, "
        "squeeze-and-excite, hard swish and depth searched",
        skeleton=EXCITE_SKELETON,
        fill=_optional_gated,
        convention="plain",
    ),
    "excite_small": Preset(
        summary="the same, narrower and shorter, for images of some 32 pixels",
        skeleton=EXCITE_SKELETON,
        fill=_optional_gated,
        convention="plain",
        width=0.5,
        depth=0.75,
    ),
    "autospace": _learned(
        summary="AutoSpace's learned cells: 21 blocks of 9 cells, 2 MBConvs, "
        "depth searched",
    ),
    "autospace_collapsed": _learned(
        summary="the same with stacked 3x3 kernels merged, as was published",
        fill=functools.partial(autospace_space, is_collapsed=True),
    ),
    "autospace_small": _learned(
        summary="AutoSpace's cells, narrower and fewer, for some 32 pixels",
        width=0.35,
        depth=0.75,
    ),
    "autospace_tiny": _learned(
        summary="AutoSpace's cells, small enough for 8x8 scans on a laptop",
        width=0.25,
        depth=0.75,
    ),
    "nse_27": Preset(
        summary="NSE's first space: 22 multi-branch cells, a pool of 27 ops",
        skeleton=NER_SKELETON,
        fill=_branches(NSE_27_OPS),
        convention="nse",
    ),
    "nse_72": Preset(
        summary="NSE's second space: the first with 45 grouped ops more",
        skeleton=NER_SKELETON,
        fill=_branches(NSE_72_OPS),
        convention="nse",
    ),
    "nse_gpu": Preset(
        summary="NSE's latency space: 21 multi-branch cells, a pool of 19 ops",
        skeleton=NR_SKELETON,
        fill=_branches(NSE_GPU_OPS),
        convention="nse",
    ),
    "nse_small": Preset(
        summary="NSE's skeleton, narrower and shorter, 13 ops, for some 32 "
        "pixels",
        skeleton=dataclasses.replace(NER_SKELETON, tail_channels=256),
        fill=_branches(NSE_SMALL_OPS),
        convention="nse",
        width=0.35,
        depth=0.5,
    ),
    "nse_tiny": Preset(
        summary="NSE's skeleton and 13 ops, small enough for 8x8 scans on a "
        "laptop",
        skeleton=dataclasses.replace(NER_SKELETON, tail_channels=128),
        fill=_branches(NSE_SMALL_OPS),
        convention="nse",
        width=0.25,
        depth=0.5,
    ),
    "nb201": Preset(
        summary="the cells of NAS-Bench-201 on CIFAR-10: 6 edges with 5 ops "
        "each",
        skeleton=NB201_SKELETON,
        fill=functools.partial(cell_space, ops=NB201_OPS),
        convention="nb201",
    ),
    "darts": Preset(
        summary="the normal and reduction cells of DARTS on ImageNet: 28 edges",
        skeleton=DARTS_SKELETON,
        fill=functools.partial(cell_space, ops=DARTS_OPS),
        convention="thop",
    ),
    "darts_cifar": Preset(
        summary="the cells of DARTS on CIFAR-10 as it searches them: 8 cells",
        skeleton=DARTS_CIFAR_SKELETON,
        fill=functools.partial(cell_space, ops=DARTS_OPS),
        convention="plain",
    ),
    "darts_cifar_deep": Preset(
        summary="the same as it evaluates them: 20 cells, 36 channels",
        skeleton=dataclasses.replace(
            DARTS_CIFAR_SKELETON, channels=36, num_cells=20
        ),
        fill=functools.partial(cell_space, ops=DARTS_OPS),
        convention="plain",
    ),
    "darts_shrinking": Preset(
        summary="ABS's DARTS space: 14 edges that normal and reduction cells "
        "share",
        skeleton=dataclasses.replace(DARTS_SKELETON, shares_cells=True),
        fill=functools.partial(cell_space, ops=DARTS_OPS),
        convention="thop",
    ),
}


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
        image_channels: Channels of the images.
        num_classes: Number of classes.
        width: Multiplies all widths; None takes the preset's own.
        depth: Multiplies the depth of every stage, or the number of cells;
            None takes the preset's.
        activation: `relu` or `swish`, in multi-branch cells.
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
    preset = PRESETS[name].with_options(
        name, {"activation": activation, "squeeze_excite": squeeze_excite}
    )
    skeleton = preset.skeleton
    adaptation = Adaptation(
        image_size=image_size or skeleton.image_size,
        image_channels=(
            skeleton.image_channels
            if image_channels is None
            else image_channels
        ),
        num_classes=(
            skeleton.num_classes if num_classes is None else num_classes
        ),
        width=preset.width if width is None else width,
        depth=preset.depth if depth is None else depth,
    )
    return preset.space(name, adaptation)
