"""A scale of the loss that keeps small gradients above float16's zero."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

FIRST_SCALE = 2.0**15
# So many steps in a row without an overflow double the scale.
GROWTH_STEPS = 2000

Gradients = Sequence[Any]


class LossScale:
    """A factor on the loss that gradients are divided by again.

    A step whose gradients overflow moves nothing and halves it. These are the
    numbers and rules of `keras.optimizers.LossScaleOptimizer`, which wraps only
    optimizers of Keras.

    References:
        Micikevicius et al., Mixed Precision Training (2018), section 3.2:
        https://arxiv.org/abs/1710.03740
    """

    def __init__(self) -> None:
        self._scale = tf.Variable(FIRST_SCALE, trainable=False)
        self._finite_steps = tf.Variable(0, trainable=False)

    def scaled(self, loss: tf.Tensor) -> tf.Tensor:
        """Returns the loss that gradients are taken of."""
        return loss * self._scale

    def move(
        self, gradients: Gradients, move: Callable[[Gradients], None]
    ) -> None:
        """Moves weights if gradients are finite; adapts itself.

        Args:
            gradients: Those of the scaled loss; None for what has none.
            move: Moves weights against gradients of the loss itself.
        """
        scale = self._scale.value()
        true_ones = [_divided(each, scale) for each in gradients]
        is_finite = tf.reduce_all(
            [
                tf.reduce_all(tf.math.is_finite(_values(each)))
                for each in true_ones
                if each is not None
            ]
        )
        tf.cond(is_finite, lambda: move(true_ones), lambda: None)
        steps = tf.where(is_finite, self._finite_steps + 1, 0)
        grows = steps >= GROWTH_STEPS
        factor = tf.where(is_finite, tf.where(grows, 2.0, 1.0), 0.5)
        self._scale.assign(scale * factor)
        self._finite_steps.assign(tf.where(grows, 0, steps))

    def arrays(self) -> list[np.ndarray]:
        """Returns the state, as `restore` takes it."""
        return [self._scale.numpy(), self._finite_steps.numpy()]

    def restore(self, arrays: Sequence[np.ndarray]) -> None:
        """Goes on from a state.

        Raises:
            ValueError: If it has more or fewer arrays.
        """
        state = [self._scale, self._finite_steps]
        for variable, array in zip(state, arrays, strict=True):
            variable.assign(array)


def _divided(gradient: Any, scale: tf.Tensor) -> Any:
    if isinstance(gradient, tf.IndexedSlices):
        return tf.IndexedSlices(
            gradient.values / scale, gradient.indices, gradient.dense_shape
        )
    return None if gradient is None else gradient / scale


def _values(gradient: Any) -> tf.Tensor:
    """Returns all numbers of a gradient."""
    if isinstance(gradient, tf.IndexedSlices):
        return gradient.values
    return gradient
