"""Skeletons: what all networks of a space share, whatever their family."""

import abc
import dataclasses
import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Self

from nse_tf.spaces.blocks import DecisionPoint
from nse_tf.spaces.ops import Op, parse_op

# How fields are read from JSON, by name.
Readers = Mapping[str, Callable[[Any], Any]]

# More channels, pixels, blocks or classes than any network has.
LARGEST = 1_000_000


def _image_size(value: Any) -> tuple[int, int]:
    height, width = value
    return operator.index(height), operator.index(width)


def read_bool(value: Any) -> bool:
    """Returns a truth value of JSON.

    Raises:
        TypeError: If it is no whole number.
    """
    return bool(operator.index(value))


@dataclasses.dataclass(frozen=True, kw_only=True)
class Skeleton(abc.ABC):
    """The contract of every family's skeleton.

    A skeleton says which decision points a space has, and what everybody above
    this package needs to know about a family without knowing which one it is.

    Attributes:
        image_size: Height and width of the input, in pixels.
        image_channels: Channels of the input.
        num_classes: Outputs of the classifier.
    """

    image_size: tuple[int, int]
    image_channels: int
    num_classes: int

    # Name of the kind, in files and as a key of tables by kind.
    KIND: ClassVar[str]
    # What a space of this kind is, for messages.
    NOUN: ClassVar[str]
    # What to do where another kind is needed, for messages.
    HINT: ClassVar[str] = ""
    # Kinds that are older than the field `kind` go without it in files, since
    # every fingerprint would change with it.
    WRITES_KIND: ClassVar[bool] = True
    # How to read the fields that are no whole numbers.
    READERS: ClassVar[Readers] = {"image_size": _image_size}

    @abc.abstractmethod
    def blocks(
        self,
        candidates: Sequence[Sequence[Op]],
        max_open: Sequence[int] | None = None,
    ) -> tuple[DecisionPoint, ...]:
        """Returns the decision points with these candidates, input to output.

        Args:
            candidates: The candidates of each decision point.
            max_open: How many of them may be open at once; None for one.

        Raises:
            ValueError: If there are too many or too few, or a candidate cannot
                compete there.
        """

    @property
    @abc.abstractmethod
    def classifier_channels(self) -> int | None:
        """Inputs of the classifier; None where it is not ours to know."""

    @property
    def kind(self) -> str:
        """Name of the kind, a key for tables by kind."""
        return self.KIND

    @property
    def opens_subsets(self) -> bool:
        """Whether a genotype opens any subset of a block's candidates.

        Candidates then have fitness indicators, each a probability of being
        open, in place of architecture parameters that share a softmax.
        """
        return False

    @property
    def decides_widths(self) -> bool:
        """Whether some decision points choose widths; see `stage_widths`."""
        return False

    @property
    def gates(self) -> tuple[str, ...]:
        """What ProxylessNAS's architecture steps can run, the default first.

        `two` candidates of each block, or the `full` list of them.
        """
        return ("two",)

    @property
    def cell_kinds(self) -> tuple[str, ...]:
        """The kinds of cells with genes of their own; none without cells."""
        return ()

    @property
    def inputs_per_node(self) -> int | None:
        """How many edges lead to an inner node in a genotype; None for all."""
        return None

    @property
    def partial_depths(self) -> range:
        """How many cells a supernet may have on its way to all of them.

        Empty where networks do not grow cell by cell; else it stops at the
        number of all cells.
        """
        return range(0)

    @property
    def shallower_depths(self) -> range:
        """How many cells a supernet may have that has fewer than all.

        None of these cells need be those of the whole network, as they are in
        `partial_depths`.
        """
        return self.partial_depths

    @property
    def cell_roles(self) -> tuple[str, ...]:
        """Names of the cells that they keep while others are inserted."""
        return ()

    def with_fewer_cells(self, num_cells: int) -> "Skeleton":
        """Returns the skeleton with fewer cells.

        Args:
            num_cells: One of `shallower_depths`.

        Raises:
            ValueError: If it is none of them.
        """
        if not self.shallower_depths:
            raise ValueError(
                f"Networks with the skeleton {self.kind!r} do not grow cell by "
                "cell; those with DARTS's skeleton do, as in the space 'darts'."
            )
        raise ValueError(
            f"`num_cells` is {num_cells}; while networks grow to their "
            f"{self.shallower_depths.stop} cells there are "
            f"{self.shallower_depths[0]} to {self.shallower_depths[-1]}."
        )

    def require_extras(self, given: Mapping[str, float]) -> None:
        """Refuses what only DARTS's networks are trained with.

        Args:
            given: Numbers above 0 of an auxiliary classifier or of drop-path,
                by name.

        Raises:
            ValueError: If one is given that networks here cannot have.
        """
        for name, value in given.items():
            raise ValueError(
                f"`{name}` is {value}, but only the cells of DARTS are trained "
                "with it, as in the space 'darts_cifar', not networks with the "
                f"skeleton {self.kind!r}: leave it at 0."
            )

    def resized(
        self, num_cells: int | None, channels: int | None
    ) -> "Skeleton":
        """Returns the skeleton with more or wider cells of the same kinds.

        Args:
            num_cells: How many cells; None leaves it.
            channels: Width of the first ones; None leaves it.

        Raises:
            ValueError: If it has no cells, or a number is too small.
        """
        del num_cells, channels
        raise ValueError(
            f"networks with the skeleton {self.kind!r} are not made of equal "
            "cells, as those of the spaces 'darts_cifar' and 'nb201' are"
        )

    @property
    def is_tabular(self) -> bool:
        """Whether it is a tabular benchmark: few networks, all of them known.

        Each of them can then be scored by itself.
        """
        return False

    @property
    def measures_blocks(self) -> bool:
        """Whether a cost table can hold its blocks; see `cost_keys`."""
        return False

    @property
    def measures_all(self) -> bool:
        """Whether every candidate has a row, or those with a convolution."""
        return False

    @property
    def cost_keys(self) -> tuple[str, ...]:
        """The rows of a cost table that hold what all networks share.

        Raises:
            ValueError: If no cost table has rows for it.
        """
        raise ValueError(
            "Cost tables hold chains of blocks, such as the space 'spos', not "
            f"networks with the skeleton {self.kind!r}. Limit MACs or "
            "parameters instead."
        )

    def to_json(self) -> dict[str, Any]:
        """Returns the skeleton as a JSON value."""
        fields = dataclasses.asdict(self)
        return {**fields, "kind": self.KIND} if self.WRITES_KIND else fields

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Returns the skeleton that `to_json` wrote.

        Raises:
            TypeError: If a field is missing, unknown or of another type.
            ValueError: If a number is out of range.
        """
        return cls(
            **{
                name: cls.READERS.get(name, operator.index)(each)
                for name, each in value.items()
                if name != "kind" or not cls.WRITES_KIND
            }
        )

    def blocks_from_json(
        self, value: Sequence[Mapping[str, Any]]
    ) -> tuple[DecisionPoint, ...]:
        """Returns the decision points that a file lists.

        Raises:
            KeyError: If a field is missing.
            TypeError: If a field is of another type.
            ValueError: If an op is unknown, or as of `blocks`.
        """
        candidates = []
        for block in value:
            try:
                candidates.append([parse_op(op) for op in block["candidates"]])
            except ValueError as error:
                raise ValueError(
                    f"Candidates of block {block.get('name')!r}: {error}"
                ) from error
        return self.blocks(
            candidates, [operator.index(block["max_open"]) for block in value]
        )


def require_at_most(name: str, number: int) -> None:
    """Refuses a number of channels, pixels or the like that is no such thing.

    Raises:
        ValueError: If it is above `LARGEST`; names it.
    """
    if number > LARGEST:
        raise ValueError(f"`{name}` must be at most {LARGEST:,}, not {number}.")


def require_at_least(skeleton: Skeleton, least: Mapping[str, int]) -> None:
    """Refuses a skeleton whose numbers are too small, or above `LARGEST`.

    Raises:
        ValueError: With the name of the first such field.
    """
    for name, bound in least.items():
        require_at_most(name, getattr(skeleton, name))
        if getattr(skeleton, name) < bound:
            raise ValueError(
                f"`{name}` must be at least {bound}, not "
                f"{getattr(skeleton, name)}."
            )


def require_pixels(skeleton: Skeleton, total_stride: int) -> None:
    """Refuses images that the strides would leave nothing of.

    Raises:
        ValueError: If a side has fewer pixels than `total_stride`, or more
            than `LARGEST`.
    """
    height, width = skeleton.image_size
    require_at_most("image_size", max(height, width))
    if min(height, width) < total_stride:
        raise ValueError(
            f"`image_size` {height}x{width} is too small for the strides, "
            f"which divide it by {total_stride}. Use at least {total_stride} "
            "pixels, or a space with fewer strides."
        )
