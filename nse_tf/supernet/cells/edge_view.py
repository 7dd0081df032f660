"""One edge of a cell, seen over all the cells that share its genes."""

from collections.abc import Sequence

import numpy as np

from nse_tf.supernet.cells.packed_cells import PackedCells
from nse_tf.supernet.protocols import OwnedRows


class EdgeView:
    """The candidates of one edge in all cells; a `SharedBlock`.

    Their layers hold them cell by cell; angles are reported edge by edge.

    Args:
        name: The edge's name in the space.
        packed: What holds the cells, input to output.
        edge: Which edge.

    Attributes:
        name: The edge's name.
    """

    def __init__(
        self, name: str, packed: Sequence[PackedCells], edge: int
    ) -> None:
        self.name = name
        self._packed, self._edge = packed, edge

    @property
    def candidates(self) -> tuple[int, ...]:
        """All candidates of the edge; some have no weights at all."""
        return tuple(range(self._rows(self._packed[0]).shape[1]))

    @property
    def kernel_lengths(self) -> list[list[int]]:
        """How long each candidate's kernel is in each cell, in a row's order.

        Empty for a candidate without kernels.
        """
        lengths: list[list[int]] = [[] for _ in self.candidates]
        for layer in self._packed:
            for in_cell in self._rows(layer):
                for candidate, row in enumerate(in_cell):
                    lengths[candidate] += layer.angle_kernel_lengths(row)
        return lengths

    def kernels(self) -> np.ndarray:
        """Returns `(num_candidates, row_length)`: kernels, zeros elsewhere.

        Cell after cell without gaps.
        """
        found: list[list[np.ndarray]] = [[] for _ in self.candidates]
        for layer in self._packed:
            values = layer.rows.numpy()
            for in_cell in self._rows(layer):
                for candidate, row in enumerate(in_cell):
                    size = sum(layer.angle_kernel_lengths(row))
                    # A prefix: the kernels of a row all count, or none does.
                    found[candidate].append(values[row, :size])
        joined = [np.concatenate(each) for each in found]
        kernels = np.zeros(
            (len(joined), max(len(each) for each in joined)), np.float32
        )
        for row, values in zip(kernels, joined, strict=True):
            row[: len(values)] = values
        return kernels

    def owned_rows(self, decisions: Sequence[int]) -> list[OwnedRows]:
        """Returns some rows of a matrix for each cell; see `SharedBlock`."""
        in_cells = [
            (layer, rows)
            for layer in self._packed
            for rows in self._rows(layer)
        ]
        owned = []
        for decision, (layer, rows) in zip(decisions, in_cells, strict=True):
            # Candidates without weights share the row after the last.
            holders = np.flatnonzero(rows < len(layer.pieces))
            owned.append(
                OwnedRows(
                    decision=decision,
                    variable=layer.rows,
                    statistics=layer.statistics,
                    rows=tuple(rows[holders].tolist()),
                    candidates=tuple(holders.tolist()),
                )
            )
        return owned

    def _rows(self, layer: PackedCells) -> np.ndarray:
        """Returns the row of each candidate in each cell of a layer."""
        rows: np.ndarray = layer.row_index[:, self._edge]
        return rows
