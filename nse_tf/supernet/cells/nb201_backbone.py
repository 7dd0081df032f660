"""The backbone of NAS-Bench-201: the same layers in supernet and child."""

import keras
import tensorflow as tf

from nse_tf.spaces import NB201Skeleton
from nse_tf.supernet.cells.backbone import (
    Apply,
    CellBackbone,
    apply_plainly,
    rescaling,
    run_all,
)
from nse_tf.supernet.layers.stock import batch_norm, conv


class _Reduction:
    """A residual block of stride 2.

    Args:
        name: What the names of its layers begin with.
        channels: Width of its output.
        fast: Whether batch norm is one that is fast to train.
    """

    def __init__(self, name: str, channels: int, *, fast: bool) -> None:
        self._branch = [
            keras.layers.ReLU(name=f"{name}_relu0"),
            conv(channels, 3, 2, f"{name}_conv0"),
            batch_norm(f"{name}_conv0_bn", fast=fast),
            keras.layers.ReLU(name=f"{name}_relu1"),
            conv(channels, 3, 1, f"{name}_conv1"),
            batch_norm(f"{name}_conv1_bn", fast=fast),
        ]
        self._shortcut = [
            keras.layers.AveragePooling2D(
                2, padding="same", name=f"{name}_pool"
            ),
            conv(channels, 1, 1, f"{name}_shortcut"),
        ]
        self._add = keras.layers.Add(name=f"{name}_add")

    @property
    def layers(self) -> list[keras.layers.Layer]:
        """Its layers, input to output."""
        return [*self._branch, *self._shortcut, self._add]

    def run(self, inputs: tf.Tensor, apply: Apply = apply_plainly) -> tf.Tensor:
        """Returns maps of half the height and width."""
        branch = run_all(self._branch, inputs, apply)
        shortcut = run_all(self._shortcut, inputs, apply)
        return self._add([branch, shortcut])


class NB201Backbone(CellBackbone):
    """Stem, reductions and tail of a skeleton.

    Args:
        skeleton: The skeleton.
        fast: Whether layers are those that are fast to train, or stock ones.
        dropout: Share of features dropped before the classifier in training.
    """

    def __init__(
        self, skeleton: NB201Skeleton, *, fast: bool, dropout: float = 0.0
    ) -> None:
        self._skeleton = skeleton
        stem = [
            rescaling(),
            conv(skeleton.channels, 3, 1, "stem"),
            batch_norm("stem_bn", fast=fast),
        ]
        reductions = [
            _Reduction(f"reduction{stage}", width, fast=fast)
            for stage, width in enumerate(skeleton.widths[1:], 1)
        ]
        tail = [
            batch_norm("tail_bn", fast=fast),
            keras.layers.ReLU(name="tail_relu"),
        ]
        super().__init__(stem, reductions, tail, skeleton.num_classes, dropout)

    def build(self) -> None:
        """Gives all layers their weights."""
        skeleton = self._skeleton
        image = (*skeleton.image_size, skeleton.image_channels)
        shapes = [
            (*size, width)
            for size, width in zip(skeleton.sizes, skeleton.widths, strict=True)
        ]
        self.run_stem(keras.Input(image))
        for stage, shape in enumerate(shapes[:-1], 1):
            self.run_reduction(stage, keras.Input(shape))
        self.run_tail(keras.Input(shapes[-1]))

    def run_stem(
        self, images: tf.Tensor, apply: Apply = apply_plainly
    ) -> tf.Tensor:
        """Returns what the first cell takes; pixels are in 0..255."""
        return run_all(self._stem, images, apply)

    def run_reduction(
        self, stage: int, inputs: tf.Tensor, apply: Apply = apply_plainly
    ) -> tf.Tensor:
        """Returns what the first cell of a stage, from 1, takes."""
        return self._adapters[stage - 1].run(inputs, apply)
