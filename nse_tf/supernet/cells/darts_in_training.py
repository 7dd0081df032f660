"""DARTS's networks as they are trained: with what falls away afterwards."""

from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from nse_tf.spaces import DartsSkeleton, Genotype, SearchSpace
from nse_tf.supernet.cells.darts_child import last_layers
from nse_tf.supernet.child_in_training import ChildInTraining, DropPath
from nse_tf.supernet.layers.stock import batch_norm, conv, initialize

# Widths of the auxiliary classifier's two convolutions.
_WIDTHS = (128, 768)


def darts_in_training(
    space: SearchSpace,
    genotype: Genotype,
    child: keras.Model,
    *,
    seed: int,
    auxiliary: bool,
    drops_paths: bool,
) -> ChildInTraining:
    """Returns a child with an auxiliary classifier or drop-path or both.

    The classifier reads the second reduction cell. Paths are dropped image by
    image at each edge of a cell, but for identities. The child itself has
    neither: what is trained is a second graph over its layers.

    Args:
        space: A space with the skeleton of DARTS.
        genotype: Which child.
        child: It, of fast layers.
        seed: Seed of the auxiliary classifier's weights.
        auxiliary: Whether there is an auxiliary classifier.
        drops_paths: Whether paths are dropped.

    References:
        Liu et al., DARTS (2019) and its code, `model.py`:
        https://arxiv.org/abs/1806.09055; Larsson et al., FractalNet (2017):
        https://arxiv.org/abs/1605.07648
    """
    skeleton = space.require_skeleton(DartsSkeleton)
    drop_path = DropPath() if drops_paths else None
    ends = last_layers(space, genotype)
    edges = {name: number for number, name in enumerate(ends)}
    read = f"{skeleton.cells[skeleton.reductions[1]].name}_join"
    seen: dict[str, tf.Tensor] = {}

    def call(layer: keras.layers.Layer, *args: Any, **kwargs: Any) -> tf.Tensor:
        outputs = layer(*args, **kwargs)
        if layer.name == read:
            seen[read] = outputs
        if drop_path is not None and layer.name in edges:
            return _Dropped(
                drop_path, edges[layer.name], name=f"{layer.name}_drop_path"
            )(outputs)
        return outputs

    model = keras.models.clone_model(
        child, clone_function=lambda layer: layer, call_function=call
    )
    layers = tuple(_auxiliary_layers(skeleton)) if auxiliary else ()
    if auxiliary:
        outputs = seen[read]
        for layer in layers:
            outputs = layer(outputs)
        initialize(list(layers), np.random.default_rng([seed, 1]), "fan_in")
        model = keras.Model(model.input, [model.output, outputs])
    return ChildInTraining(
        child=child, model=model, auxiliary_layers=layers, drop_path=drop_path
    )


def _auxiliary_layers(
    skeleton: DartsSkeleton,
) -> Iterator[keras.layers.Layer]:
    """Yields the layers of the auxiliary classifier, input to output."""
    pointwise, kernel = _WIDTHS
    yield keras.layers.ReLU(name="auxiliary_relu0")
    yield keras.layers.AveragePooling2D(
        5, skeleton.AUXILIARY_STRIDE, name="auxiliary_pool"
    )
    yield conv(pointwise, 1, 1, "auxiliary_conv0")
    yield batch_norm("auxiliary_bn0", fast=True)
    yield keras.layers.ReLU(name="auxiliary_relu1")
    yield keras.layers.Conv2D(kernel, 2, use_bias=False, name="auxiliary_conv1")
    if skeleton.AUXILIARY_NORMS == 2:
        yield batch_norm("auxiliary_bn1", fast=True)
    yield keras.layers.ReLU(name="auxiliary_relu2")
    # Of the published sizes there is one pixel left.
    yield keras.layers.GlobalAveragePooling2D(name="auxiliary_mean")
    yield keras.layers.Dense(skeleton.num_classes, name="auxiliary_classifier")


class _Dropped(keras.layers.Layer):
    """What an edge brings, in training dropped for some of the images."""

    def __init__(self, drop_path: DropPath, edge: int, name: str) -> None:
        super().__init__(name=name)
        self._drop_path, self._edge = drop_path, edge

    def call(self, inputs: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Returns the inputs, in training dropped for some of the images."""
        if not training:
            return inputs
        return self._drop_path.run(inputs, self._edge)
