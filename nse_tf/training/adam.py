"""Adam for the one variable that holds architecture parameters."""

import numpy as np
import tensorflow as tf

EPSILON = 1e-8


class Adam:
    """Holds the moments of one variable and moves it.

    Weight decay is part of the gradient, as in the published code of searches.

    Args:
        variable: What to move.
        rate: Learning rate.
        betas: Decay rates of the two moments.
        weight_decay: Pull of the variable to zero.

    References:
        Kingma and Ba, Adam (2015): https://arxiv.org/abs/1412.6980
    """

    def __init__(
        self,
        variable: tf.Variable,
        rate: float,
        betas: tuple[float, float],
        weight_decay: float = 0.0,
    ) -> None:
        self._variable = variable
        self._rate, self._betas = rate, betas
        self._weight_decay = weight_decay
        self._mean, self._square = (
            tf.Variable(tf.zeros_like(variable)) for _ in range(2)
        )
        self._count = tf.Variable(np.float32(0))

    @property
    def variables(self) -> list[tf.Variable]:
        """The moments and the number of steps."""
        return [self._mean, self._square, self._count]

    def step(
        self, gradient: tf.Tensor, mask: np.ndarray | tf.Tensor | None = None
    ) -> None:
        """Moves the variable once against its gradient.

        Args:
            gradient: Gradient, in the variable's shape.
            mask: Where the variable decays; None is everywhere.
        """
        if self._weight_decay:
            decay = self._weight_decay * self._variable
            gradient += decay if mask is None else tf.where(mask, decay, 0.0)
        first, second = self._betas
        self._count.assign_add(1.0)
        self._mean.assign(first * self._mean + (1 - first) * gradient)
        self._square.assign(second * self._square + (1 - second) * gradient**2)
        mean = self._mean / (1 - first**self._count)
        square = self._square / (1 - second**self._count)
        self._variable.assign_sub(
            self._rate * mean / (tf.sqrt(square) + EPSILON)
        )
