"""Which variables move slower or faster than the learning rate says."""

from collections.abc import Sequence

import keras

from nse_tf.supernet import rate_factor_of


def rate_factors(
    layers: Sequence[keras.layers.Layer],
    variables: Sequence[keras.Variable],
    classifier_rate: float,
) -> dict[int, float]:
    """Returns `rate_factors` of `LazySGD` for layers that have one.

    Args:
        layers: Input to output; models may be among them.
        variables: What is trained.
        classifier_rate: Factor on the learning rate of the last of the layers
            that has weights to train; 1 changes none.
    """
    by_id: dict[int, float] = {}
    for layer in layers:
        for each in layer._flatten_layers():
            _add(by_id, each, rate_factor_of(each))
    if classifier_rate != 1.0:
        last = [layer for layer in layers if layer.trainable_variables][-1]
        _add(by_id, last, classifier_rate)
    return {
        index: by_id[id(variable)]
        for index, variable in enumerate(variables)
        if id(variable) in by_id
    }


def _add(
    by_id: dict[int, float], layer: keras.layers.Layer, factor: float
) -> None:
    """Gives all variables of a layer a factor; 1 gives none."""
    if factor != 1.0:
        for variable in layer.trainable_variables:
            by_id[id(variable)] = factor
