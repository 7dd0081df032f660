"""Stock layers as all networks here use them, and their fresh weights."""

import keras
import numpy as np
import tensorflow as tf

from nse_tf.supernet.layers.batch_norm import (
    EPSILON,
    MOMENTUM,
    FusedBatchNormalization,
)
from nse_tf.supernet.layers.depthwise import FastDepthwiseConv2D
from nse_tf.supernet.layers.layouts import InitialKernels, Piece


def conv(
    filters: int, kernel: int, stride: int, name: str
) -> keras.layers.Layer:
    """Returns a convolution without bias."""
    return keras.layers.Conv2D(
        filters, kernel, stride, padding="same", use_bias=False, name=name
    )


def depthwise(
    kernel: int, stride: int, name: str, *, fast: bool
) -> keras.layers.Layer:
    """Returns a depthwise convolution: a fast one to train, or a stock one."""
    if fast:
        return FastDepthwiseConv2D(kernel, stride, name=name)
    return keras.layers.DepthwiseConv2D(
        kernel, stride, padding="same", use_bias=False, name=name
    )


def batch_norm(
    name: str, *, fast: bool, epsilon: float = EPSILON
) -> keras.layers.Layer:
    """Returns a batch norm: a fast one to train, or a stock one."""
    if fast:
        return FusedBatchNormalization(epsilon=epsilon, name=name)
    return keras.layers.BatchNormalization(
        epsilon=epsilon, momentum=MOMENTUM, name=name
    )


def relu6(name: str) -> keras.layers.Layer:
    """Returns the activation of most published chains."""
    return keras.layers.ReLU(max_value=6.0, name=name)


def activation(kind: str, name: str) -> keras.layers.Layer:
    """Returns an activation: `relu`, `relu6`, `swish` or `hard_swish`."""
    match kind:
        case "relu":
            return keras.layers.ReLU(name=name)
        case "relu6":
            return relu6(name)
        case _:
            # Keras calls them after SiLU.
            kind = {"swish": "silu", "hard_swish": "hard_silu"}[kind]
            return keras.layers.Activation(kind, name=name)


def named_activation(kind: str, name: str) -> keras.layers.Layer:
    """Returns the activation behind a layer of this name.

    It ends in what the activation is, where ReLU6 is a ReLU.
    """
    return activation(kind, f"{name}_{kind.removesuffix('6')}")


def initialize(
    layers: list[keras.layers.Layer],
    rng: np.random.Generator,
    kernels: InitialKernels = "fan_out",
) -> None:
    """Gives built layers fresh weights, drawn from `rng` in order.

    Convolutions as `Piece.initial` says; the classifier uniform in
    ±1/√inputs, weights and bias, as in PyTorch.
    """
    for layer in layers:
        for weight in layer.weights:
            if isinstance(layer, keras.layers.Dense):
                bound = 1 / np.sqrt(layer.kernel.shape[0])
                value = rng.uniform(-bound, bound, weight.shape)
            else:
                is_depthwise = isinstance(layer, keras.layers.DepthwiseConv2D)
                # `Piece.initial` tells depthwise kernels by this name, whatever
                # the layer is called.
                name = "depthwise" if is_depthwise else layer.name
                value = Piece(name, weight.name, tuple(weight.shape)).initial(
                    rng, kernels
                )
            weight.assign(tf.constant(value, tf.float32))


def kernels_of(layers: list[keras.layers.Layer]) -> list[keras.Variable]:
    """Returns the trained weights of rank 2 or more, in order."""
    return [
        weight
        for layer in layers
        for weight in layer.trainable_weights
        if len(weight.shape) >= 2
    ]
