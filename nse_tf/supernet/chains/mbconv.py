"""One Keras layer per kind of op, run with the weights of a row.

A primitive holds no weights. It is built for the candidates of its kind in one
block; an argument of every call selects one: kernel size and width are
numbers in the graph, so that a new path needs no new trace.
"""

from collections.abc import Sequence

import keras
import numpy as np
import tensorflow as tf

from nse_tf.spaces import ChoiceBlock, MBConv
from nse_tf.supernet.layers.batch_norm import normalize, normalize_by
from nse_tf.supernet.layers.depthwise import depthwise_conv
from nse_tf.supernet.layers.layouts import Layout, Piece, layout_of


class MBConvPrimitive(keras.layers.Layer):
    """Runs any of a block's MBConvs, without the shortcut.

    All of them have an expanding convolution, or none has.

    Args:
        block: The block.
        ops: By candidate index, the op, or None for one of another kind.
        row_lengths: By candidate index, how many weights it is given; what
            its layout does not name is padding.
        statistics_length: How long its rows of statistics are.

    Call arguments:
        inputs: `(batch, height, width, in_channels)`.
        index: Which candidate to be; int32 scalar.
        row: Its weights `(its row_length,)`.
        statistics: Its moving statistics `(statistics_length,)`.
        training: Whether to normalize by the batch.

    Output:
        The branch `(batch, out_height, out_width, out_channels)`, and in
        training the batch's own statistics, laid out as `statistics`.
    """

    def __init__(
        self,
        block: ChoiceBlock,
        ops: Sequence[MBConv | None],
        row_lengths: Sequence[int],
        statistics_length: int,
        **kwargs: object,
    ) -> None:
        super().__init__(**kwargs)
        self.block = block
        self._epsilon = block.norm_epsilon
        layouts = [
            Layout() if op is None else layout_of(op, block) for op in ops
        ]
        self._expands = any(op is not None and op.expansion > 1 for op in ops)
        self._kernel_sides = np.array(
            [0 if op is None else op.kernel for op in ops]
        )
        self._inner_widths = np.array(
            [
                0 if op is None else op.expansion * block.in_channels
                for op in ops
            ]
        )
        self._weight_sizes = _sizes(
            [each.weights for each in layouts], row_lengths
        )
        self._statistic_sizes = _sizes(
            [each.statistics for each in layouts],
            [statistics_length] * len(layouts),
        )

    def call(
        self,
        inputs: tf.Tensor,
        index: tf.Tensor,
        row: tf.Tensor,
        statistics: tf.Tensor,
        training: bool = False,
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns the branch and the batch's statistics."""
        side = tf.gather(self._kernel_sides, index)
        inner = tf.gather(self._inner_widths, index)
        width_in, width_out = self.block.in_channels, self.block.out_channels
        weights = _split(row, self._weight_sizes, index)
        norms = _split(statistics, self._statistic_sizes, index)
        num_convs = 3 if self._expands else 2
        kernels, affine = weights[:num_convs], weights[num_convs:]
        seen: list[tf.Tensor] = []

        def norm(outputs: tf.Tensor, position: int) -> tf.Tensor:
            pair, epsilon = slice(2 * position, 2 * position + 2), self._epsilon
            gamma, beta = affine[pair]
            if not training:
                mean, variance = norms[pair]
                return normalize_by(
                    outputs, gamma, beta, mean, variance, epsilon
                )
            outputs, mean, variance = normalize(outputs, gamma, beta, epsilon)
            seen.extend((mean, variance))
            return outputs

        outputs = inputs
        if self._expands:
            kernel = tf.reshape(kernels[0], [1, 1, width_in, inner])
            outputs = tf.nn.conv2d(outputs, kernel, 1, "SAME")
            outputs = tf.nn.relu6(norm(outputs, 0))
        outputs = depthwise_conv(
            outputs,
            tf.reshape(kernels[-2], [side, side, inner, 1]),
            self.block.stride,
            self._kernel_sides[self._kernel_sides > 0].tolist(),
        )
        outputs = tf.nn.relu6(norm(outputs, num_convs - 2))
        kernel = tf.reshape(kernels[-1], [1, 1, inner, width_out])
        outputs = norm(tf.nn.conv2d(outputs, kernel, 1, "SAME"), num_convs - 1)
        outputs.set_shape([None, *self.block.out_size, width_out])
        if not training:
            return outputs, statistics
        # Rows of statistics are as long as those of the widest candidate.
        padding = tf.zeros([tf.gather(self._statistic_sizes[:, -1], index)])
        return outputs, tf.concat([*seen, padding], 0)


def _sizes(
    pieces: Sequence[tuple[Piece, ...]], lengths: Sequence[int]
) -> np.ndarray:
    """Returns the sizes of the pieces of each candidate, and of the padding."""
    sizes = np.zeros((len(pieces), max(map(len, pieces)) + 1), np.int32)
    for row, each, length in zip(sizes, pieces, lengths, strict=True):
        row[: len(each)] = [piece.size for piece in each]
        row[-1] = length - row.sum()
    return sizes


def _split(
    row: tf.Tensor, sizes: np.ndarray, index: tf.Tensor
) -> list[tf.Tensor]:
    """Returns a row's pieces, flat, without its padding."""
    # Sizes are known only when the graph runs, but their number must be known
    # when it is traced.
    pieces = tf.split(row, tf.gather(sizes, index), num=sizes.shape[1])
    return list(pieces[:-1])
