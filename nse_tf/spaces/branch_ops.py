"""Branches of multi-branch cells, as the convolutions that they are made of."""

import dataclasses
import re
from typing import ClassVar


@dataclasses.dataclass(frozen=True, kw_only=True)
class ConvStep:
    """One convolution of a branch, without bias; batch norm follows.

    Attributes:
        name: Name of its layer, such as `expand`.
        kernel: Height and width.
        strides: Down and across.
        dilation: Distance of the kernel's taps.
        groups: How many groups channels are divided into; as many as there are
            channels for a depthwise convolution.
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        is_activated: Whether an activation follows.
    """

    name: str
    kernel: tuple[int, int]
    strides: tuple[int, int]
    dilation: int
    groups: int
    in_channels: int
    out_channels: int
    is_activated: bool = True

    @property
    def is_depthwise(self) -> bool:
        """Whether each channel has a kernel of its own."""
        return self.name == "depthwise"


def _conv(
    name: str,
    channels: tuple[int, int],
    kernel: tuple[int, int] = (1, 1),
    strides: tuple[int, int] = (1, 1),
    groups: int = 1,
    *,
    is_activated: bool = True,
) -> ConvStep:
    in_channels, out_channels = channels
    return ConvStep(
        name=name,
        kernel=kernel,
        strides=strides,
        dilation=1,
        groups=groups,
        in_channels=in_channels,
        out_channels=out_channels,
        is_activated=is_activated,
    )


def narrowed(channels: int) -> int:
    """Returns the width inside squeeze-and-excite: a quarter, rounded down."""
    return channels // 4


@dataclasses.dataclass(frozen=True)
class LinearBottleneck:
    """1×1 expand, k×k depthwise, 1×1 project; no shortcut.

    An expansion of 1 still has its first convolution.

    Attributes:
        kernel: Side of the depthwise kernel, odd.
        expansion: Inner width as a multiple of the input width.
        dilation: Distance of the depthwise kernel's taps.
        groups: Groups of the first and of the last convolution.

    References:
        Ci et al., NSE (2021), code of the search spaces:
        https://arxiv.org/abs/2011.10904
    """

    PATTERN: ClassVar[str] = r"lb_k(\d+)_e(\d+)(?:_d(\d+))?(?:_g(\d+)x(\d+))?"

    kernel: int
    expansion: int
    dilation: int = 1
    groups: tuple[int, int] = (1, 1)

    def __post_init__(self) -> None:
        _check(self, self.kernel, self.expansion)
        if min(self.dilation, *self.groups) < 1:
            raise ValueError(
                "`dilation` and `groups` of a LinearBottleneck must be at "
                f"least 1, not {self.dilation} and {self.groups}."
            )

    @property
    def name(self) -> str:
        """The name that `parse_op` reads back, such as `lb_k3_e6_d2`."""
        dilation = f"_d{self.dilation}" if self.dilation > 1 else ""
        first, last = self.groups
        groups = f"_g{first}x{last}" if self.groups != (1, 1) else ""
        return f"lb_k{self.kernel}_e{self.expansion}{dilation}{groups}"

    @classmethod
    def parse(cls, match: re.Match[str]) -> "LinearBottleneck":
        """Returns the op that `PATTERN` matched."""
        kernel, expansion, *rest = (int(each or 1) for each in match.groups())
        return cls(kernel, expansion, rest[0], (rest[1], rest[2]))

    @property
    def reach(self) -> int:
        """Side of the window that an output pixel sees."""
        return self.dilation * (self.kernel - 1) + 1

    def steps(
        self, in_channels: int, out_channels: int, stride: int
    ) -> tuple[ConvStep, ...]:
        """Returns the convolutions, input to output.

        Raises:
            ValueError: If groups do not divide the channels.
        """
        inner = in_channels * self.expansion
        first, last = self.groups
        if in_channels % first or inner % first or out_channels % last:
            raise ValueError(
                f"The groups of {self.name!r} do not divide {in_channels} to "
                f"{out_channels} channels."
            )
        return (
            _conv("expand", (in_channels, inner), groups=first),
            ConvStep(
                name="depthwise",
                kernel=(self.kernel, self.kernel),
                strides=(stride, stride),
                dilation=self.dilation,
                groups=inner,
                in_channels=inner,
                out_channels=inner,
            ),
            _conv(
                "project",
                (inner, out_channels),
                groups=last,
                is_activated=False,
            ),
        )


@dataclasses.dataclass(frozen=True)
class RectangularConv:
    """1×1 expand, full 1×k, full k×1, 1×1 project; no shortcut.

    The stride of a block is taken across by the first, down by the second.

    Attributes:
        kernel: Length of the two kernels, odd.
        expansion: Inner width as a multiple of the input width.

    References:
        See `LinearBottleneck`.
    """

    PATTERN: ClassVar[str] = r"rec_k(\d+)_e(\d+)"

    kernel: int
    expansion: int

    def __post_init__(self) -> None:
        _check(self, self.kernel, self.expansion)

    @property
    def name(self) -> str:
        """The name that `parse_op` reads back, such as `rec_k5_e2`."""
        return f"rec_k{self.kernel}_e{self.expansion}"

    @classmethod
    def parse(cls, match: re.Match[str]) -> "RectangularConv":
        """Returns the op that `PATTERN` matched."""
        return cls(int(match[1]), int(match[2]))

    @property
    def reach(self) -> int:
        """Side of the window that an output pixel sees."""
        return self.kernel

    def steps(
        self, in_channels: int, out_channels: int, stride: int
    ) -> tuple[ConvStep, ...]:
        """Returns the convolutions, input to output."""
        inner = in_channels * self.expansion
        return (
            _conv("expand", (in_channels, inner)),
            _conv("across", (inner, inner), (1, self.kernel), (1, stride)),
            _conv("down", (inner, inner), (self.kernel, 1), (stride, 1)),
            _conv("project", (inner, out_channels), is_activated=False),
        )


@dataclasses.dataclass(frozen=True)
class NormalConv:
    """1×1 expand, one or two full 3×3, 1×1 project; no shortcut.

    Attributes:
        expansion: Inner width as a multiple of the input width.
        depth: How many 3×3 convolutions, 1 or 2; the last has the stride.

    References:
        See `LinearBottleneck`; there depth 2 is called a dual convolution.
    """

    PATTERN: ClassVar[str] = r"(nc|dc)_k3_e(\d+)"

    expansion: int
    depth: int = 1

    def __post_init__(self) -> None:
        _check(self, 3, self.expansion)
        if self.depth not in (1, 2):
            raise ValueError(
                f"`depth` of a NormalConv must be 1 or 2, not {self.depth}."
            )

    @property
    def name(self) -> str:
        """The name that `parse_op` reads back: `nc_k3_e2` or `dc_k3_e2`."""
        return f"{'nc' if self.depth == 1 else 'dc'}_k3_e{self.expansion}"

    @classmethod
    def parse(cls, match: re.Match[str]) -> "NormalConv":
        """Returns the op that `PATTERN` matched."""
        return cls(int(match[2]), 1 if match[1] == "nc" else 2)

    @property
    def reach(self) -> int:
        """Side of the window that an output pixel sees."""
        return 3 if self.depth == 1 else 5

    def steps(
        self, in_channels: int, out_channels: int, stride: int
    ) -> tuple[ConvStep, ...]:
        """Returns the convolutions, input to output."""
        inner = in_channels * self.expansion
        last = self.depth - 1
        return (
            _conv("expand", (in_channels, inner)),
            *(
                _conv(
                    f"conv{number}",
                    (inner, inner),
                    (3, 3),
                    (stride, stride) if number == last else (1, 1),
                )
                for number in range(self.depth)
            ),
            _conv("project", (inner, out_channels), is_activated=False),
        )


BranchOp = LinearBottleneck | RectangularConv | NormalConv
BRANCH_FAMILIES: tuple[type[BranchOp], ...] = (
    LinearBottleneck,
    RectangularConv,
    NormalConv,
)


def _check(op: object, kernel: int, expansion: int) -> None:
    """Refuses numbers that no branch has."""
    kind = type(op).__name__
    if kernel < 1 or kernel % 2 == 0:
        raise ValueError(
            f"`kernel` of a {kind} must be odd and positive, not {kernel}; use "
            "3, 5 or 7."
        )
    if expansion < 1:
        raise ValueError(
            f"`expansion` of a {kind} must be at least 1, not {expansion}."
        )


_RECTANGULAR = tuple(
    RectangularConv(kernel, expansion)
    for kernel in (5, 7)
    for expansion in (1, 2, 4)
)
_BOTTLENECKS = tuple(
    LinearBottleneck(kernel, expansion, dilation)
    for kernel in (3, 5, 7, 9, 11)
    for expansion in (1, 3, 6)
    for dilation in ((1, 2, 3) if kernel == 3 else (1,))
)
_GROUPED = tuple(
    LinearBottleneck(kernel, expansion, groups=groups)
    for kernel in (3, 5, 7, 9, 11)
    for expansion in (1, 3, 6)
    for groups in ((1, 2), (2, 1), (2, 2))
)

# The published pools, in the order that their genotypes count by.
NSE_27_OPS: tuple[BranchOp, ...] = (*_BOTTLENECKS, *_RECTANGULAR)
NSE_72_OPS: tuple[BranchOp, ...] = (*NSE_27_OPS, *_GROUPED)
NSE_GPU_OPS: tuple[BranchOp, ...] = (
    *(
        LinearBottleneck(kernel, expansion)
        for kernel in (3, 5, 7)
        for expansion in (1, 3, 6)
    ),
    *(NormalConv(expansion, depth) for depth in (1, 2) for expansion in (1, 2)),
    *_RECTANGULAR,
)
# Thirteen of the 27, for small images: what a map of 16 pixels can use.
NSE_SMALL_OPS: tuple[BranchOp, ...] = (
    *(
        LinearBottleneck(kernel, expansion)
        for kernel in (3, 5, 7)
        for expansion in (1, 3, 6)
    ),
    *(LinearBottleneck(3, expansion, 2) for expansion in (1, 3)),
    RectangularConv(5, 1),
    RectangularConv(5, 2),
)
