"""Scores that are probabilities, for apps with thresholds."""

import keras

_ALREADY = (keras.activations.softmax, keras.activations.sigmoid)


def with_softmax(model: keras.Model) -> keras.Model:
    """Returns a classifier whose scores are probabilities.

    One that ends in a softmax or a sigmoid is returned as it is, and so is one
    of a single score, which `with_two_scores` makes two likelihoods of.

    Args:
        model: One output `(batch, scores)`.
    """
    if model.output_shape[-1] == 1 or ends_in(model, *_ALREADY):
        return model
    scores = keras.layers.Softmax(name="probabilities")(model.outputs[0])
    return keras.Model(model.inputs, scores, name=model.name)


def ends_in(model: keras.Model, *activations: object) -> bool:
    """Returns whether the last layer, however deep, is or has an activation."""
    last = model.layers[-1]
    if isinstance(last, keras.Model):
        return ends_in(last, *activations)
    if isinstance(last, keras.layers.Softmax):
        return keras.activations.softmax in activations
    return getattr(last, "activation", None) in activations
