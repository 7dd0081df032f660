"""SGD with momentum that moves only what a step used.

Library optimizers decay all weights and let all momenta run on at every step,
also those of candidates that were closed. Here a row of weights that got no
gradient keeps its weights and its momentum to the bit.
"""

import functools
from collections.abc import Mapping, Sequence

import keras
import numpy as np
import tensorflow as tf


class LazySGD:
    """Stochastic gradient descent with Nesterov or plain momentum.

    `g ← g + decay · w`, `m ← momentum · m + g`, then `w ← w - rate · m`, or
    with Nesterov `w ← w - rate · (g + momentum · m)`. Weight decay is part of
    the gradient, as in the published code, and on kernels only: variables of
    rank 2 or more, and the kernel part of rows of weights.

    Args:
        variables: What to train.
        row_kernel_sizes: By index in `variables`, for a matrix of rows, or one
            row: how many numbers at the start of each row are kernels.
        momentum: Share of the past gradients.
        nesterov: Whether to look ahead.
        weight_decay: Pull of kernels to zero.
        clip_norm: Longest gradient over all variables together; longer ones
            are scaled down. None leaves them.

    Attributes:
        targets: The variables, in the order that `apply` takes gradients.
        momenta: One for each of them.
    """

    def __init__(
        self,
        variables: Sequence[keras.Variable],
        row_kernel_sizes: dict[int, np.ndarray] | None = None,
        *,
        momentum: float = 0.9,
        nesterov: bool = True,
        weight_decay: float = 4e-5,
        clip_norm: float | None = 5.0,
    ) -> None:
        self.targets = [variable.value for variable in variables]
        self._row_kernel_sizes = row_kernel_sizes or {}
        self.momenta = [
            tf.Variable(tf.zeros_like(each), trainable=False)
            for each in self.targets
        ]
        self._momentum = momentum
        self._nesterov = nesterov
        self._weight_decay = weight_decay
        self._clip_norm = clip_norm

    @tf.autograph.experimental.do_not_convert  # It has no need to.
    def apply(
        self,
        gradients: Sequence[tf.Tensor | tf.IndexedSlices | None],
        learning_rate: tf.Tensor,
        is_open: Mapping[int, tf.Tensor] | None = None,
    ) -> None:
        """Moves the variables against their gradients.

        Args:
            gradients: One for each target; None leaves it as it is.
            learning_rate: Scalar.
            is_open: By index in `targets`, of those that may be closed,
                whether they were part of the step; a closed one stays as it is,
                and its gradient, which is zero, is not looked at.
        """
        is_open = is_open or {}
        scale: tf.Tensor | float = 1.0
        if self._clip_norm is not None and is_open:
            scale = self._clip_norm / tf.maximum(
                self._clip_norm, _global_norm(gradients, is_open)
            )
        elif self._clip_norm is not None:
            gradients, _ = tf.clip_by_global_norm(gradients, self._clip_norm)
        for index, gradient in enumerate(gradients):
            if isinstance(gradient, tf.IndexedSlices):
                self._apply_rows(index, gradient, learning_rate)
            elif gradient is not None:
                move = functools.partial(
                    self._apply_whole, index, gradient, learning_rate, scale
                )
                if index in is_open:
                    tf.cond(is_open[index], move, lambda: None)
                else:
                    move()

    def _apply_whole(
        self,
        index: int,
        gradient: tf.Tensor,
        learning_rate: tf.Tensor,
        scale: tf.Tensor | float,
    ) -> None:
        target, slot = self.targets[index], self.momenta[index]
        if not isinstance(scale, float):
            gradient *= scale
        if target.shape.rank >= 2:
            gradient += self._weight_decay * target
        elif index in self._row_kernel_sizes:  # A row of its own.
            (size,) = self._row_kernel_sizes[index]
            decays = np.arange(target.shape[0]) < size
            gradient += self._weight_decay * decays.astype(np.float32) * target
        momenta = self._momentum * slot + gradient
        slot.assign(momenta)
        target.assign_sub(learning_rate * self._direction(gradient, momenta))

    def _apply_rows(
        self, index: int, gradient: tf.IndexedSlices, learning_rate: tf.Tensor
    ) -> None:
        target, slot = self.targets[index], self.momenta[index]
        rows = gradient.indices
        values = tf.gather(target, rows)
        sizes = tf.gather(self._row_kernel_sizes[index], rows)
        is_kernel = tf.sequence_mask(sizes, target.shape[1], values.dtype)
        pulled = gradient.values + self._weight_decay * is_kernel * values
        momenta = self._momentum * tf.gather(slot, rows) + pulled
        slot.scatter_update(tf.IndexedSlices(momenta, rows))
        moved = values - learning_rate * self._direction(pulled, momenta)
        target.scatter_update(tf.IndexedSlices(moved, rows))

    def _direction(self, gradient: tf.Tensor, momenta: tf.Tensor) -> tf.Tensor:
        return (
            gradient + self._momentum * momenta if self._nesterov else momenta
        )

    def reset(self) -> None:
        """Forgets all momenta."""
        for slot in self.momenta:
            slot.assign(tf.zeros_like(slot))


def _global_norm(
    gradients: Sequence[tf.Tensor | tf.IndexedSlices | None],
    is_open: Mapping[int, tf.Tensor],
) -> tf.Tensor:
    """Returns the norm of all gradients together, without closed ones."""
    squares = []
    for index, gradient in enumerate(gradients):
        if gradient is None:
            continue
        of_it = functools.partial(_square, gradient)
        if index in is_open:
            squares.append(tf.cond(is_open[index], of_it, lambda: 0.0))
        else:
            squares.append(of_it())
    return tf.sqrt(tf.reduce_sum(tf.stack(squares)))


def _square(gradient: tf.Tensor | tf.IndexedSlices) -> tf.Tensor:
    if isinstance(gradient, tf.IndexedSlices):
        gradient = gradient.values
    return tf.reduce_sum(gradient * gradient)
