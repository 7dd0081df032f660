"""A trained chain that is tiny: norms like nothing, and weights of no use."""

import keras
import numpy as np

from nse_tf.spaces import MBConv, SearchSpace, Stage
from nse_tf.supernet import networks_of
from tests.supernet.tiny_spaces import tiny_space

# A block that changes shape by its stride, and one that keeps it.
TOP = (MBConv(5, 6), MBConv(3, 3))


def tiny_top(image_size: tuple[int, int] = (8, 8)) -> SearchSpace:
    """Returns a space whose only network is a chain of two residuals."""
    return tiny_space(
        image_size,
        ops=TOP,
        has_identity=False,
        stages=(Stage(12, 2, 2),),
    )


def tiny_trained(seed: int = 0) -> keras.Model:
    """Returns such a network, of stock layers, with lively norms."""
    space = tiny_top()
    genotype = space.genotype([0, 1])
    model = networks_of(space).child(genotype, fast=False)
    rng = np.random.default_rng(seed)
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.set_weights(
                [rng.uniform(0.5, 1.5, each.shape) for each in layer.weights]
            )
    return model


def features_of(model: keras.Model, images: np.ndarray) -> np.ndarray:
    """Returns what reaches the classifier."""
    pool = next(
        layer
        for layer in model.layers
        if isinstance(layer, keras.layers.GlobalAveragePooling2D)
    )
    part = keras.Model(model.inputs[0], pool.output)
    features: np.ndarray = np.array(part(images.astype(np.float32)))
    return features
