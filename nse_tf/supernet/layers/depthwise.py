"""Depthwise convolution with a gradient that is fast on CPUs.

The gradient of a 5x5 or 7x7 kernel is the slowest part of a training step on
a CPU: oneDNN has a depthwise routine for kernels up to three columns wide, and
for wider ones takes that of grouped convolutions, which fills blocks of 16x16
channels with zeros. So wide kernels get their gradient three columns at a time.
`python benchmarks/speed/depthwise_gradient.py` measures what that brings.
"""

import functools
from collections.abc import Callable, Sequence

import keras
import tensorflow as tf

# The widest kernel that oneDNN has a depthwise gradient for.
FAST_COLUMNS = 3


def depthwise_conv(
    inputs: tf.Tensor, kernel: tf.Tensor, stride: int, sides: Sequence[int]
) -> tf.Tensor:
    """Returns the depthwise convolution of images, padded as "same".

    Values and gradients are those of TensorFlow's own op, to rounding. Its
    gradients have none themselves where they are the fast ones.

    Args:
        inputs: `(batch, height, width, channels)`; height and width are known.
        kernel: `(side, side, channels, 1)`; the side may be known only when
            the graph runs.
        stride: Stride of both axes.
        sides: The sides that the kernel may have.
    """
    if (
        stride > 1  # The op's own gradient is as fast.
        or any(side % 2 == 0 for side in sides)  # Padded unevenly.
        or max(sides) <= FAST_COLUMNS
        or tf.config.list_logical_devices("GPU")
    ):
        return _convolved(inputs, kernel, stride)
    fast = _fast_convolution(
        tuple(sorted(set(sides))),
        tuple(inputs.shape[1:]),
        tuple(kernel.shape),
        tf.as_dtype(inputs.dtype),
    )
    return fast(inputs, kernel)


@functools.cache
def _fast_convolution(
    sides: tuple[int, ...],
    image_shape: tuple[int | None, ...],
    kernel_shape: tuple[int | None, ...],
    dtype: tf.DType,
) -> Callable[[tf.Tensor, tf.Tensor], tf.Tensor]:
    """Returns a convolution at stride 1 whose kernel gradient is the fast one.

    It is a function of its own, traced once for each shape: TensorFlow keeps
    the gradient of every call of `tf.custom_gradient` in a graph, and with it
    the graph, for as long as the process lives.
    """
    kernel_gradients = [_kernel_gradient_by(side) for side in sides]

    @tf.function(
        autograph=False,
        input_signature=[
            tf.TensorSpec((None, *image_shape), dtype),
            tf.TensorSpec(kernel_shape, dtype),
        ],
    )
    @tf.custom_gradient
    def convolved(
        inputs: tf.Tensor, kernel: tf.Tensor
    ) -> tuple[tf.Tensor, Callable[[tf.Tensor], tuple[tf.Tensor, tf.Tensor]]]:
        def gradients(upstream: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            if len(sides) == 1:
                of_kernel = kernel_gradients[0](inputs, upstream)
            else:
                is_side = tf.equal(sides, tf.shape(kernel)[0])
                of_kernel = tf.switch_case(
                    # The argmax of booleans is the position of the only true
                    # one.
                    tf.argmax(is_side, output_type=tf.int32),
                    [
                        lambda each=each: each(inputs, upstream)
                        for each in kernel_gradients
                    ],
                )
            # At stride 1 the transposed convolution is one with the kernel
            # turned around, which has the faster routine.
            turned = tf.reverse(kernel, [0, 1])
            return _convolved(upstream, turned, 1), of_kernel

        return _convolved(inputs, kernel, 1), gradients

    found: Callable[[tf.Tensor, tf.Tensor], tf.Tensor] = convolved
    return found


@keras.saving.register_keras_serializable(package="nse_tf")
class FastDepthwiseConv2D(keras.layers.DepthwiseConv2D):
    """Drop-in for `DepthwiseConv2D` without bias, padded as "same".

    Names and weights are those of the stock layer, so the two can be exchanged.

    Args:
        kernel_size: Side of the kernel.
        strides: Stride of both axes.
        **kwargs: Arguments of the stock layer.

    Call arguments:
        inputs: `(batch, height, width, channels)`; height and width are known.

    Raises:
        ValueError: If asked for what the convolution does not do.
    """

    def __init__(
        self,
        kernel_size: int | tuple[int, int],
        strides: int | tuple[int, int] = 1,
        **kwargs: object,
    ) -> None:
        kwargs = {"padding": "same", "use_bias": False, **kwargs}
        super().__init__(kernel_size, strides, **kwargs)
        is_plain = (
            self.padding == "same"
            and self.data_format == "channels_last"
            and self.depth_multiplier == 1
            and self.activation is keras.activations.linear
            and not self.use_bias
        )
        is_square = (
            len({*self.kernel_size}) == len({*self.strides}) == 1
            and max(self.dilation_rate) == 1
        )
        if not is_plain or not is_square:
            raise ValueError(
                f"Layer {self.name!r}: the kernel is square, padded as 'same', "
                "not dilated, with one filter for each channel of the last "
                "axis and neither bias nor activation. Use "
                "keras.layers.DepthwiseConv2D."
            )

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """Returns the convolved images."""
        return depthwise_conv(
            inputs, self.kernel.value, self.strides[0], self.kernel_size[:1]
        )


def _convolved(inputs: tf.Tensor, kernel: tf.Tensor, stride: int) -> tf.Tensor:
    return tf.raw_ops.DepthwiseConv2dNative(
        input=inputs,
        filter=kernel,
        strides=[1, stride, stride, 1],
        padding="SAME",
    )


def _kernel_gradient_by(
    side: int,
) -> Callable[[tf.Tensor, tf.Tensor], tf.Tensor]:
    """Returns what computes the gradient of kernels of a side at stride 1."""

    def kernel_gradient(inputs: tf.Tensor, upstream: tf.Tensor) -> tf.Tensor:
        parts = []
        for start, repeated in column_groups(side):
            part = _columns_gradient(inputs, upstream, side, start)
            parts.append(part[:, repeated:])
        return tf.concat(parts, 1)

    return kernel_gradient


def column_groups(side: int) -> list[tuple[int, int]]:
    """Returns the groups of columns that a kernel's gradient is made of.

    Returns:
        For each group, its first column, and how many of its columns are in the
        group before already: the last one reaches back, since a group of three
        from the middle of a 5x5 kernel needs no copy of the inputs.
    """
    starts = [
        min(start, max(side - FAST_COLUMNS, 0))
        for start in range(0, side, FAST_COLUMNS)
    ]
    ends = [0, *(start + FAST_COLUMNS for start in starts[:-1])]
    return [
        (start, end - start) for start, end in zip(starts, ends, strict=True)
    ]


def _columns_gradient(
    inputs: tf.Tensor, upstream: tf.Tensor, side: int, start: int
) -> tf.Tensor:
    """Returns the gradient of some columns of an odd kernel at stride 1."""
    count = min(FAST_COLUMNS, side)
    half = side // 2
    # Where a column only ever meets inputs further on, the first ones are cut
    # off instead of padded.
    left = half - start
    right = start + count - 1 - half
    width = inputs.shape[2]
    if left < 0 or right < 0:
        inputs = inputs[:, :, max(-left, 0) : width - max(-right, 0)]
    padding = [half, half, max(left, 0), max(right, 0)]
    return tf.raw_ops.DepthwiseConv2dNativeBackpropFilter(
        input=inputs,
        filter_sizes=[side, count, tf.shape(upstream)[3], 1],
        out_backprop=upstream,
        strides=[1, 1, 1, 1],
        padding="EXPLICIT",
        explicit_paddings=[0, 0, *padding, 0, 0],
    )
