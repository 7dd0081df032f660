"""A small network that classifies textures, trained without a gradient."""

import dataclasses

import keras
import numpy as np
from keras import layers

CLASSES = ("rows", "columns", "checks", "noise")


@dataclasses.dataclass(frozen=True)
class Trained:
    """A classifier, with images it has seen and images it has not."""

    model: keras.Model
    images: np.ndarray
    test_images: np.ndarray
    test_labels: np.ndarray


def make_textures(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Returns images `(count, 8, 8, 1)` in 0..255 and their classes."""
    rng = np.random.default_rng(seed)
    row, column = np.indices((8, 8))
    patterns = np.stack([row % 2, column % 2, (row + column) % 2, 0 * row])
    labels = rng.integers(len(CLASSES), size=count)
    contrast = rng.uniform(60, 160, (count, 1, 1))
    images = 40 + contrast * patterns[labels] + rng.normal(0, 25, (count, 8, 8))
    return np.clip(images, 0, 255).round()[..., None], labels


def make_network(scale: float = 1 / 255) -> keras.Model:
    """Returns an untrained network with all that an MBConv has."""
    keras.utils.set_random_seed(0)
    given = keras.Input((8, 8, 1))
    x = layers.Rescaling(scale)(given)
    x = layers.Conv2D(16, 3, padding="same", use_bias=False)(x)
    x = layers.ReLU(6.0)(layers.BatchNormalization(momentum=0.0)(x))
    y = layers.DepthwiseConv2D(3, padding="same", use_bias=False)(x)
    y = layers.ReLU(6.0)(layers.BatchNormalization(momentum=0.0)(y))
    gate = layers.GlobalAveragePooling2D(keepdims=True)(y)
    gate = layers.Conv2D(16, 1, activation="hard_sigmoid")(gate)
    x = layers.Add()([x, layers.Multiply()([y, gate])])
    x = layers.Conv2D(48, 3, strides=2, use_bias=False)(x)
    x = layers.ReLU()(layers.BatchNormalization(momentum=0.0)(x))
    x = layers.Dropout(0.2)(layers.GlobalAveragePooling2D()(x))
    return keras.Model(given, layers.Dense(len(CLASSES))(x))


def make_trained() -> Trained:
    """Batch norms hold the statistics of the data; the head is solved for."""
    model = make_network()
    images, labels = make_textures(400, seed=0)
    test_images, test_labels = make_textures(200, seed=1)
    model(images, training=True)  # Momentum 0: one pass sets the statistics.
    head = model.layers[-1]
    features = keras.Model(model.input, model.layers[-2].output)
    known = features(images, training=False).numpy()
    known = np.hstack([known, np.ones((len(known), 1))])
    wanted = 10.0 * np.eye(len(CLASSES))[labels]
    solved = np.linalg.lstsq(known, wanted, rcond=None)[0]
    head.set_weights([solved[:-1], solved[-1]])
    return Trained(model, images, test_images, test_labels)
