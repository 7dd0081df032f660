"""What holds the weights of cells: one matrix, a row for each candidate.

A network of cells has some ninety edges with little to do at each, so that
reading, moving and normalizing weights one by one would take longer than the
arithmetic. So all that some cells have lies in one matrix: a step reads the
rows of what is open at once, gets one gradient and writes them at once.
"""

import functools
from collections.abc import Sequence

import keras
import numpy as np
import tensorflow as tf

from nse_tf.spaces import Cell, CellOp
from nse_tf.supernet.cells.edge_ops import (
    OpenEdge,
    constant,
    kind_of,
    looked_up,
    side_of,
)
from nse_tf.supernet.layers.layouts import InitialKernels, Piece


class PackedCells(keras.layers.Layer):
    """Some cells of equal edges and width, with all their candidates.

    Args:
        name: Name of the layer.
        ops: The candidates of each edge.
        pieces: The kernels of each of them in a row; None where a candidate
            has neither kernels nor norms, and so no row.
        cells: The cells, input to output.
        num_norms: Most batch norms that a candidate has.
        rng: Draws the initial weights.
        kernels: How kernels are drawn; see `Piece.initial`.

    Attributes:
        cells: The cells.
        row_index: The row of each candidate, `(num_cells, num_edges,
            max_candidates)`. Those without one share the row after the last.
        pieces: The kernels of each row.
        kernel_sizes: How long they are together.
        rows: The matrix of weights.
        statistics: Means and variances by batch norm, a row beside each.
    """

    def __init__(
        self,
        name: str,
        ops: Sequence[Sequence[CellOp]],
        pieces: Sequence[Sequence[tuple[Piece, ...] | None]],
        cells: Sequence[Cell],
        num_norms: int,
        rng: np.random.Generator,
        kernels: InitialKernels,
    ) -> None:
        super().__init__(name=name)
        self._initial_kernels: InitialKernels = kernels
        self.cells = tuple(cells)
        self._norms_shape = (num_norms, 2, cells[0].channels)
        self.row_index, self.pieces = _numbered(len(cells), pieces)
        self.kernel_sizes = np.array(
            [sum(each.size for each in row) for row in self.pieces] + [0],
            np.int32,
        )
        self._kinds = np.zeros(self.row_index.shape[1:], np.int32)
        self._sides = np.ones(self.row_index.shape[1:], np.int32)
        for edge, candidates in enumerate(ops):
            for column, op in enumerate(candidates):
                self._kinds[edge, column] = kind_of(op)
                self._sides[edge, column] = side_of(op)
        fresh = self._fresh(rng)
        self.rows, self.statistics = (
            self.add_weight(
                name=weight,
                shape=value.shape,
                initializer=functools.partial(constant, value),
                trainable=weight == "rows",
            )
            for weight, value in zip(("rows", "statistics"), fresh, strict=True)
        )
        self.built = True

    def _fresh(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Returns fresh matrices of weights and statistics."""
        rows = np.zeros(
            (len(self.kernel_sizes), self.kernel_sizes.max(initial=1)),
            np.float32,
        )
        for row, pieces in zip(rows, self.pieces, strict=False):
            drawn = [
                piece.initial(rng, self._initial_kernels).ravel()
                for piece in pieces
            ]
            values = np.concatenate([*drawn, np.empty(0, np.float32)])
            row[: len(values)] = values
        statistics = np.zeros((len(rows), *self._norms_shape), np.float32)
        # Variances begin at one; the shared last row stays zero.
        statistics[:-1, :, 1] = 1.0
        return rows, statistics.reshape(len(rows), -1)

    def initialize(self, rng: np.random.Generator) -> None:
        """Draws all weights and statistics again."""
        for variable, value in zip(
            (self.rows, self.statistics), self._fresh(rng), strict=True
        ):
            variable.assign(value)

    def by_cell(self, open_branches: tf.Tensor) -> tf.Tensor:
        """Returns the open candidates as `(num_cells, num_edges)`."""
        return tf.reshape(open_branches, self.row_index.shape[:2])

    def open_edges(
        self,
        candidates: tf.Tensor,
        kinds: tf.Tensor,
        rows: tf.Tensor,
        statistics: tf.Tensor,
    ) -> list[OpenEdge]:
        """Returns what is open at each edge of each cell, cell by cell.

        Args:
            candidates: The open ones, int32 `(num_cells, num_edges)`.
            kinds: What they have to do, of that shape.
            rows: Their rows, one after another.
            statistics: The statistics of these rows.
        """
        sides = looked_up(self._sides, candidates)
        return [
            OpenEdge(*each)
            for each in zip(
                tf.unstack(tf.reshape(kinds, [-1])),
                tf.unstack(tf.reshape(sides, [-1])),
                tf.unstack(tf.gather(self.rows.value, rows)),
                tf.unstack(statistics),
                strict=True,
            )
        ]

    def open_edges_together(
        self, active: Sequence[Sequence[int]]
    ) -> dict[tuple[int, int, int], OpenEdge]:
        """Returns what a mixture reads, by cell, edge and candidate.

        All rows are gathered at once, so that the gradient is that of these
        rows, each named once; a slice would make it one of the whole matrix.

        Args:
            active: The candidates that run, edge by edge.
        """
        places = [
            (cell, edge, candidate)
            for cell in range(len(self.cells))
            for edge, indices in enumerate(active)
            for candidate in indices
        ]
        numbers = [int(self.row_index[place]) for place in places]
        rows, positions = np.unique(numbers, return_inverse=True)
        values = tf.unstack(tf.gather(self.rows.value, rows))
        statistics = tf.unstack(tf.gather(self.statistics.value, rows))
        return {
            place: OpenEdge(
                kind=tf.constant(int(self._kinds[place[1:]])),
                side=tf.constant(int(self._sides[place[1:]])),
                row=values[position],
                statistics=statistics[position],
            )
            for place, position in zip(places, positions.tolist(), strict=True)
        }

    @property
    def extra_pieces(self) -> list[tuple[Piece, ...]]:
        """The kernels of extra skips, edge by edge; of those that have some."""
        return []

    def extra_kernels(self, rng: np.random.Generator) -> np.ndarray:
        """Returns fresh kernels of extra skips, a row for each that has some.

        Args:
            rng: Draws them.
        """
        return np.stack(
            [
                np.concatenate(
                    [
                        piece.initial(rng, self._initial_kernels).ravel()
                        for piece in pieces
                    ]
                )
                for pieces in self.extra_pieces
            ]
        )

    def angle_kernel_lengths(self, row: int) -> list[int]:
        """Returns how long the kernels of a row are that count in angles.

        Those of a skip connection that halves do not, as published.
        """
        if row == len(self.pieces):
            return []
        return [
            piece.size
            for piece in self.pieces[row]
            if not piece.layer.startswith("half")
        ]

    def values_of(
        self, cell: int, edge: int, candidate: int
    ) -> tuple[list[np.ndarray], np.ndarray] | None:
        """Returns what a candidate has, if it has anything.

        That is its kernels, and means and variances by batch norm,
        `(num_norms, 2, channels)`.
        """
        row = int(self.row_index[cell, edge, candidate])
        if row == len(self.pieces):
            return None
        kernels, start = [], 0
        values = self.rows.numpy()[row]
        for piece in self.pieces[row]:
            kernel = values[start : start + piece.size].reshape(piece.shape)
            kernels.append(kernel)
            start += piece.size
        statistics = self.statistics.numpy()[row]
        return kernels, statistics.reshape(self._norms_shape)


def _numbered(
    num_cells: int, pieces: Sequence[Sequence[tuple[Piece, ...] | None]]
) -> tuple[np.ndarray, list[tuple[Piece, ...]]]:
    """Returns the row of each candidate, and the kernels of each row."""
    num_candidates = max(len(of_edge) for of_edge in pieces)
    shape = (num_cells, len(pieces), num_candidates)
    row_index = np.full(shape, -1, np.int32)
    rows: list[tuple[Piece, ...]] = []
    for cell in range(num_cells):
        for edge, of_edge in enumerate(pieces):
            for candidate, row in enumerate(of_edge):
                if row is not None:
                    # Weights are drawn in this order, which is therefore part
                    # of what a seed means.
                    row_index[cell, edge, candidate] = len(rows)
                    rows.append(row)
    row_index[row_index == -1] = len(rows)
    return row_index, rows
