"""Skeletons of chains: stem, stages (width, depth, stride), tail."""

import dataclasses
import operator
from collections.abc import Sequence
from typing import Any, ClassVar, Self, cast

from nse_tf.spaces.adaptation import (
    Adaptation,
    require_image,
    rounded_channels,
)
from nse_tf.spaces.blocks import (
    NORM_EPSILON,
    BranchBlock,
    ChoiceBlock,
    branch_suffix,
    strided,
)
from nse_tf.spaces.ops import ChainOp, MBConv, Op
from nse_tf.spaces.skeletons import (
    Readers,
    Skeleton,
    read_bool,
    require_at_least,
    require_at_most,
    require_pixels,
)

ACTIVATIONS = ("relu", "swish")


@dataclasses.dataclass(frozen=True)
class Stage:
    """A run of choice blocks at one resolution and width.

    Attributes:
        channels: Output channels of each block.
        depth: How many blocks.
        stride: Stride of the first block; the others have 1.
    """

    channels: int
    depth: int
    stride: int

    def __post_init__(self) -> None:
        if self.channels < 1 or self.depth < 1 or self.stride not in (1, 2):
            raise ValueError(
                "A stage needs `channels` >= 1, `depth` >= 1 and a `stride` "
                f"of 1 or 2, not {self.channels}, {self.depth}, {self.stride}."
            )
        require_at_most("channels", self.channels)
        require_at_most("depth", self.depth)


def _stages(value: Any) -> tuple[Stage, ...]:
    return tuple(
        Stage(**{name: operator.index(n) for name, n in stage.items()})
        for stage in value
    )


@dataclasses.dataclass(frozen=True, kw_only=True)
class ChainSkeleton(Skeleton):
    """What all networks of a chain space share.

    Stem: 3×3 convolution, batch norm, ReLU6, then a fixed MBConv of kernel 3
    and expansion 1 without shortcut. Then the stages. Tail: 1×1 convolution,
    batch norm, ReLU6, global average pooling, one fully connected layer.

    Attributes:
        stem_channels: Width of the 3×3 convolution.
        stem_stride: Its stride, 1 or 2.
        first_channels: Width after the fixed MBConv.
        stages: The choice blocks, by resolution and width.
        tail_channels: Width of the last 1×1 convolution.

    Raises:
        ValueError: If a number is too small, there is no stage, or the image
            is too small for the strides.
    """

    stem_channels: int
    stem_stride: int
    first_channels: int
    stages: tuple[Stage, ...]
    tail_channels: int

    KIND: ClassVar[str] = "chain"
    NOUN: ClassVar[str] = "a chain of blocks, such as 'spos'"
    WRITES_KIND: ClassVar[bool] = False
    READERS: ClassVar[Readers] = {**Skeleton.READERS, "stages": _stages}
    # The MBConv between the stem and the first stage.
    FIRST_OP: ClassVar[MBConv | None] = MBConv(3, 1)
    # Whether batch norm follows the last convolution.
    NORMALIZES_TAIL: ClassVar[bool] = True

    def __post_init__(self) -> None:
        require_at_least(
            self,
            {
                "image_channels": 1,
                "stem_channels": 1,
                "first_channels": 1,
                "tail_channels": 1,
                "num_classes": 2,
            },
        )
        if self.stem_stride not in (1, 2):
            raise ValueError(
                f"`stem_stride` must be 1 or 2, not {self.stem_stride}."
            )
        if not self.stages:
            raise ValueError("A skeleton needs at least one stage.")
        require_pixels(self, self.total_stride)

    @property
    def gates(self) -> tuple[str, ...]:
        """Chains have both; see `Skeleton`."""
        return ("two", "full")

    @property
    def activation(self) -> str:
        """The activation of stem and tail."""
        return "relu6"

    @property
    def hidden_channels(self) -> int:
        """Width of a layer between pooling and classifier; 0 for none."""
        return 0

    @property
    def norm_epsilon(self) -> float:
        """What batch norm adds to variances."""
        return NORM_EPSILON

    @property
    def pixel_scaling(self) -> tuple[float, float]:
        """What pixels in 0..255 are multiplied by, and what is added then."""
        return 1 / 127.5, -1.0

    @property
    def total_stride(self) -> int:
        """What the strides divide the image's sides by."""
        total = self.stem_stride
        for stage in self.stages:
            total *= stage.stride
        return total

    @property
    def classifier_channels(self) -> int:
        """Inputs of the classifier."""
        return self.hidden_channels or self.tail_channels

    @property
    def stem_size(self) -> tuple[int, int]:
        """Height and width after the stem, in pixels."""
        return strided(self.image_size, self.stem_stride)

    @property
    def tail_size(self) -> tuple[int, int]:
        """Height and width of the map that the tail pools, in pixels."""
        size = self.stem_size
        for stage in self.stages:
            size = strided(size, stage.stride)
        return size

    @property
    def measures_blocks(self) -> bool:
        """Always: blocks of chains are measured one by one."""
        return True

    @property
    def cost_keys(self) -> tuple[str, str]:
        """The rows of a cost table that hold stem and tail."""
        (h_in, w_in), (h_out, w_out) = self.image_size, self.tail_size
        return (
            f"stem_s{self.stem_stride}/in:{h_in}x{w_in}x{self.image_channels}"
            f"/stem:{self.stem_channels}/out:{self.first_channels}",
            f"tail/in:{h_out}x{w_out}x{self.stages[-1].channels}"
            f"/tail:{self.tail_channels}/classes:{self.num_classes}",
        )

    def blocks(
        self,
        candidates: Sequence[Sequence[Op]],
        max_open: Sequence[int] | None = None,
    ) -> tuple[ChoiceBlock, ...]:
        """Returns the choice blocks with these candidates; see `Skeleton`."""
        num_blocks = sum(stage.depth for stage in self.stages)
        most = [1] * num_blocks if max_open is None else max_open
        if not len(candidates) == len(most) == num_blocks:
            raise ValueError(
                f"The skeleton has {num_blocks} blocks, but there are "
                f"candidates for {len(candidates)} and `max_open` for "
                f"{len(most)}."
            )
        blocks: list[ChoiceBlock] = []
        size, channels = self.stem_size, self.first_channels
        for stage_index, stage in enumerate(self.stages):
            for block_index in range(stage.depth):
                block = self._block(
                    name=f"stage{stage_index}_block{block_index}",
                    # The block refuses ops of other families.
                    candidates=cast(
                        "tuple[ChainOp, ...]", tuple(candidates[len(blocks)])
                    ),
                    in_size=size,
                    in_channels=channels,
                    out_channels=stage.channels,
                    stride=stage.stride if block_index == 0 else 1,
                    max_open=most[len(blocks)],
                )
                blocks.append(block)
                size, channels = block.out_size, block.out_channels
        return tuple(blocks)

    def _block(self, **shape: Any) -> ChoiceBlock:
        """Returns one choice block."""
        return ChoiceBlock(**shape)

    def adapted(self, adaptation: Adaptation) -> Self:
        """Returns a published skeleton adapted to other images.

        Widths are multiplied and rounded to multiples of 8, stage depths are
        multiplied and at least 1. Images under 96 pixels get a stem of stride
        1. Then the first stages, each up to the next stride, are left out until
        the last map has 4 pixels on its shorter side, or 2 for images up to 16
        pixels: they are made for resolutions that small images never had. At
        224 pixels, width 1 and depth 1 the skeleton is the published one,
        number by number.

        `widened` says which widths are multiplied.

        Raises:
            ValueError: If the images are too small.
        """
        require_image(adaptation.image_size)
        shorter = min(adaptation.image_size)
        stem_stride = self.stem_stride if shorter >= 96 else 1
        left = -(-shorter // stem_stride)
        smallest_tail = 2 if shorter <= 16 else 4
        halving = [i for i, each in enumerate(self.stages) if each.stride == 2]
        first = 0
        while halving and left < smallest_tail * 2 ** len(halving):
            first = halving.pop(0) + 1
        wider = self.widened(adaptation.width)
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

    def widened(self, width: float) -> Self:
        """Returns the skeleton with widths multiplied, in multiples of 8."""
        if width == 1:
            return self
        return dataclasses.replace(
            self,
            stem_channels=rounded_channels(self.stem_channels * width),
            first_channels=rounded_channels(self.first_channels * width),
            stages=_widened_stages(self.stages, width),
            tail_channels=rounded_channels(self.tail_channels * width),
        )

    @property
    def counted_for(self) -> tuple[object, ...]:
        """What the authors' way of counting MACs depends on: everything."""
        return dataclasses.astuple(self)


def _widened_stages(
    stages: tuple[Stage, ...], width: float
) -> tuple[Stage, ...]:
    return tuple(
        dataclasses.replace(
            stage, channels=rounded_channels(stage.channels * width)
        )
        for stage in stages
    )


@dataclasses.dataclass(frozen=True, kw_only=True)
class BranchSkeleton(ChainSkeleton):
    """What all multi-branch networks of a space share.

    Stem: 3×3 convolution, batch norm, activation. Then the stages, each a run
    of cells. Tail: 1×1 convolution without batch norm, activation, global
    average pooling, one fully connected layer.

    Attributes:
        activation: `relu` or `swish`, everywhere.
        squeeze_excite: Whether branches weigh their channels.

    Raises:
        ValueError: See `ChainSkeleton`; or if the activation is unknown, or the
            width before the first stage is not the stem's.

    References:
        Ci et al., NSE (2021), code of the supernet:
        https://arxiv.org/abs/2011.10904
    """

    activation: str = "relu"
    squeeze_excite: bool = False

    KIND: ClassVar[str] = "branches"
    NOUN: ClassVar[str] = "multi-branch cells, such as 'nse_27'"
    WRITES_KIND: ClassVar[bool] = True
    READERS: ClassVar[Readers] = {
        **ChainSkeleton.READERS,
        "activation": str,
        "squeeze_excite": read_bool,
    }
    FIRST_OP: ClassVar[MBConv | None] = None
    NORMALIZES_TAIL: ClassVar[bool] = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.activation not in ACTIVATIONS:
            raise ValueError(
                f"`activation` must be one of {', '.join(ACTIVATIONS)}, not "
                f"{self.activation!r}."
            )
        if self.first_channels != self.stem_channels:
            raise ValueError(
                f"`first_channels` {self.first_channels} must be the stem's "
                f"{self.stem_channels}: nothing stands between them."
            )

    @property
    def gates(self) -> tuple[str, ...]:
        """Branches are compared in pairs; see `Skeleton`."""
        return ("two",)

    @property
    def opens_subsets(self) -> bool:
        """Always."""
        return True

    @property
    def cost_keys(self) -> tuple[str, str]:
        """The rows of a cost table that hold stem and tail."""
        stem, tail = super().cost_keys
        suffix = branch_suffix(self.activation, self.squeeze_excite)
        return stem + suffix, tail + suffix

    def _block(self, **shape: Any) -> BranchBlock:
        return BranchBlock(
            **shape,
            activation=self.activation,
            squeeze_excite=self.squeeze_excite,
        )

    def widened(self, width: float) -> Self:
        """Returns the skeleton with widths multiplied, in multiples of 8.

        As published, stem and tail keep their widths. So does a first stage of
        the stem's resolution and width, whose cells then keep their shape.
        """
        if width == 1:
            return self
        stages = _widened_stages(self.stages, width)
        first = self.stages[0]
        if (first.channels, first.stride) == (self.stem_channels, 1):
            stages = (first, *stages[1:])
        return dataclasses.replace(self, stages=stages)

    @property
    def counted_for(self) -> tuple[object, ...]:
        """What the authors' way of counting MACs depends on; not on widths."""
        return self.image_size, self.num_classes
