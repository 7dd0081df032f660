"""In-place distillation: the first pass of a step teaches the others."""

from typing import Any

import tensorflow as tf

from nse_tf.training.losses import distillation_loss
from nse_tf.training.passes import Left


class FirstPassTeaches:
    """Trains the first of several passes by labels, the others by what it says.

    All learn from one batch and make one update, which goes along the sum of
    all gradients, rows included. What the first one says is no target that
    moves: no gradient reaches it through the others.

    Args:
        num_classes: Number of classes.

    References:
        Yu and Huang, Universally Slimmable Networks (2019), section 3.3:
        https://arxiv.org/abs/1903.05134. Yu et al., BigNAS (2020), whose
        temperature, 1, and loss, soft labels alone, are these:
        https://arxiv.org/abs/2003.11142
    """

    def __init__(self, num_classes: int) -> None:
        self._num_classes = num_classes

    def of_passes(self, labels: tf.Tensor) -> dict[str, Any]:
        """Returns how `summed_over_passes` goes from the first pass on.

        Args:
            labels: Those of the batch, `(batch,)`.
        """
        nothing_said = tf.zeros([tf.size(labels), self._num_classes])
        # The logits that follow are of any batch, too: see `of_any_batch`.
        nothing_said = tf.raw_ops.PlaceholderWithDefault(
            input=nothing_said, shape=[None, self._num_classes]
        )
        return {
            "left": (tf.constant(True), nothing_said),
            "reduce_rows": tf.math.unsorted_segment_sum,
        }

    def loss(
        self, logits: tf.Tensor, of_labels: tf.Tensor, left: Left
    ) -> tuple[tf.Tensor, Left]:
        """Returns the loss of a pass, and what it leaves to the next one.

        Args:
            logits: What the pass says.
            of_labels: Its loss by labels.
            left: Whether it is the first, and what the first one said.
        """
        is_first, said = left
        loss = tf.where(is_first, of_labels, distillation_loss(said, logits, 1))
        said = tf.where(is_first, tf.stop_gradient(logits), said)
        return loss, (tf.constant(False), said)
