"""What the backbones of both kinds of cell networks have in common."""

from collections.abc import Callable, Sequence
from typing import Protocol

import keras
import tensorflow as tf

from nse_tf.supernet.layers.stock import batch_norm, conv

# Runs a layer; a supernet sets the mode of batch norm here.
Apply = Callable[..., tf.Tensor]


def apply_plainly(layer: keras.layers.Layer, *inputs: tf.Tensor) -> tf.Tensor:
    """Calls a layer as a stand-alone child does."""
    return layer(*inputs)


def run_all(
    layers: Sequence[keras.layers.Layer], outputs: tf.Tensor, apply: Apply
) -> tf.Tensor:
    """Returns what layers make of their inputs, one after the other."""
    for layer in layers:
        outputs = apply(layer, outputs)
    return outputs


class Adapter(Protocol):
    """What stands before a cell and gives it inputs of its shape."""

    @property
    def layers(self) -> list[keras.layers.Layer]:
        """Its layers, input to output."""

    def run(self, inputs: tf.Tensor, apply: Apply = apply_plainly) -> tf.Tensor:
        """Returns maps of the cell's shape."""


class Halving:
    """A factorized reduction: two 1×1 convolutions of stride 2, side by side.

    The second one looks a pixel further down and right; what lies beyond the
    edge is zero.

    Args:
        name: What the names of its layers begin with.
        channels: Width of its output.
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

    def run(self, inputs: tf.Tensor, apply: Apply = apply_plainly) -> tf.Tensor:
        """Returns maps of half the height and width."""
        relu, half0, crop, pad, half1, join, norm = self.layers
        active = apply(relu, inputs)
        shifted = apply(pad, apply(crop, active))
        halves = [apply(half0, active), apply(half1, shifted)]
        return apply(norm, apply(join, halves))


class CellBackbone:
    """Stem, adapters and tail by layer; holds layers and runs them.

    Cells stand between, and are the caller's.

    Args:
        stem: Layers before the first cell; their inputs are pixels in 0..255.
        adapters: What stands before cells, input to output.
        tail: Layers after the last cell but for the classifier.
        num_classes: Outputs of the classifier.
        dropout: Share of features dropped before the classifier in training.
    """

    def __init__(
        self,
        stem: Sequence[keras.layers.Layer],
        adapters: Sequence[Adapter],
        tail: Sequence[keras.layers.Layer],
        num_classes: int,
        dropout: float,
    ) -> None:
        self._stem, self._adapters = list(stem), list(adapters)
        dropped = [keras.layers.Dropout(dropout, name="dropout")]
        self._tail = [
            *tail,
            keras.layers.GlobalAveragePooling2D(name="pool"),
            *(dropped if dropout else []),
            keras.layers.Dense(num_classes, name="classifier"),
        ]

    @property
    def layers(self) -> list[keras.layers.Layer]:
        """All layers, input to output."""
        adapting = [
            layer for adapter in self._adapters for layer in adapter.layers
        ]
        return [*self._stem, *adapting, *self._tail]

    def run_tail(
        self, outputs: tf.Tensor, apply: Apply = apply_plainly
    ) -> tf.Tensor:
        """Returns the logits."""
        return run_all(self._tail, outputs, apply)


def rescaling() -> keras.layers.Layer:
    """Returns what brings pixels in 0..255 to ±1."""
    return keras.layers.Rescaling(1 / 127.5, offset=-1.0, name="rescaling")
