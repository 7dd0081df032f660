"""How an op's weights lie in one row of numbers.

All candidates of a block keep their weights in one matrix, a row each: kernels
first, then batch norm's scales and offsets. Statistics lie in a second matrix.
So a step that opens one candidate reads one row, gets one gradient and writes
one row, whatever the op; and the sums that give angles, and which numbers
decay, follow from how long the kernels are.
"""

import dataclasses
import functools
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import keras
import numpy as np

from nse_tf.spaces import (
    BranchOp,
    ChainOp,
    ChoiceBlock,
    Identity,
    LayerOp,
    MBConv,
    Motif,
    Slot,
    narrowed,
)

InitialKernels = Literal["fan_out", "fan_in"]

STARTS = {
    "gamma": 1.0,
    "beta": 0.0,
    "bias": 0.0,
    "moving_mean": 0.0,
    "moving_variance": 1.0,
}


@dataclasses.dataclass(frozen=True)
class Piece:
    """One weight of an op.

    Attributes:
        layer: The stock layer of a child that has it, such as `expand_bn`.
        weight: Its name there, such as `gamma`.
        shape: Its shape.
        start: What it is filled with at first, where that is not what its name
            in `STARTS` says; kernels are drawn instead.
    """

    layer: str
    weight: str
    shape: tuple[int, ...]
    start: float | None = None

    @property
    def size(self) -> int:
        """How many numbers it holds."""
        return int(np.prod(self.shape))

    def initial(
        self, rng: np.random.Generator, kernels: InitialKernels = "fan_out"
    ) -> np.ndarray:
        """Returns fresh values, float32, of the piece's shape.

        Args:
            rng: Draws them.
            kernels: `fan_out` draws kernels normal with variance
                `2 / (k² · C_out)`, where a depthwise convolution counts all
                its channels as outputs: the initialization of the published
                one-shot supernets. `fan_in` draws them uniform in
                ±1/√(k² · C_in), where an output of a depthwise convolution has
                one input: what PyTorch does by default, and a sixth
                of that variance where widths are equal.
        """
        if self.weight != "kernel":
            start = STARTS[self.weight] if self.start is None else self.start
            return np.full(self.shape, start, np.float32)
        height, width, channels_in, channels_out = self.shape
        # Those of motifs are named after their edges, too.
        is_depthwise = self.layer.split("_")[0] == "depthwise"
        if kernels == "fan_in":
            inputs = 1 if is_depthwise else channels_in
            bound = 1.0 / np.sqrt(height * width * inputs)
            drawn = rng.uniform(-bound, bound, self.shape)
            return drawn.astype(np.float32)
        outputs = channels_in if is_depthwise else channels_out
        deviation = np.sqrt(2.0 / (height * width * outputs))
        values = rng.standard_normal(self.shape, np.float32)
        # A factor in float64 would make the product float64, too.
        return values * np.float32(deviation)


@dataclasses.dataclass(frozen=True)
class Layout:
    """All weights of one op of a block, in the order of their row.

    Attributes:
        kernels: Convolution kernels.
        affine: Batch norm's scales and offsets, then biases.
        statistics: Batch norm's moving means and variances.
    """

    kernels: tuple[Piece, ...] = ()
    affine: tuple[Piece, ...] = ()
    statistics: tuple[Piece, ...] = ()

    @property
    def weights(self) -> tuple[Piece, ...]:
        """What training moves, in the order of the row."""
        return self.kernels + self.affine

    @functools.cached_property
    def kernel_size(self) -> int:
        """How many numbers at the row's start are kernels."""
        return sum(piece.size for piece in self.kernels)


def layout_of(op: ChainOp, block: ChoiceBlock) -> Layout:
    """Returns how the weights of an op of a block lie in a row."""
    match op:
        case Identity():
            return Layout()
        case LayerOp():
            raise TypeError(f"{op.name!r} is a layer of a user's own model.")
        case Slot():
            raise TypeError(f"{op.name!r} has the layout of its cell.")
        case MBConv():
            inner = op.inner_channels(block.in_channels)
            depthwise = {"depthwise": op.kernel}
            layout = _residual_layout(
                inner, depthwise, block, expands=op.expands
            )
            if not op.squeeze_excite:
                return layout
            narrow = op.squeezed_channels(block.in_channels)
            return _squeezed(layout, inner, narrow)
        case Motif():
            depthwise = {
                edge.name: edge.kernel for edge in op.edges if edge.kernel
            }
            return _residual_layout(
                op.expansion * block.in_channels,
                depthwise,
                block,
                expands=op.expansion > 1,
            )
        case _:
            return _branch_layout(op, block)


def _residual_layout(
    inner: int,
    depthwise: Mapping[str, int],
    block: ChoiceBlock,
    *,
    expands: bool,
) -> Layout:
    """Returns the layout of an inverted residual.

    Args:
        inner: How many channels are inside.
        depthwise: Sides of the depthwise kernels by the name of their layer.
        block: The block.
        expands: Whether there is an expanding convolution.
    """
    kernels = [
        *(
            Piece(layer, "kernel", (side, side, inner, 1))
            for layer, side in depthwise.items()
        ),
        Piece("project", "kernel", (1, 1, inner, block.out_channels)),
    ]
    if expands:
        shape = (1, 1, block.in_channels, inner)
        kernels.insert(0, Piece("expand", "kernel", shape))
    widths = [
        (
            piece.layer,
            block.out_channels if piece.layer == "project" else inner,
        )
        for piece in kernels
    ]
    affine = _norms(widths, ("gamma", "beta"))
    if block.has_shortcut:
        # The last two are scale and offset of the projection's norm.
        affine = (
            *affine[:-2],
            _zero_at_first(affine[-2]),
            affine[-1],
        )
    statistics = _norms(widths, ("moving_mean", "moving_variance"))
    return Layout(tuple(kernels), affine, statistics)


def _branch_layout(op: BranchOp, block: ChoiceBlock) -> Layout:
    """Returns the layout of a branch, squeeze-and-excite before the last."""
    steps = op.steps(block.in_channels, block.out_channels, block.stride)
    kernels = [
        Piece(
            step.name,
            "kernel",
            (*step.kernel, step.in_channels, 1)
            if step.is_depthwise
            else (
                *step.kernel,
                step.in_channels // step.groups,
                step.out_channels,
            ),
        )
        for step in steps
    ]
    widths = [(step.name, step.out_channels) for step in steps]
    layout = Layout(
        tuple(kernels),
        _norms(widths, ("gamma", "beta")),
        _norms(widths, ("moving_mean", "moving_variance")),
    )
    if not block.squeeze_excite:
        return layout
    inner = steps[-1].in_channels
    return _squeezed(layout, inner, narrowed(inner))


def _squeezed(layout: Layout, inner: int, narrow: int) -> Layout:
    """Returns a layout with squeeze-and-excite before the last convolution.

    Args:
        layout: The layout without it.
        inner: How many channels are weighed.
        narrow: How many there are between its two convolutions.
    """
    kernels = (
        Piece("squeeze", "kernel", (1, 1, inner, narrow)),
        Piece("excite", "kernel", (1, 1, narrow, inner)),
    )
    # It has biases in place of norms.
    biases = (
        Piece("squeeze", "bias", (narrow,)),
        Piece("excite", "bias", (inner,)),
    )
    return dataclasses.replace(
        layout,
        kernels=(*layout.kernels[:-1], *kernels, layout.kernels[-1]),
        affine=layout.affine + biases,
    )


def _norms(
    widths: list[tuple[str, int]], weights: tuple[str, str]
) -> tuple[Piece, ...]:
    return tuple(
        Piece(f"{layer}_bn", weight, (width,))
        for layer, width in widths
        for weight in weights
    )


def _zero_at_first(gamma: Piece) -> Piece:
    """Returns the last scale of a branch beside a shortcut, starting at zero.

    Every path then starts as the few layers that all paths share, so that
    candidates learn beside something that works. Unlike the published
    supernets, and not a detail: after 12 epochs on the embedded digits random
    paths of ten blocks with up to seven candidates reached an accuracy of 73 %
    this way and 20 % otherwise.

    References:
        Goyal et al., Accurate, Large Minibatch SGD (2017), section 5.1:
        https://arxiv.org/abs/1706.02677
    """
    return dataclasses.replace(gamma, start=0.0)


def packed(pieces: tuple[Piece, ...], rng: np.random.Generator) -> np.ndarray:
    """Returns fresh values of these pieces as one row."""
    values = [piece.initial(rng).ravel() for piece in pieces]
    # The empty piece is for an identity, which has no other.
    return np.concatenate([np.empty(0, np.float32), *values])


def unpacked(
    pieces: tuple[Piece, ...], row: np.ndarray
) -> dict[tuple[str, str], np.ndarray]:
    """Returns the values of a row by (layer, weight); padding is ignored."""
    values, start = {}, 0
    for piece in pieces:
        values[piece.layer, piece.weight] = row[
            start : start + piece.size
        ].reshape(piece.shape)
        start += piece.size
    return values


def matrix_of(rows: Sequence[np.ndarray]) -> np.ndarray:
    """Returns a row for each candidate, padded with zeros, and one of zeros.

    The last row stands for padding: what computes nothing reads it, and its
    gradient is zero.
    """
    values = np.zeros(
        (len(rows) + 1, max(map(len, rows), default=0)), np.float32
    )
    for index, row in enumerate(rows):
        values[index, : len(row)] = row
    return values


def row_kernel_sizes(
    variables: list[keras.Variable], holders: Sequence[Any]
) -> dict[int, np.ndarray]:
    """Returns the kernel sizes of what holds `rows`, by index of variable."""
    # By identity: Keras variables compare element by element.
    positions = {id(variable): i for i, variable in enumerate(variables)}
    return {
        positions[id(holder.rows)]: holder.kernel_sizes for holder in holders
    }
