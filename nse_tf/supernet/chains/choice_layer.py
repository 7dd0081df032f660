"""ChoiceLayer: candidates side by side, of which some are open."""

import functools
from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from nse_tf.spaces import ChainOp, ChoiceBlock, MBConv, Motif
from nse_tf.spaces.open_branches import INACTIVE
from nse_tf.supernet.chains.mbconv import MBConvPrimitive
from nse_tf.supernet.chains.motif import MotifPrimitive
from nse_tf.supernet.layers.batch_norm import MOMENTUM, moved
from nse_tf.supernet.layers.layouts import (
    Layout,
    layout_of,
    matrix_of,
    packed,
    unpacked,
)
from nse_tf.supernet.protocols import OwnedRows

Branch = Callable[..., tuple[tf.Tensor, tf.Tensor]]


class ChoiceLayer(keras.layers.Layer):
    """One choice block of a supernet with all its candidates.

    An argument says which branches are open; the layer never chooses. Only open
    branches compute; only their rows of weights get a gradient, and only their
    rows of statistics move. Each open branch is read from the matrix of weights
    by its index, so neither the graph nor the time grows with the candidates.

    Args:
        block: The block.
        rng: Draws the initial weights.

    Call arguments:
        inputs: `(batch, height, width, in_channels)`.
        open_branches: Indices of the open candidates, int32 `(max_open,)`,
            padded by `INACTIVE`. Those that compute have equal shares of the
            output.
        training: Whether to normalize by the batch and move statistics.
        rate: Share of the batch in moved statistics.

    Output shape:
        `(batch, out_height, out_width, out_channels)`.
    """

    def __init__(
        self, block: ChoiceBlock, rng: np.random.Generator, **kwargs: object
    ) -> None:
        super().__init__(name=block.name, **kwargs)
        self.block = block
        self.kernel_sizes = self._sizes_of_kernels()
        weights, statistics = self._fresh(rng)
        self.rows = self.add_weight(
            name="rows",
            shape=weights.shape,
            initializer=lambda shape, dtype: tf.constant(weights, dtype),
        )
        self.statistics = self.add_weight(
            name="statistics",
            shape=statistics.shape,
            initializer=lambda shape, dtype: tf.constant(statistics, dtype),
            trainable=False,
        )
        self._branches, self._kinds = self._make_branches()
        self.built = True

    @functools.cached_property
    def layouts(self) -> tuple[Layout, ...]:
        """How the weights of each candidate lie in a row."""
        return tuple(layout_of(op, block) for op, block in self._placed)

    @property
    def _placed(self) -> Sequence[tuple[ChainOp, ChoiceBlock]]:
        """Each candidate, and the block in the shape that it has there."""
        return [(op, self.block) for op in self.block.candidates]

    def _sizes_of_kernels(self) -> Any:
        """Returns how many numbers at each row's start are kernels, int32."""
        return np.array(
            [layout.kernel_size for layout in self.layouts] + [0], np.int32
        )

    def _fresh(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Returns fresh matrices of weights and statistics."""
        weights = [packed(layout.weights, rng) for layout in self.layouts]
        return matrix_of(weights), self._fresh_statistics(rng)

    def _fresh_statistics(self, rng: np.random.Generator) -> np.ndarray:
        """Returns a row of fresh statistics for each candidate, and zeros."""
        return matrix_of(
            [packed(layout.statistics, rng) for layout in self.layouts]
        )

    def _lengths(self) -> list[int]:
        """Returns how many weights each candidate reads, with padding."""
        return [int(self.rows.shape[1])] * (len(self.layouts) + 1)

    def _read(self, indices: tf.Tensor | Sequence[int]) -> Sequence[tf.Tensor]:
        """Returns the weights of candidates, each in a row.

        Args:
            indices: Theirs, int32 `(count,)`; after the last stands padding.
        """
        rows: Sequence[tf.Tensor] = tf.gather(self.rows.value, indices)
        return rows

    def initialize(self, rng: np.random.Generator) -> None:
        """Draws all weights and statistics again."""
        for variable, value in zip(
            (self.rows, self.statistics), self._fresh(rng), strict=True
        ):
            variable.assign(value)

    def _make_branches(self) -> tuple[list[Branch], np.ndarray]:
        """Returns what can be run here, and by candidate index which it is.

        Branch 0 computes nothing: padding and identities take it. Where there
        are motifs, it runs them, too, and plain MBConvs.
        """
        ops = [op for op, _ in self._placed]
        kinds = np.zeros(len(ops) + 1, np.int32)
        branches: list[Branch] = [self._nothing]
        residuals = [op if isinstance(op, MBConv) else None for op in ops]
        if any(isinstance(op, Motif) for op in ops):
            motifs = [
                op
                if isinstance(op, Motif)
                or (isinstance(op, MBConv) and op.is_plain)
                else None
                for op in ops
            ]
            branches = [MotifPrimitive(self.block, [*motifs, None])]
            residuals = [
                None if op is None or op.is_plain else op for op in residuals
            ]
        # Kernel and width are numbers in the graph, but how many convolutions
        # there are is not: so with and without expansion are two branches.
        for expands in sorted({op.expands for op in residuals if op}):
            members = [
                op if op and op.expands == expands else None for op in residuals
            ]
            kinds[:-1][[op is not None for op in members]] = len(branches)
            branches.append(
                MBConvPrimitive(
                    self.block,
                    [*members, None],
                    self._lengths(),
                    self.statistics.shape[1],
                    [shape for _, shape in self._placed],
                )
            )
        return branches, kinds

    def _nothing(
        self,
        inputs: tf.Tensor,
        index: tf.Tensor,
        row: tf.Tensor,
        statistics: tf.Tensor,
        training: bool = False,
    ) -> tuple[tf.Tensor, tf.Tensor]:
        del index, row, training
        shape = [
            tf.shape(inputs)[0],
            *self.block.out_size,
            self.block.out_channels,
        ]
        return tf.zeros(shape, inputs.dtype), statistics

    def call(
        self,
        inputs: tf.Tensor,
        open_branches: tf.Tensor,
        training: bool = False,
        rate: tf.Tensor | float = 1.0 - MOMENTUM,
    ) -> tf.Tensor:
        """Returns the shortcut plus the mean of the open branches."""
        num_candidates = len(self.block.candidates)
        # The row after the last holds zeros, for padding to read and write.
        indices = tf.where(
            open_branches == INACTIVE, num_candidates, open_branches
        )
        rows = self._read(indices)
        statistics = tf.gather(self.statistics.value, indices)
        share = self._equal_share(indices, inputs.dtype)
        outputs = inputs if self.block.has_shortcut else None
        new_statistics = []
        for number in range(self.block.max_open):
            branch, seen = self._run(
                inputs,
                indices[number],
                rows[number],
                statistics[number],
                training,
            )
            if share is not None:
                branch *= share
            outputs = branch if outputs is None else outputs + branch
            new_statistics.append(moved(statistics[number], seen, rate))
        if training:
            self.statistics.value.scatter_update(
                tf.IndexedSlices(tf.stack(new_statistics), indices)
            )
        return outputs

    def _equal_share(
        self, indices: tf.Tensor, dtype: tf.DType
    ) -> tf.Tensor | None:
        """Returns what each branch that computes counts; None for all of it."""
        if self.block.max_open == 1:
            return None
        computes = tf.cast(tf.gather(self.kernel_sizes, indices) > 0, dtype)
        # Nothing computes where all are identities or padding.
        return tf.math.divide_no_nan(1.0, tf.reduce_sum(computes))

    def mix(
        self,
        inputs: tf.Tensor,
        mixing_weights: tf.Tensor,
        active: Sequence[int],
    ) -> tf.Tensor:
        """Returns the shortcut plus the weighted sum of candidates.

        Args:
            inputs: `(batch, height, width, channels)`.
            mixing_weights: Factor of each candidate, `(max_candidates,)`.
            active: The candidates that run.
        """
        outputs = inputs if self.block.has_shortcut else None
        branches = self.side_by_side(inputs, active)
        for candidate, branch in zip(active, branches, strict=True):
            share = branch * mixing_weights[candidate]
            outputs = share if outputs is None else outputs + share
        return outputs

    def side_by_side(
        self, inputs: tf.Tensor, active: Sequence[int]
    ) -> list[tf.Tensor]:
        """Returns what each candidate computes, without the shortcut.

        Args:
            inputs: `(batch, height, width, channels)`.
            active: The candidates that run; normalized by the batch.
        """
        rows = self._read(active)
        statistics = tf.gather(self.statistics.value, active)
        return [
            self._branches[self._kinds[candidate]](
                inputs,
                tf.constant(candidate),
                rows[number],
                statistics[number],
                training=True,
            )[0]
            for number, candidate in enumerate(active)
        ]

    def _run(
        self,
        inputs: tf.Tensor,
        index: tf.Tensor,
        row: tf.Tensor,
        statistics: tf.Tensor,
        training: bool,
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns one open branch, and the statistics seen there."""
        arguments = (inputs, index, row, statistics)
        kinds = self._kinds if self.block.max_open > 1 else self._kinds[:-1]
        computing = sorted({int(kind) for kind in kinds})
        # Without padding, and with one kind of candidate, there is nothing to
        # switch between.
        if len(computing) == 1:
            return self._branches[computing[0]](*arguments, training=training)
        branch, seen = tf.switch_case(
            tf.gather(self._kinds, index),
            [
                functools.partial(run, *arguments, training=training)
                for run in self._branches
            ],
        )
        return branch, seen

    def values_of(self, candidate: int) -> dict[tuple[str, str], np.ndarray]:
        """Returns a candidate's weights and statistics by (layer, weight)."""
        layout = self.layouts[candidate]
        statistics = self.statistics.numpy()
        return {
            **unpacked(layout.weights, self._weights()[candidate]),
            **unpacked(layout.statistics, statistics[candidate]),
        }

    def _weights(self) -> np.ndarray:
        """Returns the weights of each candidate in a row, and padding."""
        rows: np.ndarray = self.rows.numpy()[:-1]
        return rows

    @property
    def candidates(self) -> tuple[int, ...]:
        """All candidates of the block have weights."""
        return tuple(range(len(self.block.candidates)))

    @property
    def layouts_of_candidates(self) -> Sequence[Layout]:
        """How the weights of candidates lie that angles are told of."""
        return self.layouts

    def owned_rows(self, decisions: Sequence[int]) -> list[OwnedRows]:
        """Returns a row for each candidate; see `SharedBlock`."""
        (decision,) = decisions
        return [
            OwnedRows(
                decision=decision,
                variable=self.rows,
                statistics=self.statistics,
                rows=self.candidates,
                candidates=self.candidates,
            )
        ]

    @property
    def kernel_lengths(self) -> list[list[int]]:
        """How long each kernel of each candidate is, in a row's order."""
        return [
            [piece.size for piece in layout.kernels]
            for layout in self.layouts_of_candidates
        ]

    def kernels(self) -> np.ndarray:
        """Returns `(num_candidates, row_length)`: kernels, zeros elsewhere."""
        rows = self._weights()
        sizes = np.array(
            [layout.kernel_size for layout in self.layouts_of_candidates]
        )
        return np.where(np.arange(rows.shape[1]) < sizes[:, None], rows, 0.0)
