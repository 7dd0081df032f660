"""The backbone of a DARTS network: the same layers in supernet and child."""

import keras
import tensorflow as tf

from nse_tf.spaces import Cell, DartsSkeleton
from nse_tf.supernet.cells.backbone import (
    Adapter,
    Apply,
    CellBackbone,
    Halving,
    apply_plainly,
    rescaling,
    run_all,
)
from nse_tf.supernet.layers.stock import batch_norm, conv


class _Pointwise:
    """ReLU, 1×1 convolution, batch norm; arguments are those of `Halving`."""

    def __init__(self, name: str, channels: int, *, fast: bool) -> None:
        self.layers: list[keras.layers.Layer] = [
            keras.layers.ReLU(name=f"{name}_relu"),
            conv(channels, 1, 1, f"{name}_conv"),
            batch_norm(f"{name}_bn", fast=fast),
        ]

    def run(self, inputs: tf.Tensor, apply: Apply = apply_plainly) -> tf.Tensor:
        """Returns maps of the same height and width."""
        return run_all(self.layers, inputs, apply)


class DartsBackbone(CellBackbone):
    """Stem, the inputs of cells, and tail of a skeleton.

    Args:
        skeleton: The skeleton.
        fast: Whether layers are those that are fast to train, or stock ones.
        dropout: Share of features dropped before the classifier in training.
    """

    def __init__(
        self, skeleton: DartsSkeleton, *, fast: bool, dropout: float = 0.0
    ) -> None:
        self._skeleton = skeleton
        steps: list[list[keras.layers.Layer]] = [
            [
                keras.layers.ReLU(name=f"stem{number - 1}_relu")
                if number
                else rescaling(),
                conv(width, 3, skeleton.STEM_STRIDE, f"stem{number}"),
                batch_norm(f"stem{number}_bn", fast=fast),
            ]
            for number, width in enumerate(skeleton.stem_widths)
        ]
        # What the last of several convolutions adds is the second input.
        self._second = steps.pop() if len(steps) > 1 else []
        self._first = [layer for step in steps for layer in step]
        self._inputs = [_inputs_of(cell, fast) for cell in skeleton.cells]
        super().__init__(
            [*self._first, *self._second],
            [adapter for pair in self._inputs for adapter in pair],
            [],
            skeleton.num_classes,
            dropout,
        )

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
        self, images: tf.Tensor, apply: Apply = apply_plainly
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns the first cell's two inputs; pixels are in 0..255."""
        first = run_all(self._first, images, apply)
        return first, run_all(self._second, first, apply)

    def run_inputs(
        self,
        cell: int,
        first: tf.Tensor,
        second: tf.Tensor,
        apply: Apply = apply_plainly,
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns a cell's inputs, brought to its width and to one size."""
        of_first, of_second = self._inputs[cell]
        return of_first.run(first, apply), of_second.run(second, apply)


def _inputs_of(cell: Cell, fast: bool) -> tuple[Adapter, Adapter]:
    """Returns what brings a cell's two inputs to its width."""
    first = Halving if cell.halves_first else _Pointwise
    return (
        first(f"{cell.name}_input0", cell.channels, fast=fast),
        _Pointwise(f"{cell.name}_input1", cell.channels, fast=fast),
    )
