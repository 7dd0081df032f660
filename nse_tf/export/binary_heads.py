"""Networks that tell two classes by one score."""

import keras

from nse_tf.export.probabilities import ends_in


def with_two_scores(model: keras.Model) -> keras.Model:
    """Returns a classifier with a score for each of two classes.

    A network of one score says how likely the second class is, as Keras has it
    for labels 0 and 1: by a sigmoid, or by what a sigmoid is still to be taken
    of. Its file gives out the likelihood of both. A network of more scores is
    returned as it is.

    Args:
        model: One output `(batch, scores)`.
    """
    if model.output_shape[-1] != 1:
        return model
    second = model.outputs[0]
    if not ends_in(model, keras.activations.sigmoid):
        second = keras.layers.Activation("sigmoid", name="second")(second)
    first = keras.layers.Rescaling(-1.0, 1.0, name="first")(second)
    both = keras.layers.Concatenate(name="both")([first, second])
    return keras.Model(model.inputs, both, name=model.name)
