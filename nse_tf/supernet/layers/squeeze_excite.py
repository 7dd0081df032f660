"""Squeeze-and-excite: channels weighed by what all pixels say together.

References:
    Hu et al., Squeeze-and-Excitation Networks (2018):
    https://arxiv.org/abs/1709.01507
"""

from collections.abc import Mapping

import keras
import tensorflow as tf

from nse_tf.supernet.layers.activations import ACTIVATIONS, GATES
from nse_tf.supernet.layers.stock import activation


def weighed(
    inputs: tf.Tensor,
    weights: Mapping[tuple[str, str], tf.Tensor],
    kind: str,
    gate: str,
) -> tf.Tensor:
    """Returns the channels times what squeeze-and-excite gives each.

    Args:
        inputs: `(batch, height, width, channels)`.
        weights: `kernel` and `bias` of the 1×1 convolutions `squeeze` and
            `excite`, by (layer, weight).
        kind: The activation between the two, a name in `ACTIVATIONS`.
        gate: What makes weights of channels, a name in `GATES`.
    """
    pooled = tf.reduce_mean(inputs, [1, 2], keepdims=True)
    for layer, activate in (
        ("squeeze", ACTIVATIONS[kind]),
        ("excite", GATES[gate]),
    ):
        pooled = tf.nn.conv2d(pooled, weights[layer, "kernel"], 1, "SAME")
        pooled = activate(pooled + weights[layer, "bias"])
    return inputs * pooled


class SqueezeExcite:
    """The same by stock layers of a stand-alone child; called once.

    Args:
        prefix: Begins the name of each layer.
        channels: How many channels are weighed.
        narrow: How many there are between the two convolutions.
        kind: See `weighed`; so is gate.
        gate: See `weighed`.
    """

    def __init__(
        self, prefix: str, channels: int, narrow: int, kind: str, gate: str
    ) -> None:
        self._prefix, self._kind, self._gate = prefix, kind, gate
        self._channels, self._narrow = channels, narrow

    def __call__(self, inputs: tf.Tensor) -> tf.Tensor:
        """Returns the weighed channels."""
        prefix = self._prefix
        pooled = keras.layers.GlobalAveragePooling2D(
            keepdims=True, name=f"{prefix}_pool"
        )(inputs)
        pooled = keras.layers.Conv2D(self._narrow, 1, name=f"{prefix}_squeeze")(
            pooled
        )
        pooled = activation(self._kind, f"{prefix}_squeeze_activation")(pooled)
        weights = keras.layers.Conv2D(
            self._channels, 1, activation=self._gate, name=f"{prefix}_excite"
        )(pooled)
        return keras.layers.Multiply(name=f"{prefix}_weigh")([inputs, weights])
