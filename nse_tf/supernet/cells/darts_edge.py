"""What the candidates of one edge of a DARTS cell compute, by their rows."""

import dataclasses

import tensorflow as tf

from nse_tf.spaces import CellOp, DilConv, Pool, SepConv, SkipConnect
from nse_tf.supernet.cells.edge_ops import (
    DILATED,
    NOTHING,
    POOLS,
    SEPARABLE,
    SKIP,
    OpenEdge,
    kind_of,
    require_work,
    side_of,
)
from nse_tf.supernet.layers.batch_norm import normalize, normalize_by
from nse_tf.supernet.layers.depthwise import depthwise_conv
from nse_tf.supernet.layers.dilated import dilated_depthwise_conv
from nse_tf.supernet.layers.layouts import Piece

# Most batch norms that a candidate has.
MOST_NORMS = 2


@dataclasses.dataclass(frozen=True)
class EdgeWork:
    """Runs the candidates of one edge with the weights that it is given.

    Attributes:
        ops: The candidates.
        channels: Width of source and target.
        stride: 1 or 2.

    Raises:
        ValueError: If an op is none of DARTS's.
    """

    ops: tuple[CellOp, ...]
    channels: int
    stride: int

    def __post_init__(self) -> None:
        known = {NOTHING, SKIP, SEPARABLE, DILATED, *POOLS}
        require_work(self.ops, known, "DARTS")

    @property
    def kinds(self) -> list[int]:
        """The kinds of work that there are, in order."""
        return sorted({kind_of(op) for op in self.ops})

    def has_norms(self, op: CellOp) -> bool:
        """Whether a candidate has batch norm, and so a row of its own."""
        return bool(self.kernels_of(op)) or isinstance(op, Pool)

    def kernels_of(self, op: CellOp) -> tuple[Piece, ...]:
        """Returns the kernels of an op, in the order of their row."""
        width = self.channels
        match op:
            case SkipConnect() if self.stride == 2:
                return tuple(
                    Piece(f"half{number}", "kernel", (1, 1, width, half))
                    for number, half in enumerate(self._halves)
                )
            case SepConv() | DilConv():
                shape = (op.kernel, op.kernel, width, 1)
                once = (
                    Piece("depthwise", "kernel", shape),
                    Piece("pointwise", "kernel", (1, 1, width, width)),
                )
                return once if isinstance(op, DilConv) else once + once
            case _:
                return ()

    @property
    def _halves(self) -> tuple[int, int]:
        """The widths of a factorized reduction's two convolutions."""
        return self.channels // 2, self.channels - self.channels // 2

    def run(
        self, kind: int, inputs: tf.Tensor, open_edge: OpenEdge, training: bool
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns what one kind of work makes of the inputs.

        With it, the statistics that were seen, laid out as the row of them.
        """
        stride = self.stride
        if kind == NOTHING:
            zeros = tf.zeros_like(inputs[:, ::stride, ::stride])
            return zeros, open_edge.statistics
        if kind == SKIP and stride == 1:
            return inputs, open_edge.statistics
        norms = _Norms(open_edge.statistics, self.channels, training)
        if kind == SKIP:
            outputs = norms.run(self._halved(inputs, open_edge.row))
        elif kind in POOLS:
            outputs = norms.run(POOLS[kind](inputs, 3, stride, "SAME"))
        elif kind == DILATED:
            outputs = norms.run(self._dilated(inputs, open_edge))
        else:
            outputs = norms.run(self._separable(inputs, open_edge, 0))
            outputs = norms.run(self._separable(outputs, open_edge, 1))
        return outputs, norms.seen

    def skipped(self, inputs: tf.Tensor, row: tf.Tensor | None) -> tf.Tensor:
        """Returns a skip of the inputs, in training mode.

        Args:
            inputs: `(batch, height, width, channels)`.
            row: Its kernels, where it halves.
        """
        if row is None:
            return inputs
        outputs, *_ = normalize(
            self._halved(inputs, row),
            tf.ones([self.channels]),
            tf.zeros([self.channels]),
        )
        return outputs

    def _separable(
        self, inputs: tf.Tensor, open_edge: OpenEdge, number: int
    ) -> tf.Tensor:
        """Returns one half of a sep_conv, before its batch norm."""
        depthwise, pointwise = self._kernels(open_edge, number)
        # Only the first of the two depthwise convolutions strides, as in DARTS.
        stride = 1 if number else self.stride
        sides = self._sides(SEPARABLE)
        outputs = depthwise_conv(tf.nn.relu(inputs), depthwise, stride, sides)
        return tf.nn.conv2d(outputs, pointwise, 1, "SAME")

    def _dilated(self, inputs: tf.Tensor, open_edge: OpenEdge) -> tf.Tensor:
        """Returns a dil_conv before its batch norm.

        Of stride 2, every second pixel is all that the kernel ever meets: so it
        is a plain one on these.
        """
        depthwise, pointwise = self._kernels(open_edge, 0)
        sides, active = self._sides(DILATED), tf.nn.relu(inputs)
        if self.stride == 1:
            outputs = dilated_depthwise_conv(active, depthwise, sides)
        else:
            outputs = depthwise_conv(active[:, ::2, ::2], depthwise, 1, sides)
        return tf.nn.conv2d(outputs, pointwise, 1, "SAME")

    def _sides(self, kind: int) -> list[int]:
        return [side_of(op) for op in self.ops if kind_of(op) == kind]

    def _kernels(
        self, open_edge: OpenEdge, number: int
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns the depthwise and the 1×1 kernel of that number in a row."""
        side, width = open_edge.side, self.channels
        depth, point = side * side * width, width * width
        start = number * (depth + point)
        return (
            tf.reshape(
                open_edge.row[start : start + depth], [side, side, width, 1]
            ),
            tf.reshape(
                open_edge.row[start + depth : start + depth + point],
                [1, 1, width, width],
            ),
        )

    def _halved(self, inputs: tf.Tensor, row: tf.Tensor) -> tf.Tensor:
        """Returns a factorized reduction, before its batch norm."""
        width, active = self.channels, tf.nn.relu(inputs)
        # The second half reads the pixels between those of the first. Padding
        # keeps the two of one size.
        shifted = tf.pad(active[:, 1:, 1:], [[0, 0], [0, 1], [0, 1], [0, 0]])
        sizes = [width * half for half in self._halves]
        kernels = tf.split(row[: sum(sizes)], sizes)
        return tf.concat(
            [
                tf.nn.conv2d(
                    each, tf.reshape(kernel, [1, 1, width, half]), 2, "SAME"
                )
                for each, kernel, half in zip(
                    (active, shifted), kernels, self._halves, strict=True
                )
            ],
            -1,
        )


class _Norms:
    """The batch norms of one candidate, one after another.

    Args:
        statistics: Its row of moving statistics.
        channels: Width of what is normalized.
        training: Whether to normalize by the batch.
    """

    def __init__(
        self, statistics: tf.Tensor, channels: int, training: bool
    ) -> None:
        self._parts = tf.split(statistics, 2 * MOST_NORMS)
        self._affine = tf.ones([channels]), tf.zeros([channels])
        self._training, self._num_run = training, 0

    def run(self, inputs: tf.Tensor) -> tf.Tensor:
        """Returns the inputs normalized by the next batch norm."""
        pair = slice(2 * self._num_run, 2 * self._num_run + 2)
        self._num_run += 1
        if not self._training:
            return normalize_by(inputs, *self._affine, *self._parts[pair])
        # What was seen replaces the old statistics; `seen` joins them again.
        outputs, *self._parts[pair] = normalize(inputs, *self._affine)
        return outputs

    @property
    def seen(self) -> tf.Tensor:
        """The statistics of the batch; the old ones of norms that never ran."""
        return tf.concat(self._parts, 0)
