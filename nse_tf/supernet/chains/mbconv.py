"""One Keras layer per kind of op, run with the weights of a row.

A primitive holds no weights. It is built for the candidates of its kind in one
block; an argument of every call selects one: kernel size and width are
numbers in the graph, so that a new path needs no new trace. Squeeze-and-excite
and the activation are short branches of it, where candidates differ in them.
"""

import functools
from collections.abc import Sequence

import keras
import numpy as np
import tensorflow as tf

from nse_tf.spaces import ChoiceBlock, MBConv
from nse_tf.supernet.layers.activations import ACTIVATIONS
from nse_tf.supernet.layers.batch_norm import normalize, normalize_by
from nse_tf.supernet.layers.depthwise import depthwise_conv
from nse_tf.supernet.layers.layouts import Layout, Piece, layout_of
from nse_tf.supernet.layers.squeeze_excite import weighed


class MBConvPrimitive(keras.layers.Layer):
    """Runs any of a block's MBConvs, without the shortcut.

    All of them have an expanding convolution, or none has.

    Args:
        block: The block.
        ops: By candidate index, the op, or None for one of another kind.
        row_lengths: By candidate index, how many weights it is given; what
            its layout does not name is padding.
        statistics_length: How long its rows of statistics are.
        shapes: By candidate index, the block in the shape that it has there,
            without padding; None where all have the block's own.

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
        shapes: Sequence[ChoiceBlock] | None = None,
        **kwargs: object,
    ) -> None:
        super().__init__(**kwargs)
        self.block = block
        self._epsilon = block.norm_epsilon
        # The last one is for padding.
        own = [*([block] * (len(ops) - 1) if shapes is None else shapes), block]
        placed = list(zip(ops, own, strict=True))
        layouts = [
            Layout() if op is None else layout_of(op, shape)
            for op, shape in placed
        ]
        self._outer_widths = [
            np.array([getattr(shape, name) for shape in own])
            for name in ("in_channels", "out_channels")
        ]
        self._expands = any(op is not None and op.expands for op in ops)
        # Of what is not there, others have pieces without numbers.
        self._layout = max(layouts, key=lambda each: len(each.weights))
        members = {op for op in ops if op is not None}
        self._is_gated = np.array(
            [op is not None and op.squeeze_excite for op in ops]
        )
        self._all_gated = all(op.squeeze_excite for op in members)
        self._activations = sorted({op.activation for op in members})
        self._activation_indices = np.array(
            [
                0 if op is None else self._activations.index(op.activation)
                for op in ops
            ],
            np.int32,
        )
        self._kernel_sides = np.array(
            [0 if op is None else op.kernel for op in ops]
        )
        self._inner_widths = np.array(
            [
                0 if op is None else op.inner_channels(shape.in_channels)
                for op, shape in placed
            ]
        )
        self._weight_sizes = _sizes(
            [each.weights for each in layouts],
            self._layout.weights,
            row_lengths,
        )
        self._statistic_sizes = _sizes(
            [each.statistics for each in layouts],
            self._layout.statistics,
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
        weights = self._weights(row, index)
        moving = dict(
            zip(
                map(_name, self._layout.statistics),
                _split(statistics, self._statistic_sizes, index),
                strict=True,
            )
        )
        seen: list[tf.Tensor] = []

        def norm(outputs: tf.Tensor, layer: str) -> tf.Tensor:
            name, epsilon = f"{layer}_bn", self._epsilon
            gamma, beta = weights[name, "gamma"], weights[name, "beta"]
            if not training:
                mean = moving[name, "moving_mean"]
                variance = moving[name, "moving_variance"]
                return normalize_by(
                    outputs, gamma, beta, mean, variance, epsilon
                )
            outputs, mean, variance = normalize(outputs, gamma, beta, epsilon)
            seen.extend((mean, variance))
            return outputs

        outputs = inputs
        if self._expands:
            outputs = tf.nn.conv2d(
                outputs, weights["expand", "kernel"], 1, "SAME"
            )
            outputs = self._activated(norm(outputs, "expand"), index)
        outputs = depthwise_conv(
            outputs,
            weights["depthwise", "kernel"],
            self.block.stride,
            self._kernel_sides[self._kernel_sides > 0].tolist(),
        )
        outputs = self._activated(norm(outputs, "depthwise"), index)
        outputs = self._weighed(outputs, weights, index)
        outputs = tf.nn.conv2d(outputs, weights["project", "kernel"], 1, "SAME")
        outputs = norm(outputs, "project")
        _, widths_out = self._outer_widths
        is_known = len({*widths_out.tolist()}) == 1
        channels = self.block.out_channels if is_known else None
        outputs.set_shape([None, *self.block.out_size, channels])
        if not training:
            return outputs, statistics
        # Rows of statistics are as long as those of the widest candidate.
        padding = tf.zeros([tf.gather(self._statistic_sizes[:, -1], index)])
        return outputs, tf.concat([*seen, padding], 0)

    def _activated(self, inputs: tf.Tensor, index: tf.Tensor) -> tf.Tensor:
        """Returns the activation of a candidate."""
        kinds = [ACTIVATIONS[name] for name in self._activations]
        if len(kinds) == 1:
            return kinds[0](inputs)
        outputs = tf.switch_case(
            tf.gather(self._activation_indices, index),
            [functools.partial(activate, inputs) for activate in kinds],
        )
        outputs.set_shape(inputs.shape)
        return outputs

    def _weighed(
        self,
        inputs: tf.Tensor,
        weights: dict[tuple[str, str], tf.Tensor],
        index: tf.Tensor,
    ) -> tf.Tensor:
        """Returns inner channels, weighed where the candidate does that."""
        if not self._is_gated.any():
            return inputs
        weigh = functools.partial(
            weighed, inputs, weights, "relu", "hard_sigmoid"
        )
        if self._all_gated:
            return weigh()
        outputs = tf.cond(
            tf.gather(self._is_gated, index), weigh, lambda: inputs
        )
        outputs.set_shape(inputs.shape)
        return outputs

    def _weights(
        self, row: tf.Tensor, index: tf.Tensor
    ) -> dict[tuple[str, str], tf.Tensor]:
        """Returns the weights of a row by (layer, weight), kernels in shape."""
        side = tf.gather(self._kernel_sides, index)
        inner = tf.gather(self._inner_widths, index)
        width_in, width_out = (
            int(widths[0])
            if len({*widths.tolist()}) == 1
            else tf.gather(widths, index)
            for widths in self._outer_widths
        )
        # What is between the convolutions of squeeze-and-excite follows from
        # how long they are.
        shapes = {
            "expand": [1, 1, width_in, inner],
            "depthwise": [side, side, inner, 1],
            "squeeze": [1, 1, inner, -1],
            "excite": [1, 1, -1, inner],
            "project": [1, 1, inner, width_out],
        }
        values = _split(row, self._weight_sizes, index)
        return {
            _name(piece): tf.reshape(value, shapes[piece.layer])
            if piece.weight == "kernel"
            else value
            for piece, value in zip(self._layout.weights, values, strict=True)
        }


def _name(piece: Piece) -> tuple[str, str]:
    return piece.layer, piece.weight


def _sizes(
    pieces: Sequence[tuple[Piece, ...]],
    named: tuple[Piece, ...],
    lengths: Sequence[int],
) -> np.ndarray:
    """Returns the sizes of each candidate's pieces, and of its padding.

    Args:
        pieces: Those of each candidate.
        named: Which of them there are, in the order of rows.
        lengths: How long the row of each candidate is.
    """
    sizes = np.zeros((len(pieces), len(named) + 1), np.int32)
    for row, each, length in zip(sizes, pieces, lengths, strict=True):
        found = {_name(piece): piece.size for piece in each}
        row[:-1] = [found.get(_name(piece), 0) for piece in named]
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
