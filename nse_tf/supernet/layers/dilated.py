"""Dilated depthwise convolution for kernels of a side that the graph learns.

A kernel of dilation 2 meets pixels of one phase only: those of even, or those
of odd, rows and columns. So the images are dealt out to four batches, convolved
plainly, and put together again.
"""

from collections.abc import Sequence

import tensorflow as tf

from nse_tf.supernet.layers.depthwise import depthwise_conv

DILATION = 2


def dilated_depthwise_conv(
    inputs: tf.Tensor, kernel: tf.Tensor, sides: Sequence[int]
) -> tf.Tensor:
    """Returns the depthwise convolution of dilation 2, padded as "same".

    Args:
        inputs: `(batch, height, width, channels)`; height and width are known.
        kernel: `(side, side, channels, 1)`, as of `depthwise_conv`.
        sides: The sides that the kernel may have, all odd.
    """
    height, width, channels = inputs.shape[1:]
    # Dealing out needs even sides. The zeros are those that "same" pads with
    # anyhow, and are cut off again.
    padding = [[0, -height % DILATION], [0, -width % DILATION]]
    phases = tf.space_to_batch(inputs, [DILATION] * 2, padding)
    # `depthwise_conv` needs height and width when it is traced.
    phases.set_shape(
        [None, -(-height // DILATION), -(-width // DILATION), channels]
    )
    outputs = depthwise_conv(phases, kernel, 1, sides)
    outputs = tf.batch_to_space(outputs, [DILATION] * 2, padding)
    outputs.set_shape(inputs.shape)
    return outputs
