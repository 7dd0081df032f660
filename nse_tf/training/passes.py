"""Several passes over one batch whose gradients make one update."""

from collections.abc import Callable, Collection, Sequence
from typing import Any

import tensorflow as tf

# From open branches to a loss and gradients.
OnePass = Callable[[tf.Tensor], tuple[tf.Tensor, Sequence[Any]]]


@tf.autograph.experimental.do_not_convert  # It has no need to.
def summed_over_passes(
    one_pass: OnePass,
    open_branches: tf.Tensor,
    targets: Sequence[tf.Variable],
    matrices: Collection[int],
) -> tuple[tf.Tensor, list[Any]]:
    """Returns the mean loss and the gradients of passes, one after another.

    What all passes share gets the sum of its gradients, a row the mean over the
    passes that open it: what a longer list beside it repeats counts no more.
    One graph is run again and again, so neither trace nor memory grows.

    Args:
        one_pass: From open branches to a loss and the gradients of `targets`;
            those of matrices name each row that is open once.
        open_branches: `(num_passes, num_decisions, max_open)`.
        targets: What gradients are of.
        matrices: The indices in `targets` of matrices of rows.

    Returns:
        The loss, and for each target a gradient that names rows once, or None.

    References:
        Chu et al., FairNAS (2019), algorithm 1:
        https://arxiv.org/abs/1907.01845
    """
    num_passes = tf.shape(open_branches)[0]
    shared = [i for i in range(len(targets)) if i not in matrices]
    unused: set[int] = set()  # Found out while the pass is traced.

    def body(
        number: tf.Tensor, loss: tf.Tensor, sums: list[Any], rows: list[Any]
    ) -> tuple[tf.Tensor, tf.Tensor, list[Any], list[Any]]:
        found, gradients = one_pass(open_branches[number])
        unused.update(i for i, each in enumerate(gradients) if each is None)
        sums = [
            total if i in unused else total + gradients[i]
            for i, total in zip(shared, sums, strict=True)
        ]
        rows = [
            kept if i in unused else _written(kept, number, gradients[i])
            for i, kept in zip(matrices, rows, strict=True)
        ]
        return number + 1, loss + found, sums, rows

    zeros = [tf.zeros_like(targets[i]) for i in shared]
    nothing = [_no_rows(targets[i].dtype, num_passes) for i in matrices]
    _, loss, sums, rows = tf.while_loop(
        lambda number, *rest: number < num_passes,
        body,
        (tf.constant(0), tf.constant(0.0), zeros, nothing),
        parallel_iterations=1,
    )
    gradients: dict[int, Any] = dict(zip(shared, sums, strict=True))
    for i, kept in zip(matrices, rows, strict=True):
        if i not in unused:
            gradients[i] = _mean_by_row(targets[i], *kept)
    gradients |= dict.fromkeys(unused)
    listed = [gradients[i] for i in range(len(targets))]
    return loss / tf.cast(num_passes, loss.dtype), listed


def _no_rows(
    dtype: tf.DType, num_passes: tf.Tensor
) -> tuple[tf.TensorArray, tf.TensorArray]:
    """Returns where passes write gradients of rows, and their indices."""
    return (
        # Candidates that nest name more rows or fewer.
        tf.TensorArray(dtype, num_passes, infer_shape=False),
        tf.TensorArray(tf.int32, num_passes, infer_shape=False),
    )


def _written(
    kept: tuple[tf.TensorArray, tf.TensorArray],
    number: tf.Tensor,
    gradient: tf.IndexedSlices,
) -> tuple[tf.TensorArray, tf.TensorArray]:
    """Returns the rows of all passes so far, with those of one more."""
    values, indices = kept
    rows = tf.cast(gradient.indices, tf.int32)
    return values.write(number, gradient.values), indices.write(number, rows)


def _mean_by_row(
    target: tf.Variable, values: tf.TensorArray, indices: tf.TensorArray
) -> tf.IndexedSlices:
    """Returns the mean of the gradients of each row that is named."""
    rows, positions = tf.unique(indices.concat())
    means = tf.math.unsorted_segment_mean(
        tf.ensure_shape(values.concat(), [None, target.shape[1]]),
        positions,
        tf.size(rows),
    )
    return tf.IndexedSlices(means, rows, tf.shape(target))
