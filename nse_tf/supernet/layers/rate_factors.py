"""Layers that learn at a rate of their own, whoever trains them."""

import keras

_NAME = "_nse_tf_rate_factor"


def set_rate_factor(layer: keras.layers.Layer, factor: float) -> None:
    """Gives a layer a factor on the learning rate of its weights.

    Files of a model do not keep it.
    """
    setattr(layer, _NAME, factor)


def rate_factor_of(layer: keras.layers.Layer) -> float:
    """Returns a layer's factor on the learning rate; 1 where none was set."""
    return float(getattr(layer, _NAME, 1.0))
