"""Choice blocks: which candidates compete for one place."""

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

from nse_tf.spaces.ops import ChainOp, Identity, Op


@dataclasses.dataclass(frozen=True)
class ChoiceBlock:
    """One place of a network and the ops that compete for it.

    The block's output is its shortcut, where it has one, plus the gated sum of
    the open branches. An open identity adds nothing to the shortcut.

    Attributes:
        name: Unique within a space, such as `stage2_block0`.
        candidates: Every op that ever competes here; its order gives each
            candidate the index that genotypes, gates and weight rows use.
        in_size: Height and width of the input, in pixels.
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        stride: 1 or 2.
        max_open: How many branches may be open at once.
    """

    name: str
    candidates: tuple[ChainOp, ...]
    in_size: tuple[int, int]
    in_channels: int
    out_channels: int
    stride: int = 1
    max_open: int = 1

    def __post_init__(self) -> None:
        check_candidates(f"Block {self.name!r}", self.candidates)
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
    def min_open(self) -> int:
        """How many branches must be open."""
        return 1

    @property
    def has_shortcut(self) -> bool:
        """Whether the input is added to the output."""
        return self.stride == 1 and self.in_channels == self.out_channels

    @property
    def out_size(self) -> tuple[int, int]:
        """Height and width of the output, in pixels."""
        return strided(self.in_size, self.stride)

    def details(self) -> dict[str, Any]:
        """Returns what the names of candidates do not tell of the place."""
        return {}

    def index_of(self, op_name: str) -> int:
        """Returns the index of a candidate by its name.

        Raises:
            ValueError: If the op does not compete here.
        """
        return candidate_index(f"block {self.name!r}", self.candidates, op_name)


@dataclasses.dataclass(frozen=True)
class BranchBlock(ChoiceBlock):
    """One cell of a multi-branch network and the ops that compete for it.

    Its output is the plain average of the open branches and, where the cell
    keeps its shape, of its input. Such a cell may also have no open branch,
    and is skipped then.

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

    @property
    def min_open(self) -> int:
        """How many branches must be open."""
        return 0 if self.has_shortcut else 1


def check_candidates(place: str, candidates: Sequence[Op]) -> None:
    """Refuses candidates that are none, or not distinct.

    Raises:
        ValueError: With the place, as text.
    """
    names = [op.name for op in candidates]
    if not names:
        raise ValueError(f"{place} has no candidates.")
    if len(set(names)) < len(names):
        raise ValueError(f"{place} names an op twice: {names}.")


def candidate_index(place: str, candidates: Sequence[Op], op_name: str) -> int:
    """Returns the index of a candidate by its name.

    Raises:
        ValueError: If the op is none of them, with the place as text.
    """
    names = [op.name for op in candidates]
    if op_name not in names:
        raise ValueError(
            f"Op {op_name!r} does not compete for {place}, whose candidates "
            f"are {', '.join(names)}."
        )
    return names.index(op_name)


def strided(size: tuple[int, int], stride: int) -> tuple[int, int]:
    """Returns the size of a map after a convolution of that stride."""
    return math.ceil(size[0] / stride), math.ceil(size[1] / stride)
