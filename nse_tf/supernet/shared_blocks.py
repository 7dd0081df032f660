"""What belongs to the candidates of a choice block in a supernet."""

import dataclasses
from collections.abc import Sequence
from typing import Protocol

import keras
import numpy as np


@dataclasses.dataclass(frozen=True, kw_only=True)
class OwnedRows:
    """The weights and statistics of a block's candidates at one decision.

    A row of `open_branches` says which of these candidates are open; only their
    rows compute, get gradients and move. A variable of rank 1 is a single row.
    Where candidates nest, a row has several owners: it is named once for each,
    and may compute and move if one of them is open.

    Attributes:
        decision: Index of that row.
        variable: Weights, `(num_rows, row_length)` or `(row_length,)`. It may
            have rows of other decisions, and padding that nobody owns.
        statistics: Moving statistics, a row beside each row of weights; with
            `shares_rows`, a row for each candidate.
        rows: The rows that candidates own; `(0,)` for a single row.
        candidates: The candidate of each of them. Candidates without weights
            are left out.
        shares_rows: Whether rows may have several owners.
    """

    decision: int
    variable: keras.Variable
    statistics: keras.Variable
    rows: tuple[int, ...]
    candidates: tuple[int, ...]
    shares_rows: bool = False


class SharedBlock(Protocol):
    """One choice block of a supernet, or one edge of all cells of a kind."""

    @property
    def name(self) -> str:
        """The block's name, for messages."""

    @property
    def candidates(self) -> tuple[int, ...]:
        """The candidates that there are weights for, ascending."""

    @property
    def kernel_lengths(self) -> list[list[int]]:
        """How long each kernel of each of `candidates` is, in a row's order."""

    def kernels(self) -> np.ndarray:
        """Returns `(len(candidates), row_length)`: kernels, zeros elsewhere."""

    def owned_rows(self, decisions: Sequence[int]) -> list[OwnedRows]:
        """Returns what its candidates own.

        Args:
            decisions: The rows of `open_branches` that decide about the block,
                cell by cell.
        """
