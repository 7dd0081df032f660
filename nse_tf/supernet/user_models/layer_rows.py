"""How the weights of a built layer lie in one row of numbers.

As in `layouts`, but read off a layer of the user's: variables of rank 2 or more
that are trained come first, then the other trained ones; what is not trained
(moving statistics, frozen weights) lies in a second row. Counters of random
generators, which are no such numbers, stay where they are.
"""

from typing import Any

import keras
import numpy as np
import tensorflow as tf


class LayerRow:
    """A built layer that computes with weights given as rows.

    Args:
        layer: Whose own weights are looked at for their shapes only.

    Attributes:
        layer: The layer.
        kernel_lengths: How long each kernel is; they start the row.
        kernel_size: How long they are together.
        counters: The variables that are no such numbers.
    """

    def __init__(self, layer: keras.layers.Layer) -> None:
        self.layer = layer
        trained = layer.trainable_variables
        # Stable: kernels keep their order, and start the row.
        self._weights = sorted(trained, key=lambda each: len(each.shape) < 2)
        others = [
            each
            for each in layer.variables
            if not any(each is one for one in trained)
        ]
        self._statistics = [each for each in others if _is_float(each)]
        self.counters = [each for each in others if not _is_float(each)]
        self.kernel_lengths = [
            _size(each) for each in trained if len(each.shape) >= 2
        ]
        self.kernel_size = sum(self.kernel_lengths)

    def values(self) -> tuple[np.ndarray, np.ndarray]:
        """Returns the layer's own weights as rows."""
        return _row(self._weights), _row(self._statistics)

    def call(
        self, inputs: tf.Tensor, row: Any, statistics: Any, training: bool
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns the outputs, and the row of statistics afterwards."""
        given = [
            *zip(self._weights, _pieces(self._weights, row), strict=True),
            *zip(
                self._statistics,
                _pieces(self._statistics, statistics),
                strict=True,
            ),
        ]
        # Within it the layer reads these values in place of its own, and what
        # it assigns is kept by the scope.
        with keras.StatelessScope(state_mapping=given) as scope:
            outputs = self.layer(inputs, training=training)
        if training:
            for counter in self.counters:
                moved = scope.get_current_value(counter)
                if moved is not None:
                    # Past the scope: otherwise every step would drop the same
                    # units.
                    counter.assign(moved)
        seen = [
            tf.reshape(scope.get_current_value(each), [-1])
            for each in self._statistics
        ]
        length = sum(_size(each) for each in self._statistics)
        # With the padding, as the row of statistics is as long as all others.
        return outputs, tf.concat([*seen, statistics[length:]], axis=0)

    def fill(
        self, copy: keras.layers.Layer, row: np.ndarray, statistics: np.ndarray
    ) -> None:
        """Gives a copy of the layer the weights of rows."""
        twins = {
            id(mine): twin
            for mine, twin in zip(
                self.layer.variables, copy.variables, strict=True
            )
        }
        for variables, values in (
            (self._weights, row),
            (self._statistics, statistics),
        ):
            for variable, piece in zip(
                variables, _pieces(variables, values), strict=True
            ):
                twins[id(variable)].assign(piece)


def _is_float(variable: keras.Variable) -> bool:
    return bool(keras.backend.is_float_dtype(variable.dtype))


def _size(variable: keras.Variable) -> int:
    return int(np.prod(variable.shape))


def _row(variables: list[keras.Variable]) -> np.ndarray:
    values = [
        variable.numpy().astype(np.float32).ravel() for variable in variables
    ]
    return np.concatenate([np.empty(0, np.float32), *values])


def _pieces(variables: list[keras.Variable], row: Any) -> list[Any]:
    """Returns a row cut into values of the variables' shapes."""
    pieces, start = [], 0
    for variable in variables:
        piece = row[start : start + _size(variable)]
        pieces.append(tf.reshape(piece, variable.shape))
        start += _size(variable)
    return pieces
