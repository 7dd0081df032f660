"""The fixed part of a DARTS network: the same layers in supernet and child."""

from collections.abc import Callable

import keras
import tensorflow as tf

from nse_tf.spaces import Cell, DartsSkeleton
from nse_tf.supernet.chains.backbone import batch_norm, conv

# Runs a layer; a supernet tells batch norm its mode here.
Apply = Callable[..., tf.Tensor]


def _apply(layer: keras.layers.Layer, *inputs: tf.Tensor) -> tf.Tensor:
    return layer(*inputs)


class Halving:
    """A factorized reduction: two 1×1 convolutions of stride 2, side by side.

    The second one looks a pixel further down and right; what lies beyond the
    edge is zero.

    Args:
        name: What the names of its layers begin with.
        channels: Of its output.
        fast: Whether batch norm is one that is fast to train.
    """

    def __init__(self, name: str, channels: int, *, fast: bool) -> None:
        first = channels // 2
        self.layers: list[keras.layers.Layer] = [
            keras.layers.ReLU(name=f"{name}_relu"),
            conv(first, 1, 2, f"{name}_half0"),
            keras.layers.Cropping2D(((1, 0), (1, 0)), name=f"{name}_crop"),
            keras.layers.ZeroPadding2D(((0, 1), (0, 1)), name=f"{name}_pad"),
            conv(channels - first, 1, 2, f"{name}_half1"),
            keras.layers.Concatenate(name=f"{name}_join"),
            batch_norm(f"{name}_bn0", fast=fast),
        ]

    def run(self, inputs: tf.Tensor, apply: Apply = _apply) -> tf.Tensor:
        """Returns maps of half the height and width."""
        relu, half0, crop, pad, half1, join, norm = self.layers
        active = apply(relu, inputs)
        shifted = apply(pad, apply(crop, active))
        halves = [apply(half0, active), apply(half1, shifted)]
        return apply(norm, apply(join, halves))


class _Pointwise:
    """ReLU, 1×1 convolution, batch norm; arguments are those of `Halving`."""

    def __init__(self, name: str, channels: int, *, fast: bool) -> None:
        self.layers: list[keras.layers.Layer] = [
            keras.layers.ReLU(name=f"{name}_relu"),
            conv(channels, 1, 1, f"{name}_conv"),
            batch_norm(f"{name}_bn", fast=fast),
        ]

    def run(self, inputs: tf.Tensor, apply: Apply = _apply) -> tf.Tensor:
        """Returns maps of the same height and width."""
        for layer in self.layers:
            inputs = apply(layer, inputs)
        return inputs


class DartsBackbone:
    """Stem, the inputs of cells, and tail of a skeleton.

    It holds layers and runs them; what stands between is the caller's.

    Args:
        skeleton: The skeleton.
        fast: Whether layers are those that are fast to train, or stock ones.
        dropout: Share of features dropped before the classifier in training.
    """

    def __init__(
        self, skeleton: DartsSkeleton, *, fast: bool, dropout: float = 0.0
    ) -> None:
        self._skeleton = skeleton
        self._stem = [
            [
                keras.layers.Rescaling(
                    1 / 127.5, offset=-1.0, name="rescaling"
                ),
                conv(skeleton.channels // 2, 3, 2, "stem0"),
                batch_norm("stem0_bn", fast=fast),
                keras.layers.ReLU(name="stem0_relu"),
                conv(skeleton.channels, 3, 2, "stem1"),
                batch_norm("stem1_bn", fast=fast),
            ],
            [
                keras.layers.ReLU(name="stem1_relu"),
                conv(skeleton.channels, 3, 2, "stem2"),
                batch_norm("stem2_bn", fast=fast),
            ],
        ]
        self._inputs = [_inputs_of(cell, fast) for cell in skeleton.cells]
        dropped = [keras.layers.Dropout(dropout, name="dropout")]
        self._tail = [
            keras.layers.GlobalAveragePooling2D(name="pool"),
            *(dropped if dropout else []),
            keras.layers.Dense(skeleton.num_classes, name="classifier"),
        ]

    @property
    def layers(self) -> list[keras.layers.Layer]:
        """All layers, input to output."""
        adapting = [
            layer
            for of_cell in self._inputs
            for each in of_cell
            for layer in each.layers
        ]
        return [*self._stem[0], *self._stem[1], *adapting, *self._tail]

    def build(self) -> None:
        """Gives all layers their weights."""
        skeleton = self._skeleton
        image = (*skeleton.image_size, skeleton.image_channels)
        self.run_stem(keras.Input(image))
        for number, cell in enumerate(skeleton.cells):
            height, width = cell.in_size
            first, second = cell.in_channels
            times = 2 if cell.halves_first else 1
            self.run_inputs(
                number,
                keras.Input((times * height, times * width, first)),
                keras.Input((height, width, second)),
            )
        last = skeleton.cells[-1]
        self.run_tail(
            keras.Input((*last.out_size, skeleton.classifier_channels))
        )

    def run_stem(
        self, images: tf.Tensor, apply: Apply = _apply
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns the first cell's two inputs; pixels are in 0..255."""
        first = images
        for layer in self._stem[0]:
            first = apply(layer, first)
        second = first
        for layer in self._stem[1]:
            second = apply(layer, second)
        return first, second

    def run_inputs(
        self,
        cell: int,
        first: tf.Tensor,
        second: tf.Tensor,
        apply: Apply = _apply,
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns a cell's inputs, brought to its width and to one size."""
        of_first, of_second = self._inputs[cell]
        return of_first.run(first, apply), of_second.run(second, apply)

    def run_tail(self, outputs: tf.Tensor, apply: Apply = _apply) -> tf.Tensor:
        """Returns the logits."""
        for layer in self._tail:
            outputs = apply(layer, outputs)
        return outputs


def _inputs_of(
    cell: Cell, fast: bool
) -> tuple[Halving | _Pointwise, _Pointwise]:
    """Returns what brings a cell's two inputs to its width."""
    first = Halving if cell.halves_first else _Pointwise
    return (
        first(f"{cell.name}_input0", cell.channels, fast=fast),
        _Pointwise(f"{cell.name}_input1", cell.channels, fast=fast),
    )
