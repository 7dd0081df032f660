"""Slots: candidates whose cells a job names, and may change."""

import dataclasses
import re
from typing import ClassVar


@dataclasses.dataclass(frozen=True)
class Slot:
    """A place for a motif: what it computes is said by each training job.

    While cells evolve, a supernet has slots in place of candidates, so that a
    space, its genotypes and its rows of weights stay as they are when a cell
    gives way to another.

    Attributes:
        number: Which slot of its choice block, counted from 0.
    """

    PATTERN: ClassVar[str] = r"slot_(\d+)"

    number: int

    @property
    def name(self) -> str:
        """The name that `parse_op` reads back, such as `slot_2`."""
        return f"slot_{self.number}"

    @property
    def reach(self) -> int:
        """Side of the window that an output pixel sees at least."""
        return 1

    @classmethod
    def parse(cls, match: re.Match[str]) -> "Slot":
        """Returns the op that `PATTERN` matched."""
        return cls(int(match[1]))
