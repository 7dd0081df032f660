"""The layers of a branch in a stand-alone child."""

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from nse_tf.spaces import BranchBlock, BranchOp, ConvStep, narrowed
from nse_tf.supernet.chains.backbone import (
    branch_stem_layers,
    branch_tail_layers,
)
from nse_tf.supernet.chains.branch import grouped_conv
from nse_tf.supernet.chains.parts import ChainParts
from nse_tf.supernet.layers.squeeze_excite import SqueezeExcite
from nse_tf.supernet.layers.stock import activation, batch_norm, depthwise


@keras.saving.register_keras_serializable(package="nse_tf")
class GroupedConv2D(keras.layers.Conv2D):
    """Drop-in for `Conv2D` with groups, padded as "same", that trains on CPUs.

    Names and weights are those of the stock layer, so the two can be exchanged.

    Args:
        *args: Arguments of the stock layer.
        **kwargs: Arguments of the stock layer.
    """

    def convolution_op(self, inputs: tf.Tensor, kernel: Any) -> tf.Tensor:
        """Returns the convolution, without a bias."""
        kernel = tf.convert_to_tensor(kernel)
        return grouped_conv(inputs, kernel, self.strides, self.groups)


def branch_layers(
    op: BranchOp, block: BranchBlock, prefix: str, *, fast: bool
) -> list[Callable[..., tf.Tensor]]:
    """Returns what a branch does, input to output.

    Args:
        op: The branch.
        block: Its cell.
        prefix: Begins the name of each layer.
        fast: Whether layers are those of this package that are fast to train,
            or stock ones.
    """
    layers: list[Callable[..., tf.Tensor]] = []
    for step in op.steps(block.in_channels, block.out_channels, block.stride):
        name = f"{prefix}_{step.name}"
        if not step.is_activated and block.squeeze_excite:
            layers.append(
                SqueezeExcite(
                    prefix,
                    step.in_channels,
                    narrowed(step.in_channels),
                    block.activation,
                    "sigmoid",
                )
            )
        layers += [
            *_convolutions(step, name, fast=fast),
            batch_norm(f"{name}_bn", fast=fast),
        ]
        if step.is_activated:
            layers.append(activation(block.activation, f"{name}_activation"))
    return layers


def _convolutions(
    step: ConvStep, name: str, *, fast: bool
) -> list[keras.layers.Layer]:
    """Returns a step's convolution; a strided dilated one is two layers."""
    if step.is_depthwise:
        side, stride = step.kernel[0], step.strides[0]
        if step.dilation == 1:
            return [depthwise(side, stride, name, fast=fast)]
        dilated = keras.layers.DepthwiseConv2D(
            side,
            padding="same",
            dilation_rate=step.dilation,
            use_bias=False,
            name=name,
        )
        if stride == 1:
            return [dilated]
        # Every second pixel: no layer both dilates and strides.
        every = keras.layers.AveragePooling2D(1, stride, name=f"{name}_stride")
        return [dilated, every]
    kind = GroupedConv2D if fast and step.groups > 1 else keras.layers.Conv2D
    return [
        kind(
            step.out_channels,
            step.kernel,
            step.strides,
            padding="same",
            groups=step.groups,
            use_bias=False,
            name=name,
        )
    ]


BRANCH_PARTS = ChainParts(
    stem_layers=branch_stem_layers,
    tail_layers=branch_tail_layers,
    op_layers=branch_layers,
)
