"""Candidate operations: a name and its numbers, nothing that computes."""

import dataclasses
import re
from typing import ClassVar

from nse_tf.spaces.adaptation import rounded_channels
from nse_tf.spaces.branch_ops import (
    BRANCH_FAMILIES,
    NSE_72_OPS,
    BranchOp,
)
from nse_tf.spaces.cell_ops import (
    CELL_FAMILIES,
    DARTS_OPS,
    NB201_OPS,
    CellOp,
)
from nse_tf.spaces.layer_op import LayerOp
from nse_tf.spaces.motif import Motif
from nse_tf.spaces.naming import nearest_names
from nse_tf.spaces.slot import Slot
from nse_tf.spaces.width import Width


@dataclasses.dataclass(frozen=True)
class Identity:
    """Leaves its input as it is; only where nothing changes shape.

    It stands for a skipped block, so that depth is searched too (the `-1` of
    the published chain genotypes).
    """

    PATTERN: ClassVar[str] = r"identity"

    @property
    def name(self) -> str:
        """The name that `parse_op` reads back."""
        return "identity"

    @property
    def reach(self) -> int:
        """Side of the window that an output pixel sees."""
        return 1

    @classmethod
    def parse(cls, match: re.Match[str]) -> "Identity":
        """Returns the op that `PATTERN` matched."""
        del match
        return cls()


MBCONV_ACTIVATIONS = ("relu6", "relu", "hard_swish")


@dataclasses.dataclass(frozen=True)
class MBConv:
    """Inverted residual: 1×1 expand, k×k depthwise, 1×1 project.

    Batch norm follows each convolution and an activation the first two; with
    an expansion of 1 the expanding convolution is left out. The shortcut
    belongs to the block, not to the op.

    With squeeze-and-excite the inner channels are weighed before they are
    projected: their means over all pixels go through two 1×1 convolutions with
    biases, to a quarter of the channels and ReLU, then back and hard sigmoid,
    ReLU6(x + 3) / 6. Hard swish is x times that.

    Attributes:
        kernel: Side of the depthwise kernel, odd.
        expansion: Inner width as a multiple of the input width. A whole one
            multiplies it exactly; otherwise the product is rounded to a
            multiple of 8.
        squeeze_excite: Whether inner channels are weighed.
        activation: `relu6`, `relu` or `hard_swish`.

    Raises:
        ValueError: If the kernel is even, the expansion below 1, or the
            activation unknown.

    References:
        Sandler et al., MobileNetV2 (2018): https://arxiv.org/abs/1801.04381
        Howard et al., MobileNetV3 (2019), sections 5.2 and 5.3:
        https://arxiv.org/abs/1905.02244. It does not say how a quarter is
        rounded; the authors' code does it, to a multiple of 8.
    """

    PATTERN: ClassVar[str] = (
        r"mbconv_k(\d+)_e(\d+(?:\.\d+)?)(_se)?(?:_(relu|hard_swish))?"
    )

    kernel: int
    expansion: float
    squeeze_excite: bool = False
    activation: str = "relu6"

    def __post_init__(self) -> None:
        if self.kernel < 1 or self.kernel % 2 == 0:
            raise ValueError(
                f"`kernel` of an MBConv must be odd and positive, not "
                f"{self.kernel}; use 3, 5 or 7."
            )
        if self.expansion < 1:
            raise ValueError(
                f"`expansion` of an MBConv must be at least 1, not "
                f"{self.expansion}."
            )
        if self.activation not in MBCONV_ACTIVATIONS:
            raise ValueError(
                f"`activation` of an MBConv must be one of "
                f"{', '.join(MBCONV_ACTIVATIONS)}, not {self.activation!r}."
            )

    @property
    def name(self) -> str:
        """The name that `parse_op` reads back, such as `mbconv_k5_e6`.

        What differs from MobileNetV2 follows, as in
        `mbconv_k5_e4.5_se_hard_swish`.
        """
        squeezed = "_se" * self.squeeze_excite
        is_usual = self.activation == "relu6"
        activation = "" if is_usual else f"_{self.activation}"
        expansion = str(self.expansion).removesuffix(".0")
        return f"mbconv_k{self.kernel}_e{expansion}{squeezed}{activation}"

    @property
    def is_plain(self) -> bool:
        """Whether it is MobileNetV2's, of a whole expansion."""
        is_whole = self.expansion == int(self.expansion)
        is_usual = self.activation == "relu6"
        return is_whole and is_usual and not self.squeeze_excite

    @property
    def expands(self) -> bool:
        """Whether it has an expanding convolution."""
        return self.expansion > 1

    def inner_channels(self, in_channels: int) -> int:
        """Returns how many channels the depthwise convolution has."""
        if self.expansion == int(self.expansion):
            return in_channels * int(self.expansion)
        return rounded_channels(in_channels * self.expansion)

    def squeezed_channels(self, in_channels: int) -> int:
        """Returns the width inside squeeze-and-excite."""
        return rounded_channels(self.inner_channels(in_channels) / 4)

    @property
    def reach(self) -> int:
        """Side of the window that an output pixel sees."""
        return self.kernel

    @classmethod
    def parse(cls, match: re.Match[str]) -> "MBConv":
        """Returns the op that `PATTERN` matched."""
        kernel, expansion, squeezed, activation = match.groups()
        return cls(
            int(kernel),
            float(expansion) if "." in expansion else int(expansion),
            squeeze_excite=squeezed is not None,
            activation=activation or "relu6",
        )


ChainOp = Identity | MBConv | Motif | Slot | BranchOp
Op = ChainOp | CellOp | LayerOp | Width
# A layer of a user's own model has no name that could be read back.
FAMILIES: tuple[
    type[Identity | MBConv | Motif | Slot | BranchOp | CellOp | Width], ...
] = (
    Identity,
    MBConv,
    Motif,
    Slot,
    *BRANCH_FAMILIES,
    *CELL_FAMILIES,
    Width,
)


def parse_op(name: str) -> Op:
    """Returns the op of that name.

    Raises:
        ValueError: If no family of ops has such a name.
    """
    for family in FAMILIES:
        match = re.fullmatch(family.PATTERN, name)
        if match:
            return family.parse(match)
    known = [
        "identity",
        *(
            f"mbconv_k{k}_e{e}{end}"
            for end in ("", "_se", "_hard_swish", "_se_hard_swish")
            for k in (3, 5, 7)
            for e in (3, 6)
        ),
        "motif_2.5.00.15.115",
        *(op.name for op in (*NB201_OPS, *DARTS_OPS, *NSE_72_OPS)),
    ]
    raise ValueError(
        f"No op is named {name!r}. Did you mean {nearest_names(name, known)}?"
    )
