"""SGD with momentum that moves only what a step used.

Library optimizers decay all weights and let all momenta run on at every step,
also those of candidates that were closed. Here a row of weights that got no
gradient keeps its weights and its momentum, bit for bit.
"""

import copy
import functools
from collections.abc import Mapping, Sequence

import keras
import numpy as np
import tensorflow as tf


def sgd_step(
    value: tf.Tensor,
    momentum: tf.Tensor,
    gradient: tf.Tensor,
    learning_rate: tf.Tensor,
    *,
    decay: tf.Tensor | float | None,
    share: float,
    nesterov: bool,
) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns a value and its momentum after one step; changes nothing.

    `g ← g + decay · w`, `m ← share · m + g`, then `w ← w - rate · m`, or with
    Nesterov `w ← w - rate · (g + share · m)`.

    Args:
        value: Weights before the step.
        momentum: Their momentum, in the same shape.
        gradient: Their gradient, in the same shape.
        learning_rate: Scalar.
        decay: Pull to zero, a number or one for each weight; None pulls none.
        share: Share of the past gradients in the momentum.
        nesterov: Whether to look ahead.
    """
    if decay is not None:
        gradient += decay * value
    momentum = share * momentum + gradient
    direction = gradient + share * momentum if nesterov else momentum
    return value - learning_rate * direction, momentum


class LazySGD:
    """Stochastic gradient descent with Nesterov or plain momentum.

    The step is that of `sgd_step`. Weight decay is part of the gradient, as in
    the published code, and on kernels only: variables of rank 2 or more, and
    the kernel part of rows of weights.

    Args:
        variables: What to train.
        row_kernel_sizes: By index in `variables`, for a matrix of rows, or one
            row: how many numbers at the start of each row are kernels; a
            variable where rows change owners.
        momentum: Share of the past gradients.
        nesterov: Whether to look ahead.
        weight_decay: Pull of kernels to zero.
        clip_norm: Longest gradient over all variables together; longer ones
            are scaled down. None leaves them.
        names_rows_once: Whether no gradient names a row twice, but for rows
            whose gradients are zero, such as padding. Then they need not be
            summed, which saves operations for each matrix of rows. A pass over
            one path names each row once.
        rate_factors: By index in `variables`, for those that are no matrices of
            rows: a factor on their learning rate.

    Attributes:
        targets: The variables, in the order that `apply` takes gradients.
        momenta: One for each of them.
        step_length: How far a step of rate one goes along a gradient.
    """

    def __init__(
        self,
        variables: Sequence[keras.Variable],
        row_kernel_sizes: Mapping[int, np.ndarray | tf.Variable] | None = None,
        *,
        momentum: float = 0.9,
        nesterov: bool = True,
        weight_decay: float = 4e-5,
        clip_norm: float | None = 5.0,
        names_rows_once: bool = False,
        rate_factors: Mapping[int, float] | None = None,
    ) -> None:
        self.targets = [variable.value for variable in variables]
        self._row_kernel_sizes = row_kernel_sizes or {}
        self.momenta = [
            tf.Variable(tf.zeros_like(each), trainable=False)
            for each in self.targets
        ]
        self._moved = functools.partial(
            sgd_step, share=momentum, nesterov=nesterov
        )
        self.step_length = 1.0 + momentum if nesterov else 1.0
        self._weight_decay = weight_decay
        self._clip_norm = clip_norm
        self._names_rows_once = names_rows_once
        self._rate_factors = rate_factors or {}

    def with_more(self, variables: Sequence[keras.Variable]) -> "LazySGD":
        """Returns one that moves more variables, after its own.

        Momenta of its own are shared, those of the others zero.

        Args:
            variables: What it moves as well; whole, not row by row.
        """
        more = copy.copy(self)
        targets = [variable.value for variable in variables]
        more.targets = [*self.targets, *targets]
        more.momenta = [
            *self.momenta,
            *(
                tf.Variable(tf.zeros_like(each), trainable=False)
                for each in targets
            ),
        ]
        return more

    @property
    def matrices(self) -> tuple[int, ...]:
        """The indices in `targets` of matrices of rows."""
        return tuple(
            index
            for index in self._row_kernel_sizes
            if self.targets[index].shape.rank == 2
        )

    @tf.autograph.experimental.do_not_convert  # It has no need to.
    def apply(
        self,
        gradients: Sequence[tf.Tensor | tf.IndexedSlices | None],
        learning_rate: tf.Tensor,
        is_open: Mapping[int, tf.Tensor] | None = None,
    ) -> None:
        """Moves the variables against their gradients.

        Args:
            gradients: One for each target; None leaves it as it is. A row that
                is named several times moves once, by the sum; but see
                `names_rows_once`.
            learning_rate: Scalar.
            is_open: By index in `targets`, for those that may be closed,
                whether they were part of the step; a closed one stays as it is,
                and its gradient, which is zero, is not looked at.
        """
        is_open = is_open or {}
        if not self._names_rows_once:
            gradients = [_summed(each) for each in gradients]
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
        if not isinstance(scale, float):
            gradient *= scale
        value, momentum = self._moved_whole(index, gradient, learning_rate)
        self.momenta[index].assign(momentum)
        self.targets[index].assign(value)

    def _moved_whole(
        self, index: int, gradient: tf.Tensor, learning_rate: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns a variable and its momentum after a step."""
        target = self.targets[index]
        if index in self._rate_factors:
            learning_rate *= self._rate_factors[index]
        decay: float | np.ndarray | None = None
        if target.shape.rank >= 2:
            decay = self._weight_decay
        elif index in self._row_kernel_sizes:  # A row of its own.
            (size,) = self._row_kernel_sizes[index]
            is_kernel = np.arange(target.shape[0]) < size
            decay = self._weight_decay * is_kernel.astype(np.float32)
        return self._moved(
            target, self.momenta[index], gradient, learning_rate, decay=decay
        )

    def _apply_rows(
        self, index: int, gradient: tf.IndexedSlices, learning_rate: tf.Tensor
    ) -> None:
        rows = gradient.indices
        moved, momenta = self._moved_rows(index, gradient, learning_rate)
        self.momenta[index].scatter_update(tf.IndexedSlices(momenta, rows))
        self.targets[index].scatter_update(tf.IndexedSlices(moved, rows))

    def _moved_rows(
        self, index: int, gradient: tf.IndexedSlices, learning_rate: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns the rows that a gradient names, and their momenta, after."""
        target, rows = self.targets[index], gradient.indices
        values = tf.gather(target, rows)
        sizes = tf.gather(self._row_kernel_sizes[index], rows)
        is_kernel = tf.sequence_mask(sizes, target.shape[1], values.dtype)
        return self._moved(
            values,
            tf.gather(self.momenta[index], rows),
            gradient.values,
            learning_rate,
            decay=self._weight_decay * is_kernel,
        )

    def unrolled(
        self,
        gradients: Sequence[tf.Tensor | tf.IndexedSlices | None],
        learning_rate: tf.Tensor,
    ) -> list[tf.Tensor | tf.IndexedSlices | None]:
        """Returns what a step would make of the targets; changes nothing.

        It has momentum and decay, but clips no gradient, as DARTS's does.

        Args:
            gradients: One for each target; None leaves it as it is. Each row is
                named once.
            learning_rate: Scalar.

        Returns:
            For each target its value after the step, or that of the rows which
            the gradient names; None where it would stay.
        """
        moved: list[tf.Tensor | tf.IndexedSlices | None] = []
        for index, gradient in enumerate(gradients):
            if isinstance(gradient, tf.IndexedSlices):
                rows, _ = self._moved_rows(index, gradient, learning_rate)
                moved.append(tf.IndexedSlices(rows, gradient.indices))
            elif gradient is None:
                moved.append(None)
            else:
                moved.append(
                    self._moved_whole(index, gradient, learning_rate)[0]
                )
        return moved

    def reset(self) -> None:
        """Forgets all momenta."""
        for slot in self.momenta:
            slot.assign(tf.zeros_like(slot))


def _summed(
    gradient: tf.Tensor | tf.IndexedSlices | None,
) -> tf.Tensor | tf.IndexedSlices | None:
    """Returns a gradient that names each row once, in the order they came."""
    if not isinstance(gradient, tf.IndexedSlices):
        return gradient
    rows, positions = tf.unique(gradient.indices)
    values = tf.math.unsorted_segment_sum(
        gradient.values, positions, tf.size(rows)
    )
    return tf.IndexedSlices(values, rows, gradient.dense_shape)


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
