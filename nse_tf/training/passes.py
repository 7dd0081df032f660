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

    What all passes share gets the sum of its gradients. A row gets the mean
    over the passes that open it: a candidate that a longer list beside it
    repeats counts no more than one that is opened once. One graph of a pass is
    run again and again, so that neither the trace nor the memory grows.

    Args:
        one_pass: From open branches to a loss and the gradients of `targets`.
            A gradient of a matrix names each row that it opens once.
        open_branches: `(num_passes, num_decisions, max_open)`.
        targets: What gradients are of.
        matrices: The indices in `targets` of matrices of rows.

    Returns:
        The loss, a scalar, and a gradient for each target, None where no pass
        has one. Those of matrices name each row once.

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
            written
            if i in unused
            else (
                written[0].write(number, gradients[i].values),
                written[1].write(
                    number, tf.cast(gradients[i].indices, tf.int32)
                ),
            )
            for i, written in zip(matrices, rows, strict=True)
        ]
        return number + 1, loss + found, sums, rows

    _, loss, sums, rows = tf.while_loop(
        lambda number, *rest: number < num_passes,
        body,
        (
            tf.constant(0),
            tf.constant(0.0),
            [tf.zeros_like(targets[i]) for i in shared],
            [
                (
                    tf.TensorArray(targets[i].dtype, num_passes),
                    tf.TensorArray(tf.int32, num_passes),
                )
                for i in matrices
            ],
        ),
        parallel_iterations=1,
    )
    gradients: dict[int, Any] = dict(zip(shared, sums, strict=True))
    for i, (values, indices) in zip(matrices, rows, strict=True):
        if i not in unused:
            gradients[i] = _mean_by_row(targets[i], values, indices)
    gradients |= dict.fromkeys(unused)
    return (
        loss / tf.cast(num_passes, loss.dtype),
        [gradients[i] for i in range(len(targets))],
    )


def _mean_by_row(
    target: tf.Variable, values: tf.TensorArray, indices: tf.TensorArray
) -> tf.IndexedSlices:
    """Returns the mean of the gradients of each row that is named."""
    rows, positions = tf.unique(tf.reshape(indices.stack(), [-1]))
    means = tf.math.unsorted_segment_mean(
        tf.reshape(values.stack(), [-1, target.shape[1]]),
        positions,
        tf.size(rows),
    )
    return tf.IndexedSlices(means, rows, tf.shape(target))
