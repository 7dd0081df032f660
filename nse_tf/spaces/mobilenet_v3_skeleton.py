"""The ends of MobileNetV3: little in front, and a layer behind the pooling."""

import dataclasses
from typing import ClassVar, Self

from nse_tf.spaces.adaptation import rounded_channels
from nse_tf.spaces.chain_skeletons import ChainSkeleton
from nse_tf.spaces.ops import MBConv
from nse_tf.spaces.skeletons import require_at_least


@dataclasses.dataclass(frozen=True, kw_only=True)
class MobileNetV3Skeleton(ChainSkeleton):
    """What all networks of a chain with the ends of MobileNetV3 share.

    Stem: 3×3 convolution, batch norm, hard swish. Then the stages. Tail: 1×1
    convolution, batch norm, hard swish, global average pooling, a fully
    connected layer, hard swish, and the one that classifies.

    Attributes:
        hidden_channels: Width of the layer between pooling and classifier.

    Raises:
        ValueError: See `ChainSkeleton`; or if the width before the first stage
            is not the stem's.

    References:
        Howard et al., MobileNetV3 (2019), section 5.1:
        https://arxiv.org/abs/1905.02244
    """

    hidden_channels: int = 1280

    KIND: ClassVar[str] = "mobilenet_v3"
    NOUN: ClassVar[str] = "MobileNetV3's stem and tail, as in 'excite'"
    WRITES_KIND: ClassVar[bool] = True
    FIRST_OP: ClassVar[MBConv | None] = None

    def __post_init__(self) -> None:
        super().__post_init__()
        require_at_least(self, {"hidden_channels": 1})
        if self.first_channels != self.stem_channels:
            raise ValueError(
                f"`first_channels` {self.first_channels} must be the stem's "
                f"{self.stem_channels}: nothing stands between them."
            )

    @property
    def activation(self) -> str:
        """The activation of stem and tail."""
        return "hard_swish"

    @property
    def cost_keys(self) -> tuple[str, str]:
        """The rows of a cost table that hold stem and tail."""
        stem, tail = super().cost_keys
        hidden = f"/hidden:{self.hidden_channels}"
        return f"{stem}/{self.activation}", f"{tail}/{self.activation}{hidden}"

    def widened(self, width: float) -> Self:
        """Returns the skeleton with widths multiplied, in multiples of 8."""
        if width == 1:
            return self
        return dataclasses.replace(
            super().widened(width),
            hidden_channels=rounded_channels(self.hidden_channels * width),
        )
