"""One cell of a DARTS supernet, with all its candidates.

All weights of a cell lie in one matrix, a row for each candidate of each edge
that has any: so a step reads and writes fourteen rows at once.
"""

import functools
from collections.abc import Callable, Sequence

import keras
import numpy as np
import tensorflow as tf

from nse_tf.spaces import Cell, CellGraph, Edge
from nse_tf.supernet.batch_norm import MOMENTUM, moved
from nse_tf.supernet.cell_work import (
    NOTHING,
    OpenEdge,
    constant,
    kind_of,
    looked_up,
    side_of,
)
from nse_tf.supernet.darts_work import MOST_NORMS, EdgeWork
from nse_tf.supernet.layouts import InitialKernels, Piece


class DartsCell(keras.layers.Layer):
    """A cell of two inputs that puts out its inner nodes, concatenated.

    Only the open candidate of an edge computes, only its row of weights gets a
    gradient, and only its row of statistics moves. Batch norm has neither scale
    nor offset; a pooling is followed by one, unlike in a network of its own.

    Args:
        cell: The cell.
        graph: Its graph.
        edges: The edges of its kind, with their candidates.
        rng: Draws the initial weights.
        kernels: How; see `Piece.initial`.

    Call arguments:
        first: One input, brought to the cell's width and size.
        second: The other one.
        slots: The open candidate of each edge, int32 `(num_edges,)`.
        training: Whether to normalize by the batch and move statistics.
        rate: Share of the batch in moved statistics.

    Output shape:
        `(batch, out_height, out_width, num_outputs * channels)`.

    References:
        Liu et al., DARTS (2019): https://arxiv.org/abs/1806.09055
    """

    def __init__(
        self,
        cell: Cell,
        graph: CellGraph,
        edges: Sequence[Edge],
        rng: np.random.Generator,
        kernels: InitialKernels = "fan_in",
    ) -> None:
        super().__init__(name=cell.name)
        self._initial_kernels: InitialKernels = kernels
        self._graph, self._cell = graph, cell
        self._works = [
            EdgeWork(
                edge.candidates,
                cell.channels,
                cell.stride if edge.source < graph.num_inputs else 1,
            )
            for edge in edges
        ]
        self.row_index, self.pieces = _numbered(self._works)
        # The last row is that of whatever has neither weights nor statistics.
        self.kernel_sizes = np.array(
            [sum(each.size for each in row) for row in self.pieces] + [0],
            np.int32,
        )
        num_candidates = self.row_index.shape[2]
        self._kinds = np.zeros((len(edges), num_candidates), np.int32)
        self._sides = np.ones((len(edges), num_candidates), np.int32)
        for row, work in enumerate(self._works):
            for column, op in enumerate(work.ops):
                self._kinds[row, column] = kind_of(op)
                self._sides[row, column] = side_of(op)
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
        statistics = np.zeros(
            (len(rows), MOST_NORMS, 2, self._cell.channels), np.float32
        )
        statistics[:-1, :, 1] = 1.0
        return rows, statistics.reshape(len(rows), -1)

    def initialize(self, rng: np.random.Generator) -> None:
        """Draws all weights and statistics anew."""
        for variable, value in zip(
            (self.rows, self.statistics), self._fresh(rng), strict=True
        ):
            variable.assign(value)

    def call(
        self,
        first: tf.Tensor,
        second: tf.Tensor,
        slots: tf.Tensor,
        training: bool = False,
        rate: tf.Tensor | float = 1.0 - MOMENTUM,
    ) -> tf.Tensor:
        """Returns the cell's output."""
        slots = slots[tf.newaxis]
        rows = tf.gather(self.row_index, slots, batch_dims=2)[0]
        statistics = tf.gather(self.statistics.value, rows)
        opened = [
            OpenEdge(*each)
            for each in zip(
                tf.unstack(looked_up(self._kinds, slots)[0]),
                tf.unstack(looked_up(self._sides, slots)[0]),
                tf.unstack(tf.gather(self.rows.value, rows)),
                tf.unstack(statistics),
                strict=True,
            )
        ]
        seen: list[tf.Tensor] = []

        def brought(
            inputs: tf.Tensor, so_far: tf.Tensor, edge: int
        ) -> tf.Tensor:
            outputs, seen_here = self._run_edge(
                inputs, so_far, edge, opened[edge], training
            )
            seen.append(seen_here)
            return outputs

        outputs = self._run(first, second, brought)
        if training:
            self.statistics.value.scatter_update(
                tf.IndexedSlices(moved(statistics, tf.stack(seen), rate), rows)
            )
        return outputs

    def mix(
        self,
        first: tf.Tensor,
        second: tf.Tensor,
        shares: tf.Tensor,
        active: Sequence[Sequence[int]],
    ) -> tf.Tensor:
        """Returns the cell's output if candidates are mixed.

        Args:
            first: One input.
            second: The other one.
            shares: Of each candidate, `(num_edges, max_candidates)`.
            active: The candidates that run, edge by edge.
        """

        def brought(
            inputs: tf.Tensor, so_far: tf.Tensor, edge: int
        ) -> tf.Tensor:
            for candidate in active[edge]:
                outputs = self._mixed(inputs, edge, candidate)
                outputs *= shares[edge, candidate]
                so_far = outputs if so_far is None else so_far + outputs
            return so_far

        return self._run(first, second, brought)

    def _run(
        self,
        first: tf.Tensor,
        second: tf.Tensor,
        brought: Callable[[tf.Tensor, tf.Tensor, int], tf.Tensor],
    ) -> tf.Tensor:
        """Returns the inner nodes, given what adds an edge to its target."""
        nodes: dict[int, tf.Tensor] = {0: first, 1: second}
        for edge, (source, target) in enumerate(self._graph.edges):
            nodes[target] = brought(nodes[source], nodes.get(target), edge)
        return tf.concat([nodes[node] for node in self._graph.outputs], -1)

    def _run_edge(
        self,
        inputs: tf.Tensor,
        so_far: tf.Tensor | None,
        edge: int,
        opened: OpenEdge,
        training: bool,
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns the target's value so far with what the edge brings."""
        work = self._works[edge]

        def run(kind: int) -> tuple[tf.Tensor, tf.Tensor]:
            if kind == NOTHING and so_far is not None:
                return so_far, opened.statistics
            outputs, seen = work.run(kind, inputs, opened, training)
            return outputs if so_far is None else so_far + outputs, seen

        present = work.kinds
        position = np.searchsorted(present, range(max(present) + 1))
        outputs, seen = tf.switch_case(
            tf.gather(position.astype(np.int32), opened.kind),
            [functools.partial(run, kind) for kind in present],
        )
        outputs.set_shape([None, *self._cell.out_size, self._cell.channels])
        return outputs, seen

    def _mixed(self, inputs: tf.Tensor, edge: int, candidate: int) -> tf.Tensor:
        """Returns what one candidate makes of the inputs, in training mode."""
        row = int(self.row_index[0, edge, candidate])
        kind = int(self._kinds[edge, candidate])
        opened = OpenEdge(
            kind=tf.constant(kind),
            side=tf.constant(int(self._sides[edge, candidate])),
            row=self.rows.value[row],
            statistics=self.statistics.value[row],
        )
        return self._works[edge].run(kind, inputs, opened, training=True)[0]

    def turning_lengths(self, row: int) -> list[int]:
        """Returns how long the kernels of a row are that count in angles.

        Those of a skip connection do not, as published.
        """
        if row == len(self.pieces):
            return []
        return [
            piece.size
            for piece in self.pieces[row]
            if not piece.layer.startswith("half")
        ]

    def values_of(
        self, edge: int, candidate: int
    ) -> tuple[list[np.ndarray], np.ndarray] | None:
        """Returns what a candidate has, if it has anything.

        That is its kernels, and means and variances by batch norm,
        `(2, 2, channels)`.
        """
        row = int(self.row_index[0, edge, candidate])
        if row == len(self.pieces):
            return None
        kernels, start = [], 0
        values = self.rows.numpy()[row]
        for piece in self.pieces[row]:
            kernel = values[start : start + piece.size].reshape(piece.shape)
            kernels.append(kernel)
            start += piece.size
        statistics = self.statistics.numpy()[row]
        return kernels, statistics.reshape(MOST_NORMS, 2, -1)


def _numbered(
    works: Sequence[EdgeWork],
) -> tuple[np.ndarray, list[tuple[Piece, ...]]]:
    """Returns the row of each candidate of each edge, and its kernels.

    Those that have neither kernels nor norms share the row after the last.
    """
    num_candidates = max(len(work.ops) for work in works)
    index = np.full((1, len(works), num_candidates), -1, np.int32)
    pieces: list[tuple[Piece, ...]] = []
    for number, work in enumerate(works):
        for candidate, op in enumerate(work.ops):
            if work.has_norms(op):
                index[0, number, candidate] = len(pieces)
                pieces.append(work.kernels_of(op))
    index[index == -1] = len(pieces)
    return index, pieces
