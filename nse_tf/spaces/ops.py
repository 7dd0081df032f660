"""Candidate operations: a name and its numbers, nothing that computes."""

import dataclasses
import re
from typing import ClassVar

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


@dataclasses.dataclass(frozen=True)
class MBConv:
    """Inverted residual: 1×1 expand, k×k depthwise, 1×1 project.

    Batch norm follows each convolution and ReLU6 the first two; with an
    expansion of 1 the expanding convolution is left out. The shortcut belongs
    to the block, not to the op.

    Attributes:
        kernel: Side of the depthwise kernel, odd.
        expansion: Inner width as a multiple of the input width.

    References:
        Sandler et al., MobileNetV2 (2018): https://arxiv.org/abs/1801.04381
    """

    PATTERN: ClassVar[str] = r"mbconv_k(\d+)_e(\d+)"

    kernel: int
    expansion: int

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

    @property
    def name(self) -> str:
        """The name that `parse_op` reads back, such as `mbconv_k5_e6`."""
        return f"mbconv_k{self.kernel}_e{self.expansion}"

    @property
    def reach(self) -> int:
        """Side of the window that an output pixel sees."""
        return self.kernel

    @classmethod
    def parse(cls, match: re.Match[str]) -> "MBConv":
        """Returns the op that `PATTERN` matched."""
        return cls(int(match[1]), int(match[2]))


ChainOp = Identity | MBConv | Motif | Slot | BranchOp
Op = ChainOp | CellOp | LayerOp
# A layer of a user's own model has no name that could be read back.
FAMILIES: tuple[
    type[Identity | MBConv | Motif | Slot | BranchOp | CellOp], ...
] = (
    Identity,
    MBConv,
    Motif,
    Slot,
    *BRANCH_FAMILIES,
    *CELL_FAMILIES,
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
        *(f"mbconv_k{k}_e{e}" for k in (3, 5, 7) for e in (3, 6)),
        "motif_2.5.00.15.115",
        *(op.name for op in (*NB201_OPS, *DARTS_OPS, *NSE_72_OPS)),
    ]
    raise ValueError(
        f"No op is named {name!r}. Did you mean {nearest_names(name, known)}?"
    )
