"""Adam that moves only the architecture parameters that a step used."""

from typing import Any

import numpy as np
import tensorflow as tf

from nse_tf.training.adam import EPSILON, Adam


class LazyAdam(Adam):
    """Adam whose moments and count of steps are those of each number alone.

    A number that a step did not use keeps its value, its moments and its count,
    to the bit, as if there had been no such step.

    Args:
        variable: What to move.
        *args: See `Adam`.
        **kwargs: See `Adam`.
    """

    def __init__(
        self, variable: tf.Variable, *args: Any, **kwargs: Any
    ) -> None:
        super().__init__(variable, *args, **kwargs)
        self._count = tf.Variable(tf.zeros_like(variable))

    def step(
        self, gradient: tf.Tensor, mask: np.ndarray | tf.Tensor | None = None
    ) -> None:
        """Moves the variable once against its gradient.

        Args:
            gradient: Gradient, in the variable's shape.
            mask: Which numbers the step used; None for all.
        """
        used = tf.ones_like(gradient, tf.bool) if mask is None else mask
        if self._weight_decay:
            gradient += self._weight_decay * self._variable
        first, second = self._betas

        def move(variable: tf.Variable, value: tf.Tensor) -> tf.Tensor:
            value = tf.where(used, value, variable)
            variable.assign(value)
            return value

        count = move(self._count, self._count + 1.0)
        mean = move(self._mean, first * self._mean + (1 - first) * gradient)
        square = move(
            self._square, second * self._square + (1 - second) * gradient**2
        )
        steps = tf.maximum(count, 1.0)
        mean /= 1 - first**steps
        square /= 1 - second**steps
        move(
            self._variable,
            self._variable - self._rate * mean / (tf.sqrt(square) + EPSILON),
        )
