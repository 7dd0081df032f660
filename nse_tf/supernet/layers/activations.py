"""Activations by name, as functions of tensors."""

from collections.abc import Callable

import tensorflow as tf


def hard_sigmoid(inputs: tf.Tensor) -> tf.Tensor:
    """Returns ReLU6(x + 3) / 6."""
    return tf.nn.relu6(inputs + 3.0) / 6.0


def hard_swish(inputs: tf.Tensor) -> tf.Tensor:
    """Returns x times its hard sigmoid."""
    return inputs * hard_sigmoid(inputs)


ACTIVATIONS: dict[str, Callable[[tf.Tensor], tf.Tensor]] = {
    "relu": tf.nn.relu,
    "relu6": tf.nn.relu6,
    "swish": tf.nn.silu,
    "hard_swish": hard_swish,
}
GATES: dict[str, Callable[[tf.Tensor], tf.Tensor]] = {
    "sigmoid": tf.nn.sigmoid,
    "hard_sigmoid": hard_sigmoid,
}
