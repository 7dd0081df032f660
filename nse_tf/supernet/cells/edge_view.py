"""One edge of a cell, seen over all the cells that share its genes."""

from collections.abc import Sequence

import numpy as np

from nse_tf.supernet.cells.packed_cells import CellRows


class EdgeView:
    """The kernels of the candidates of one edge in all cells.

    Their layers hold them cell by cell; angles are told edge by edge.

    Args:
        stages: What holds the cells, input to output.
        edge: Which edge.
    """

    def __init__(self, stages: Sequence[CellRows], edge: int) -> None:
        self._stages, self._edge = stages, edge

    @property
    def kernel_lengths(self) -> list[list[int]]:
        """How long each candidate's kernel is in each cell, in a row's order.

        Empty for a candidate without kernels.
        """
        lengths: list[list[int]] = [[] for _ in self._rows(0)[0]]
        for number, stage in enumerate(self._stages):
            for in_cell in self._rows(number):
                for candidate, row in enumerate(in_cell):
                    lengths[candidate] += stage.angle_kernel_lengths(row)
        return lengths

    def kernels(self) -> np.ndarray:
        """Returns `(num_candidates, row_length)`: kernels, zeros elsewhere.

        Cell after cell without gaps.
        """
        found: list[list[np.ndarray]] = [[] for _ in self._rows(0)[0]]
        for number, stage in enumerate(self._stages):
            values = stage.rows.numpy()
            for in_cell in self._rows(number):
                for candidate, row in enumerate(in_cell):
                    size = sum(stage.angle_kernel_lengths(row))
                    found[candidate].append(values[row, :size])
        joined = [np.concatenate(each) for each in found]
        kernels = np.zeros(
            (len(joined), max(len(each) for each in joined)), np.float32
        )
        for row, values in zip(kernels, joined, strict=True):
            row[: len(values)] = values
        return kernels

    def _rows(self, stage: int) -> np.ndarray:
        """Returns the row of each candidate in each cell of a stage."""
        rows: np.ndarray = self._stages[stage].row_index[:, self._edge]
        return rows
