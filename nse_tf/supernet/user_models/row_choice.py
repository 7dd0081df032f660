"""RowChoice: a `Choice` as a choice block of a supernet."""

import functools
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from nse_tf.supernet.layers.layouts import matrix_of
from nse_tf.supernet.layers.two_outputs import chosen_of_two
from nse_tf.supernet.protocols import OwnedRows
from nse_tf.supernet.user_models.layer_rows import LayerRow


class RowChoice(keras.layers.Layer):
    """One choice block of a user's model with all its candidates.

    The layers of the user compute with weights that are read from a matrix, a
    row each, so that a step reads, and moves, those of the open layer only; see
    the README of `supernet/`.

    Args:
        layers: Built layers; their weights are the first ones.
        name: The block's name.

    Attributes:
        open_index: Index of the open candidate, a scalar tensor; set before
            each call.
        rival: Index of a candidate that it is compared with, and its own
            probability given that it is one of the two; None for none. See
            `chosen_of_two`.
        rows: `(num_candidates + 1, row_length)`.
        statistics: `(num_candidates + 1, statistics_length)`.
        kernel_sizes: How many numbers of each row are kernels.
    """

    def __init__(self, layers: Sequence[keras.layers.Layer], name: str) -> None:
        super().__init__(name=name)
        self._candidates = _Candidates(layers)
        self.open_index: Any = 0
        self.rival: tuple[Any, Any] | None = None
        candidates = self._candidates.rows
        self.kernel_sizes = np.array(
            [each.kernel_size for each in candidates] + [0], np.int32
        )
        weights, statistics = _matrices(candidates)
        self.rows = self._matrix("rows", weights, trainable=True)
        self.statistics = self._matrix(
            "statistics", statistics, trainable=False
        )
        # Held here for Keras to track, as it does not see the layers.
        self.counters = [each for row in candidates for each in row.counters]

    def _matrix(
        self, name: str, values: np.ndarray, *, trainable: bool
    ) -> keras.Variable:
        return self.add_weight(
            name=name,
            shape=values.shape,
            initializer=lambda shape, dtype: tf.constant(values, dtype),
            trainable=trainable,
        )

    def call(
        self, inputs: tf.Tensor, training: bool | None = None
    ) -> tf.Tensor:
        """Returns what the open layer makes of the inputs."""
        outputs = self._run(self.open_index, inputs, training)
        if self.rival is None:
            return outputs
        other, mixing_weight = self.rival
        return chosen_of_two(
            outputs, self._run(other, inputs, training), mixing_weight
        )

    def _run(
        self, open_index: Any, inputs: tf.Tensor, training: bool | None
    ) -> tf.Tensor:
        """Returns what one layer makes of the inputs."""
        index = tf.convert_to_tensor(open_index)
        row = tf.gather(self.rows.value, [index])[0]
        statistics = tf.gather(self.statistics.value, [index])[0]
        outputs, seen = tf.switch_case(
            index,
            [
                functools.partial(
                    each.call, inputs, row, statistics, bool(training)
                )
                for each in self._candidates.rows
            ],
        )
        if training and self.statistics.shape[1] > 0:
            self.statistics.value.scatter_update(
                tf.IndexedSlices(seen[tf.newaxis], [index])
            )
        return outputs

    @property
    def candidate_layers(self) -> list[keras.layers.Layer]:
        """The layers that compute, in order."""
        return [each.layer for each in self._candidates.rows]

    @property
    def candidates(self) -> tuple[int, ...]:
        """All candidates of the block have weights."""
        return tuple(range(len(self._candidates.rows)))

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

    def fill(self, candidate: int, copy: keras.layers.Layer) -> None:
        """Gives a copy of a candidate the weights it has here."""
        self._candidates.rows[candidate].fill(
            copy,
            self.rows.numpy()[candidate],
            self.statistics.numpy()[candidate],
        )

    @property
    def kernel_lengths(self) -> list[list[int]]:
        """How long each kernel of each candidate is, in a row's order."""
        return [each.kernel_lengths for each in self._candidates.rows]

    def kernels(self) -> np.ndarray:
        """Returns `(num_candidates, row_length)`: kernels, zeros elsewhere."""
        rows: np.ndarray = self.rows.numpy()[:-1]
        columns = np.arange(rows.shape[1])
        return np.where(columns < self.kernel_sizes[:-1, None], rows, 0.0)


class _Candidates:
    """Holds layers where Keras does not take them for parts of the block."""

    def __init__(self, layers: Sequence[keras.layers.Layer]) -> None:
        self.rows = [LayerRow(layer) for layer in layers]


def _matrices(candidates: list[LayerRow]) -> tuple[np.ndarray, np.ndarray]:
    weights, statistics = zip(
        *(each.values() for each in candidates), strict=True
    )
    return matrix_of(weights), matrix_of(statistics)
