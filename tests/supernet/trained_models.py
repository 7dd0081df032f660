"""A user's trained model with choices, of a shape that tests train in ms."""

import keras
import numpy as np

import nse_tf

L = keras.layers


def trained_model(seed: int = 0, ending: str | None = None) -> keras.Model:
    """Returns a model of two blocks between layers that look trained.

    Args:
        seed: Seed of the weights that stand for trained ones.
        ending: Activation of the outputs.
    """
    inputs = keras.Input((8, 8, 1))
    x = L.Rescaling(1 / 255)(inputs)
    x = L.Conv2D(4, 3, padding="same", name="stem")(x)
    x = L.ReLU()(L.BatchNormalization(name="norm")(x))
    x = nse_tf.Choice(
        [L.Conv2D(4, 3, padding="same"), L.DepthwiseConv2D(3, padding="same")],
        name="first",
    )(x)
    inner = keras.Sequential([L.Conv2D(6, 1, name="inner")], name="part")
    x = nse_tf.Choice([L.Conv2D(6, 3), L.Conv2D(6, 3, groups=2)])(inner(x))
    x = L.GlobalAveragePooling2D()(L.ReLU()(x))
    outputs = L.Dense(3, activation=ending, name="classifier")(x)
    model = keras.Model(inputs, outputs, name="trained")
    rng = np.random.default_rng(seed)
    for weight in model.weights:
        weight.assign(rng.uniform(0.1, 0.9, weight.shape))
    return model
