"""Moving averages of weights, which a training hands over at its end."""

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import tensorflow as tf


class WeightAverages:
    """Exponential moving averages of variables.

    After *n* updates a variable counts for at least 9 / (10 + n), so that short
    trainings are not averages of their initial weights, as in TensorFlow's
    `ExponentialMovingAverage(decay, num_updates)`.

    Args:
        variables: What is averaged.
        decay: Share of the past, below 1.

    References:
        Polyak and Juditsky, Acceleration of Stochastic Approximation by
        Averaging (1992): https://doi.org/10.1137/0330046
    """

    def __init__(self, variables: Sequence[tf.Variable], decay: float) -> None:
        self._variables = list(variables)
        self._decay = decay
        self._count = tf.Variable(0.0, trainable=False)
        self._averages = [
            tf.Variable(variable, trainable=False) for variable in variables
        ]

    def update(self) -> None:
        """Moves the averages towards the variables; for graphs, too."""
        count = self._count.assign_add(1.0)
        decay = tf.minimum(self._decay, (1.0 + count) / (10.0 + count))
        for average, variable in zip(
            self._averages, self._variables, strict=True
        ):
            average.assign_add(
                (1.0 - decay) * (tf.convert_to_tensor(variable) - average)
            )

    def hand_over(self) -> None:
        """Gives the variables their averages."""
        for average, variable in zip(
            self._averages, self._variables, strict=True
        ):
            variable.assign(average)

    @contextlib.contextmanager
    def lent(self) -> Iterator[None]:
        """Gives the variables their averages for a while."""
        kept = [tf.identity(variable) for variable in self._variables]
        self.hand_over()
        try:
            yield
        finally:
            for variable, value in zip(self._variables, kept, strict=True):
                variable.assign(value)

    def arrays(self) -> list[np.ndarray]:
        """Returns the state, as `restore` takes it."""
        state: list[Any] = [self._count, *self._averages]
        return [each.numpy() for each in state]

    def restore(self, arrays: Sequence[np.ndarray]) -> None:
        """Goes on from a state.

        Raises:
            ValueError: If it has more or fewer arrays.
        """
        state = [self._count, *self._averages]
        for variable, array in zip(state, arrays, strict=True):
            variable.assign(array)
