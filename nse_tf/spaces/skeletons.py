"""Macro skeletons: stem, stages (width, depth, stride), tail."""

import dataclasses

from nse_tf.spaces.blocks import strided

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


@dataclasses.dataclass(frozen=True)
class Skeleton:
    """What all networks of a chain space share.

    Stem: 3×3 convolution, batch norm, ReLU6, then a fixed MBConv of kernel 3
    and expansion 1 without shortcut. Then the stages. Tail: 1×1 convolution,
    batch norm, ReLU6, global average pooling, one fully connected layer.

    Attributes:
        image_size: Height and width of the input, in pixels.
        image_channels: Channels of the input.
        num_classes: Outputs of the classifier.
        stem_channels: Width of the 3×3 convolution.
        stem_stride: Its stride, 1 or 2.
        first_channels: Width after the fixed MBConv.
        stages: Where the choice blocks stand.
        tail_channels: Width of the last 1×1 convolution.

    Raises:
        ValueError: If a number is too small, there is no stage, or the image
            is too small for the strides.
    """

    image_size: tuple[int, int]
    image_channels: int
    num_classes: int
    stem_channels: int
    stem_stride: int
    first_channels: int
    stages: tuple[Stage, ...]
    tail_channels: int

    def __post_init__(self) -> None:
        for name in (
            "image_channels",
            "stem_channels",
            "first_channels",
            "tail_channels",
        ):
            if getattr(self, name) < 1:
                raise ValueError(
                    f"`{name}` must be at least 1, not {getattr(self, name)}."
                )
        if self.stem_stride not in (1, 2):
            raise ValueError(
                f"`stem_stride` must be 1 or 2, not {self.stem_stride}."
            )
        if not self.stages:
            raise ValueError("A skeleton needs at least one stage.")
        if self.num_classes < 2:
            raise ValueError(
                f"`num_classes` must be at least 2, not {self.num_classes}."
            )
        if min(self.image_size) < self.total_stride:
            raise ValueError(
                f"`image_size` {self.image_size[0]}x{self.image_size[1]} is "
                f"too small for the strides, which divide it by "
                f"{self.total_stride}. Use at least {self.total_stride} "
                "pixels, or a space with fewer strides."
            )

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
        return self.tail_channels

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


@dataclasses.dataclass(frozen=True)
class BranchSkeleton(Skeleton):
    """What all multi-branch networks of a space share.

    Stem: 3×3 convolution, batch norm, activation. Then the stages, each a run
    of cells. Tail: 1×1 convolution without batch norm, activation, global
    average pooling, one fully connected layer.

    Attributes:
        kind: Tells it from other skeletons in files.
        activation: `relu` or `swish`, everywhere.
        squeeze_excite: Whether branches weigh their channels.

    Raises:
        ValueError: As of `Skeleton`; or if the activation is unknown, or there
            is another width before the first stage than the stem's.

    References:
        Ci et al., NSE (2021), code of the supernet:
        https://arxiv.org/abs/2011.10904
    """

    kind: str = "branches"
    activation: str = "relu"
    squeeze_excite: bool = False

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
