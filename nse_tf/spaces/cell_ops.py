"""Candidate operations of cells: what an edge may do to its input.

Names are those of NAS-Bench-201 and DARTS, so that their genotypes read.
"""

import dataclasses
import re
from typing import ClassVar


@dataclasses.dataclass(frozen=True)
class Zero:
    """No connection: the edge brings zeros and breaks every path through it."""

    PATTERN: ClassVar[str] = r"none"

    @property
    def name(self) -> str:
        """The name that `parse_op` reads back."""
        return "none"

    @classmethod
    def parse(cls, match: re.Match[str]) -> "Zero":
        """Returns the op that `PATTERN` matched."""
        del match
        return cls()


@dataclasses.dataclass(frozen=True)
class SkipConnect:
    """Hands its input on; at stride 2 through a factorized reduction.

    A factorized reduction is ReLU, two 1×1 convolutions of stride 2, one of
    them a pixel off, each for half of the channels, and batch norm.
    """

    PATTERN: ClassVar[str] = r"skip_connect"

    @property
    def name(self) -> str:
        """The name that `parse_op` reads back."""
        return "skip_connect"

    @classmethod
    def parse(cls, match: re.Match[str]) -> "SkipConnect":
        """Returns the op that `PATTERN` matched."""
        del match
        return cls()


@dataclasses.dataclass(frozen=True)
class Pool:
    """3×3 pooling; an average leaves the padding out of its count.

    Attributes:
        kind: `avg` or `max`.
    """

    PATTERN: ClassVar[str] = r"(avg|max)_pool_3x3"

    kind: str

    def __post_init__(self) -> None:
        if self.kind not in ("avg", "max"):
            raise ValueError(
                f"`kind` of a pooling must be 'avg' or 'max', not "
                f"{self.kind!r}."
            )

    @property
    def name(self) -> str:
        """The name that `parse_op` reads back, such as `avg_pool_3x3`."""
        return f"{self.kind}_pool_3x3"

    @classmethod
    def parse(cls, match: re.Match[str]) -> "Pool":
        """Returns the op that `PATTERN` matched."""
        return cls(match[1])


@dataclasses.dataclass(frozen=True)
class _KernelOp:
    """What the convolutions share: a kernel of odd side."""

    kernel: int

    def __post_init__(self) -> None:
        if self.kernel < 1 or self.kernel % 2 == 0:
            raise ValueError(
                f"`kernel` of a {type(self).__name__} must be odd and "
                f"positive, not {self.kernel}; use 3 or 5."
            )


@dataclasses.dataclass(frozen=True)
class NorConv(_KernelOp):
    """ReLU, k×k convolution, batch norm (NAS-Bench-201).

    Attributes:
        kernel: Side of the kernel, odd.
    """

    PATTERN: ClassVar[str] = r"nor_conv_(\d+)x\1"

    @property
    def name(self) -> str:
        """The name that `parse_op` reads back, such as `nor_conv_3x3`."""
        return f"nor_conv_{self.kernel}x{self.kernel}"

    @classmethod
    def parse(cls, match: re.Match[str]) -> "NorConv":
        """Returns the op that `PATTERN` matched."""
        return cls(int(match[1]))


@dataclasses.dataclass(frozen=True)
class SepConv(_KernelOp):
    """Twice ReLU, k×k depthwise, 1×1 convolution, batch norm (DARTS).

    Attributes:
        kernel: Side of the depthwise kernels, odd.
    """

    PATTERN: ClassVar[str] = r"sep_conv_(\d+)x\1"

    @property
    def name(self) -> str:
        """The name that `parse_op` reads back, such as `sep_conv_5x5`."""
        return f"sep_conv_{self.kernel}x{self.kernel}"

    @classmethod
    def parse(cls, match: re.Match[str]) -> "SepConv":
        """Returns the op that `PATTERN` matched."""
        return cls(int(match[1]))


@dataclasses.dataclass(frozen=True)
class DilConv(_KernelOp):
    """ReLU, k×k depthwise of dilation 2, 1×1 convolution, batch norm (DARTS).

    Attributes:
        kernel: Side of the depthwise kernel, odd.
    """

    PATTERN: ClassVar[str] = r"dil_conv_(\d+)x\1"

    @property
    def name(self) -> str:
        """The name that `parse_op` reads back, such as `dil_conv_3x3`."""
        return f"dil_conv_{self.kernel}x{self.kernel}"

    @classmethod
    def parse(cls, match: re.Match[str]) -> "DilConv":
        """Returns the op that `PATTERN` matched."""
        return cls(int(match[1]))


CellOp = Zero | SkipConnect | Pool | NorConv | SepConv | DilConv
CELL_FAMILIES: tuple[type[CellOp], ...] = (
    Zero,
    SkipConnect,
    Pool,
    NorConv,
    SepConv,
    DilConv,
)

NB201_OPS: tuple[CellOp, ...] = (
    Zero(),
    SkipConnect(),
    NorConv(1),
    NorConv(3),
    Pool("avg"),
)
DARTS_OPS: tuple[CellOp, ...] = (
    Zero(),
    Pool("max"),
    Pool("avg"),
    SkipConnect(),
    SepConv(3),
    SepConv(5),
    DilConv(3),
    DilConv(5),
)
