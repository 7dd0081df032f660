"""Several passes over one batch whose gradients make one update."""

import operator
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from typing import Any

import tensorflow as tf

# What a pass leaves to the next one, tensors; empty where that needs nothing.
Left = tuple[tf.Tensor, ...]
# From open branches, and what the last pass left, to a loss, gradients, and
# what this one leaves.
OnePass = Callable[[tf.Tensor, Left], tuple[tf.Tensor, Sequence[Any], Left]]


@tf.autograph.experimental.do_not_convert  # It has no need to.
def summed_over_passes(
    one_pass: OnePass,
    open_branches: tf.Tensor,
    targets: Sequence[tf.Variable],
    matrices: Collection[int],
    left: Left = (),
    reduce_rows: Callable[..., tf.Tensor] = tf.math.unsorted_segment_mean,
) -> tuple[tf.Tensor, list[Any]]:
    """Returns the mean loss and the gradients of passes, one after another.

    What all passes share gets the sum of its gradients, a row by default the
    mean over passes that open it: what a longer list beside it repeats counts
    no more. One graph runs again and again: neither trace nor memory grows.

    Args:
        one_pass: Its gradients are those of `targets`; those of matrices name
            each row that is open once.
        open_branches: `(num_passes, num_decisions, max_open)`.
        targets: What gradients are of.
        matrices: The indices in `targets` of matrices of rows.
        left: What the first pass is given, as if one before it had left it.
        reduce_rows: Makes one gradient of those of a row.

    Returns:
        The loss, and for each target a gradient that names rows once, or None.

    References:
        Chu et al., FairNAS (2019), algorithm 1: https://arxiv.org/abs/1907.01845
    """
    num_passes = tf.shape(open_branches)[0]
    shared = [i for i in range(len(targets)) if i not in matrices]
    unused: set[int] = set()  # Found out while the pass is traced.

    def body(
        number: tf.Tensor, loss: tf.Tensor, sums: Any, rows: Any, left: Left
    ) -> tuple[Any, ...]:
        found, gradients, left = one_pass(open_branches[number], left)
        unused.update(i for i, each in enumerate(gradients) if each is None)
        used = {i: each for i, each in enumerate(gradients) if i not in unused}
        sums = _updated(sums, shared, used, operator.add)
        rows = _updated(rows, matrices, used, partial(_written, number))
        return number + 1, loss + found, sums, rows, left

    zeros = [tf.zeros_like(targets[i]) for i in shared]
    nothing = [_no_rows(targets[i].dtype, num_passes) for i in matrices]
    _, loss, sums, rows, _ = tf.while_loop(
        lambda number, *_: number < num_passes,
        body,
        (tf.constant(0), tf.constant(0.0), zeros, nothing, left),
        parallel_iterations=1,
    )
    gradients: dict[int, Any] = dict(zip(shared, sums, strict=True))
    for i, kept in zip(matrices, rows, strict=True):
        if i not in unused:
            gradients[i] = _by_row(reduce_rows, targets[i], *kept)
    gradients |= dict.fromkeys(unused)
    listed = [gradients[i] for i in range(len(targets))]
    return loss / tf.cast(num_passes, loss.dtype), listed


def _updated(
    kept: Sequence[Any],
    numbers: Collection[int],
    found: Mapping[int, Any],
    add: Callable[[Any, Any], Any],
) -> list[Any]:
    """Returns what is kept of targets, with what a pass found of them added."""
    return [
        add(each, found[i]) if i in found else each
        for i, each in zip(numbers, kept, strict=True)
    ]


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
    number: tf.Tensor,
    kept: tuple[tf.TensorArray, tf.TensorArray],
    gradient: tf.IndexedSlices,
) -> tuple[tf.TensorArray, tf.TensorArray]:
    """Returns the rows of all passes so far, with those of one more."""
    values, indices = kept
    rows = tf.cast(gradient.indices, tf.int32)
    return values.write(number, gradient.values), indices.write(number, rows)


def _by_row(
    reduce_rows: Callable[..., tf.Tensor],
    target: tf.Variable,
    values: tf.TensorArray,
    indices: tf.TensorArray,
) -> tf.IndexedSlices:
    """Returns one gradient of each row that is named."""
    rows, positions = tf.unique(indices.concat())
    reduced = reduce_rows(
        tf.ensure_shape(values.concat(), [None, target.shape[1]]),
        positions,
        tf.size(rows),
    )
    return tf.IndexedSlices(reduced, rows, tf.shape(target))
