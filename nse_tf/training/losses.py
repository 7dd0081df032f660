"""The losses of a step: of labels, and of what a teacher says."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import tensorflow as tf


def smoothed_loss(
    labels: tf.Tensor,
    logits: tf.Tensor,
    label_smoothing: float,
    class_weights: Sequence[float] = (),
) -> tf.Tensor:
    """Returns the mean cross entropy with label smoothing.

    Args:
        labels: `(batch,)`, integers, or `(batch, num_classes)`, shares.
        logits: `(batch, num_classes)`.
        label_smoothing: Share of the label spread over all classes.
        class_weights: Factor on the loss of each class; empty for ones. The
            mean is over images, as in Keras, whatever the factors sum to.
    """
    num_classes = logits.shape[-1]
    is_mixed = len(labels.shape) == 2
    off = label_smoothing / num_classes
    targets = (
        labels * (1.0 - label_smoothing) + off
        if is_mixed
        else tf.one_hot(labels, num_classes, 1.0 - label_smoothing + off, off)
    )
    losses = tf.nn.softmax_cross_entropy_with_logits(targets, logits)
    if class_weights:
        weights = tf.constant(class_weights, losses.dtype)
        losses *= (
            tf.linalg.matvec(labels, weights)
            if is_mixed
            else tf.gather(weights, labels)
        )
    return tf.reduce_mean(losses)


def distillation_loss(
    taught: tf.Tensor, logits: tf.Tensor, temperature: float
) -> tf.Tensor:
    """Returns how far a network is from its teacher, a mean over images.

    That is the squared temperature times the divergence of Kullback and
    Leibler of both softmaxes, of logits that are divided by the temperature.
    The square keeps the length of gradients, which else falls with it.

    `keras.distillation.LogitsDistillation` of Keras 3.15 has this value only if
    its `loss` is a `KLDivergence`: its default, the name, takes the divergence
    of logits as if they were probabilities. It also cuts probabilities off at
    1e-7, where gradients end; this one takes logarithms of softmaxes.

    Args:
        taught: What the teacher says, logits `(batch, num_classes)`.
        logits: What the network says, of the same shape.
        temperature: Above 0; the higher it is, the more unlikely classes count.

    References:
        Hinton et al., Distilling the Knowledge in a Neural Network (2015):
        https://arxiv.org/abs/1503.02531
    """
    log_wanted = tf.nn.log_softmax(tf.stop_gradient(taught) / temperature)
    log_found = tf.nn.log_softmax(logits / temperature)
    divergences = tf.reduce_sum(
        tf.exp(log_wanted) * (log_wanted - log_found), axis=-1
    )
    return temperature**2 * tf.reduce_mean(divergences)


@dataclasses.dataclass(frozen=True, kw_only=True)
class LabelLoss:
    """The loss of a batch by its labels.

    Attributes:
        label_smoothing: See `smoothed_loss`; so are the next.
        class_weights: See there.
        auxiliary_weight: Factor on the loss of an auxiliary classifier; 0 where
            there is none.
    """

    label_smoothing: float
    class_weights: tuple[float, ...] = ()
    auxiliary_weight: float = 0.0

    def __call__(self, labels: tf.Tensor, outputs: Any) -> tf.Tensor:
        """Returns the loss.

        Args:
            labels: See `smoothed_loss`.
            outputs: Logits, or with an auxiliary classifier both logits.
        """
        numbers = self.label_smoothing, self.class_weights
        if not self.auxiliary_weight:
            return smoothed_loss(labels, outputs, *numbers)
        logits, auxiliary = outputs
        return smoothed_loss(labels, logits, *numbers) + (
            self.auxiliary_weight * smoothed_loss(labels, auxiliary, *numbers)
        )

    def logits_of(self, outputs: Any) -> tf.Tensor:
        """Returns the logits of the network itself."""
        return outputs[0] if self.auxiliary_weight else outputs
