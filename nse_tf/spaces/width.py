"""Widths: which part of its channels a stage of a chain has."""

import dataclasses
import re
from typing import ClassVar

from nse_tf.spaces.adaptation import rounded_channels

SMALLEST = 0.01


@dataclasses.dataclass(frozen=True)
class Width:
    """The first channels of a stage, as a share of all of them.

    Attributes:
        factor: The share, from 0.01 to 1.

    Raises:
        ValueError: If it is none.
    """

    PATTERN: ClassVar[str] = r"width_(\d+(?:\.\d+)?)"

    factor: float

    def __post_init__(self) -> None:
        if not SMALLEST <= self.factor <= 1:
            raise ValueError(
                f"A width of a stage must lie between {SMALLEST} and 1, not "
                f"{self.factor}."
            )

    @property
    def name(self) -> str:
        """The name that `parse_op` reads back, such as `width_0.75`."""
        return f"width_{str(self.factor).removesuffix('.0')}"

    @property
    def reach(self) -> int:
        """Side of the window that an output pixel sees."""
        return 1

    def channels(self, all_channels: int) -> int:
        """Returns how many channels there are, in multiples of 8.

        Args:
            all_channels: How many there are at a width of 1.
        """
        if self.factor == 1:
            return all_channels
        return min(all_channels, rounded_channels(all_channels * self.factor))

    @classmethod
    def parse(cls, match: re.Match[str]) -> "Width":
        """Returns the op that `PATTERN` matched."""
        return cls(float(match[1]))
