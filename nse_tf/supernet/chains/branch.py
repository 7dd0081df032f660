"""Branches of multi-branch cells, run with the weights of a row."""

from collections.abc import Sequence

import tensorflow as tf

from nse_tf.spaces import BranchBlock, BranchOp, ConvStep
from nse_tf.supernet.layers.activations import ACTIVATIONS
from nse_tf.supernet.layers.batch_norm import normalize, normalize_by
from nse_tf.supernet.layers.depthwise import depthwise_conv
from nse_tf.supernet.layers.layouts import Layout, Piece, layout_of
from nse_tf.supernet.layers.squeeze_excite import weighed


class Branch:
    """One candidate of a cell; holds no weights.

    Args:
        op: The candidate.
        block: Its cell.
    """

    def __init__(self, op: BranchOp, block: BranchBlock) -> None:
        self.layout: Layout = layout_of(op, block)
        self._block = block
        self._steps = op.steps(
            block.in_channels, block.out_channels, block.stride
        )
        self._activate = ACTIVATIONS[block.activation]

    def __call__(
        self,
        inputs: tf.Tensor,
        row: tf.Tensor,
        statistics: tf.Tensor,
        training: bool = False,
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns the branch and, in training, the batch's statistics.

        Args:
            inputs: `(batch, height, width, in_channels)`.
            row: Weights, laid out as `layout.weights`.
            statistics: Moving ones, laid out as `layout.statistics`.
            training: Whether to normalize by the batch.
        """
        weights = _by_name(self.layout.weights, row)
        moving = _by_name(self.layout.statistics, statistics)
        seen: list[tf.Tensor] = []
        outputs = inputs
        for step in self._steps:
            if not step.is_activated and self._block.squeeze_excite:
                activation = self._block.activation
                outputs = weighed(outputs, weights, activation, "sigmoid")
            outputs = convolved(outputs, weights[step.name, "kernel"], step)
            norm = f"{step.name}_bn"
            affine = weights[norm, "gamma"], weights[norm, "beta"]
            if training:
                outputs, mean, variance = normalize(outputs, *affine)
                seen += [mean, variance]
            else:
                outputs = normalize_by(
                    outputs,
                    *affine,
                    moving[norm, "moving_mean"],
                    moving[norm, "moving_variance"],
                )
            if step.is_activated:
                outputs = self._activate(outputs)
        outputs.set_shape(
            [None, *self._block.out_size, self._block.out_channels]
        )
        return outputs, tf.concat(seen, 0) if training else statistics


def _by_name(
    pieces: Sequence[Piece], row: tf.Tensor
) -> dict[tuple[str, str], tf.Tensor]:
    """Returns the pieces of a row, in shape, by (layer, weight)."""
    values = tf.split(row, [piece.size for piece in pieces])
    return {
        (piece.layer, piece.weight): tf.reshape(value, piece.shape)
        for piece, value in zip(pieces, values, strict=True)
    }


def convolved(
    inputs: tf.Tensor, kernel: tf.Tensor, step: ConvStep
) -> tf.Tensor:
    """Returns a step's convolution of images, padded as "same".

    Args:
        inputs: `(batch, height, width, in_channels)`.
        kernel: `(height, width, in_channels / groups, out_channels)`, of a
            depthwise one `(height, width, in_channels, 1)`.
        step: What to do.
    """
    down, across = step.strides
    if not step.is_depthwise:
        return grouped_conv(inputs, kernel, step.strides, step.groups)
    if step.dilation == 1:
        return depthwise_conv(inputs, kernel, down, [step.kernel[0]])
    # TensorFlow has no depthwise convolution that is dilated and strided.
    outputs = tf.nn.depthwise_conv2d(
        inputs, kernel, [1, 1, 1, 1], "SAME", dilations=[step.dilation] * 2
    )
    return outputs[:, ::down, ::across] if (down, across) != (1, 1) else outputs


def grouped_conv(
    inputs: tf.Tensor,
    kernel: tf.Tensor,
    strides: tuple[int, int],
    groups: int,
) -> tf.Tensor:
    """Returns a convolution of groups of channels, padded as "same".

    One group after another: TensorFlow's own has no gradient on a CPU without
    oneDNN.
    """
    if groups == 1:
        return tf.nn.conv2d(inputs, kernel, strides, "SAME")
    return tf.concat(
        [
            tf.nn.conv2d(part, its_kernel, strides, "SAME")
            for part, its_kernel in zip(
                tf.split(inputs, groups, -1),
                tf.split(kernel, groups, -1),
                strict=True,
            )
        ],
        -1,
    )
