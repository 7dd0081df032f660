"""The fixed part of NAS-Bench-201: the same layers in supernet and child."""

from collections.abc import Callable

import keras
import tensorflow as tf

from nse_tf.spaces import NB201Skeleton
from nse_tf.supernet.chains.backbone import batch_norm, conv

# Runs a layer; a supernet tells batch norm its mode here.
Apply = Callable[..., tf.Tensor]


class NB201Backbone:
    """Stem, reductions and tail of a skeleton, by layer name.

    It holds layers and runs them; what stands between is the caller's.

    Args:
        skeleton: The skeleton.
        fast: Whether layers are those that are fast to train, or stock ones.
        dropout: Share of features dropped before the classifier in training.
    """

    def __init__(
        self, skeleton: NB201Skeleton, *, fast: bool, dropout: float = 0.0
    ) -> None:
        self._skeleton = skeleton
        layers: list[keras.layers.Layer] = [
            keras.layers.Rescaling(1 / 127.5, offset=-1.0, name="rescaling"),
            conv(skeleton.channels, 3, 1, "stem"),
            batch_norm("stem_bn", fast=fast),
        ]
        for stage, width in enumerate(skeleton.widths[1:], 1):
            layers += _reduction_layers(f"reduction{stage}", width, fast=fast)
        layers += [
            batch_norm("tail_bn", fast=fast),
            keras.layers.ReLU(name="tail_relu"),
            keras.layers.GlobalAveragePooling2D(name="pool"),
            keras.layers.Dropout(dropout, name="dropout"),
            keras.layers.Dense(skeleton.num_classes, name="classifier"),
        ]
        self._by_name = {layer.name: layer for layer in layers}
        if not dropout:
            del self._by_name["dropout"]

    @property
    def layers(self) -> list[keras.layers.Layer]:
        """All layers, input to output."""
        return list(self._by_name.values())

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
        self, images: tf.Tensor, apply: Apply = lambda layer, *x: layer(*x)
    ) -> tf.Tensor:
        """Returns what the first cell takes; pixels are in 0..255."""
        return self._run(("rescaling", "stem", "stem_bn"), images, apply)

    def run_reduction(
        self,
        stage: int,
        inputs: tf.Tensor,
        apply: Apply = lambda layer, *x: layer(*x),
    ) -> tf.Tensor:
        """Returns what the first cell of a stage, from 1, takes."""
        name = f"reduction{stage}"
        branch = self._run(_names(name, _BRANCH), inputs, apply)
        shortcut = self._run(_names(name, _SHORTCUT), inputs, apply)
        return self._by_name[f"{name}_add"]([branch, shortcut])

    def run_tail(
        self, inputs: tf.Tensor, apply: Apply = lambda layer, *x: layer(*x)
    ) -> tf.Tensor:
        """Returns the logits."""
        names = ("tail_bn", "tail_relu", "pool", "dropout", "classifier")
        known = tuple(name for name in names if name in self._by_name)
        return self._run(known, inputs, apply)

    def _run(
        self, names: tuple[str, ...], outputs: tf.Tensor, apply: Apply
    ) -> tf.Tensor:
        for name in names:
            outputs = apply(self._by_name[name], outputs)
        return outputs


_BRANCH = ("relu0", "conv0", "conv0_bn", "relu1", "conv1", "conv1_bn")
_SHORTCUT = ("pool", "shortcut")


def _names(block: str, parts: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f"{block}_{part}" for part in parts)


def _reduction_layers(
    name: str, width: int, *, fast: bool
) -> list[keras.layers.Layer]:
    """Returns a residual block of stride 2."""
    return [
        keras.layers.ReLU(name=f"{name}_relu0"),
        conv(width, 3, 2, f"{name}_conv0"),
        batch_norm(f"{name}_conv0_bn", fast=fast),
        keras.layers.ReLU(name=f"{name}_relu1"),
        conv(width, 3, 1, f"{name}_conv1"),
        batch_norm(f"{name}_conv1_bn", fast=fast),
        keras.layers.AveragePooling2D(2, padding="same", name=f"{name}_pool"),
        conv(width, 1, 1, f"{name}_shortcut"),
        keras.layers.Add(name=f"{name}_add"),
    ]
