"""Decision points: where candidates compete, and the blocks of chains."""

import abc
import dataclasses
import math
from typing import Any, ClassVar

from nse_tf.spaces.branch_ops import BRANCH_FAMILIES
from nse_tf.spaces.motif import Motif
from nse_tf.spaces.ops import ChainOp, Identity, MBConv, Op

# Height, width and channels of a feature map.
Map = tuple[int, int, int]
# What batch norm adds to variances, as in PyTorch, where the published spaces
# come from.
NORM_EPSILON = 1e-5


@dataclasses.dataclass(frozen=True, kw_only=True)
class DecisionPoint(abc.ABC):
    """A point of a network where candidate ops compete.

    This is the contract that every family meets: the choice blocks of chains,
    of multi-branch networks and of users' models, and the edges of cells.

    Attributes:
        name: Unique within a space, such as `stage2_block0`.
        candidates: Every op that ever competes here. Its position is the index
            that genotypes, open branches and rows of weights use.

    Raises:
        ValueError: If there are no candidates, two are equal, or one belongs
            to another family.
    """

    name: str
    candidates: tuple[Op, ...]

    # The families of ops that may compete here.
    FAMILIES: ClassVar[tuple[type[Op], ...]]
    # What messages call it.
    NOUN: ClassVar[str] = "block"

    def __post_init__(self) -> None:
        what = f"{self.NOUN.capitalize()} {self.name!r}"
        names = [op.name for op in self.candidates]
        if not names:
            raise ValueError(f"{what} has no candidates.")
        if len(set(names)) < len(names):
            raise ValueError(f"{what} names an op twice: {names}.")
        for op in self.candidates:
            self.require_family(op)

    @property
    @abc.abstractmethod
    def max_open(self) -> int:
        """How many candidates may be open at once."""

    @property
    @abc.abstractmethod
    def stride(self) -> int:
        """1 or 2; at an edge, that of its first cell."""

    @property
    @abc.abstractmethod
    def in_map(self) -> Map:
        """Height, width and channels of the input; see `stride`."""

    @property
    @abc.abstractmethod
    def out_map(self) -> Map:
        """Height, width and channels of the output; see `stride`."""

    @abc.abstractmethod
    def cost_key(self, op_name: str) -> str:
        """Returns the row of a cost table that holds a candidate.

        Blocks of equal shape share their rows.

        Raises:
            ValueError: If no cost table has rows for it.
        """

    @property
    def min_open(self) -> int:
        """How many candidates must be open."""
        return 1

    @property
    def cells(self) -> tuple[int, ...]:
        """Indices of the cells that it stands in; a chain counts as one."""
        return (0,)

    @property
    def total_channels(self) -> int:
        """Channels of the output, summed over `cells`."""
        return self.out_map[-1]

    @property
    def sets_width(self) -> bool:
        """Whether candidates are widths, which the blocks behind it take."""
        return False

    def details(self) -> dict[str, Any]:
        """Returns what files say beyond name, candidates and `max_open`."""
        return {}

    def require_family(self, op: Op) -> None:
        """Refuses an op that cannot compete here.

        Raises:
            ValueError: If it is of another family.
        """
        if not isinstance(op, self.FAMILIES):
            families = ", ".join(family.__name__ for family in self.FAMILIES)
            raise ValueError(
                f"Op {op.name!r} cannot compete at {self.NOUN} {self.name!r}, "
                f"which takes ops of the families {families}."
            )

    def index_of(self, op_name: str) -> int:
        """Returns the index of a candidate by its name.

        Raises:
            ValueError: If the op does not compete here.
        """
        names = [op.name for op in self.candidates]
        if op_name not in names:
            raise ValueError(
                f"Op {op_name!r} does not compete at {self.NOUN} "
                f"{self.name!r}, whose candidates are {', '.join(names)}."
            )
        return names.index(op_name)


@dataclasses.dataclass(frozen=True, kw_only=True)
class ChoiceBlock(DecisionPoint):
    """One block of a chain and the ops that compete for it.

    The block's output is its shortcut, where it has one, plus the mean of the
    open branches. An open identity adds nothing to the shortcut.

    Attributes:
        in_size: Height and width of the input, in pixels.
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        stride: 1 or 2.
        max_open: How many branches may be open at once.
    """

    candidates: tuple[ChainOp, ...]
    in_size: tuple[int, int]
    in_channels: int
    out_channels: int
    stride: int = 1
    max_open: int = 1

    FAMILIES: ClassVar[tuple[type[Op], ...]] = (Identity, MBConv, Motif)
    # Whether the shortcut is one of what is averaged, and not added to it.
    AVERAGES_SHORTCUT: ClassVar[bool] = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 1 <= self.max_open <= len(self.candidates):
            raise ValueError(
                f"`max_open` of block {self.name!r} is {self.max_open}; it "
                f"must lie between 1 and its {len(self.candidates)} candidates."
            )
        if Identity() in self.candidates and not self.has_shortcut:
            raise ValueError(
                f"Block {self.name!r} changes shape ({self.in_channels} to "
                f"{self.out_channels} channels, stride {self.stride}), so "
                "'identity' cannot compete for it."
            )

    @property
    def has_shortcut(self) -> bool:
        """Whether the input is added to the output."""
        return self.stride == 1 and self.in_channels == self.out_channels

    @property
    def squeeze_excite(self) -> bool:
        """Whether branches weigh their channels before the last convolution."""
        return False

    @property
    def norm_epsilon(self) -> float:
        """What batch norm adds to variances."""
        return NORM_EPSILON

    @property
    def out_size(self) -> tuple[int, int]:
        """Height and width of the output, in pixels."""
        return strided(self.in_size, self.stride)

    @property
    def in_map(self) -> Map:
        """Height, width and channels of the input."""
        return (*self.in_size, self.in_channels)

    @property
    def out_map(self) -> Map:
        """Height, width and channels of the output."""
        return (*self.out_size, self.out_channels)

    def cost_key(self, op_name: str) -> str:
        """Returns the row of a cost table that holds a candidate."""
        in_map, out_map = (
            "x".join(map(str, each)) for each in (self.in_map, self.out_map)
        )
        shortcut = "/shortcut" if self.has_shortcut else ""
        return f"{op_name}/in:{in_map}/out:{out_map}{shortcut}"


@dataclasses.dataclass(frozen=True, kw_only=True)
class BranchBlock(ChoiceBlock):
    """One cell of a multi-branch network and the ops that compete for it.

    Its output is the mean of the open branches and, where the cell keeps its
    shape, of its input. Such a cell may also have no open branch; it is then
    skipped.

    Attributes:
        activation: `relu` or `swish`.
        squeeze_excite: Whether branches weigh their channels before the last
            convolution.

    References:
        Ci et al., NSE (2021), code of the cells:
        https://arxiv.org/abs/2011.10904
    """

    activation: str = "relu"
    squeeze_excite: bool = False

    FAMILIES: ClassVar[tuple[type[Op], ...]] = BRANCH_FAMILIES
    AVERAGES_SHORTCUT: ClassVar[bool] = True

    @property
    def min_open(self) -> int:
        """How many branches must be open."""
        return 0 if self.has_shortcut else 1

    def cost_key(self, op_name: str) -> str:
        """Returns the row of a cost table that holds a candidate."""
        key = super().cost_key(op_name)
        return key + branch_suffix(self.activation, self.squeeze_excite)


def branch_suffix(activation: str, squeeze_excite: bool) -> str:
    """Returns how cost keys of multi-branch networks end."""
    return f"/branches_{activation}{'/squeeze_excite' * squeeze_excite}"


def strided(size: tuple[int, int], stride: int) -> tuple[int, int]:
    """Returns the size of a map after a convolution of that stride."""
    return math.ceil(size[0] / stride), math.ceil(size[1] / stride)
