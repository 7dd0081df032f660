"""A user's model with choices of layers, of a shape that tests train in ms."""

import keras

import nse_tf

L = keras.layers


def choice_model(
    dropout: float = 0.0, ending: str | None = None
) -> keras.Model:
    """Returns a model of three blocks, none of them alike.

    Args:
        dropout: Share dropped within a candidate and before the classifier.
        ending: Activation of the outputs.
    """
    inputs = keras.Input((8, 8, 1))
    x = L.Rescaling(1 / 255)(inputs)
    x = L.Conv2D(6, 3, padding="same", use_bias=False)(x)
    x = L.BatchNormalization()(x)
    x = L.ReLU()(x)
    deep = keras.Sequential(
        [
            L.DepthwiseConv2D(5, padding="same", use_bias=False),
            L.BatchNormalization(),
            L.Dropout(dropout),
            L.Conv2D(6, 1),
        ]
    )
    x = x + nse_tf.Choice(
        [L.Conv2D(6, 3, padding="same"), deep, L.Identity()], name="first"
    )(x)
    x = nse_tf.Choice(
        [
            L.SeparableConv2D(8, 3, strides=2, padding="same", name="apart"),
            L.Conv2D(8, 3, strides=2, groups=2, padding="same"),
        ]
    )(x)
    x = L.GlobalAveragePooling2D()(L.ReLU()(x))
    x = nse_tf.Choice([L.Dense(8, activation="relu"), L.Identity()])(x)
    x = L.Dropout(dropout)(x)
    return keras.Model(inputs, L.Dense(3, activation=ending)(x), name="mine")


def dense_model() -> keras.Model:
    """Returns a model of two blocks, compiled to train without a trace."""
    images = keras.Input((8, 8, 1))
    x = L.Flatten()(L.Rescaling(1 / 255)(images))
    for width in (12, 12):
        x = nse_tf.Choice(
            [
                L.Dense(width, activation="relu"),
                L.Dense(width, activation="tanh"),
                L.Dense(width, use_bias=False),
            ]
        )(x)
        x = L.BatchNormalization()(x)
    model = keras.Model(images, L.Dense(3)(x), name="dense")
    model.compile(
        "adam",
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
        run_eagerly=True,
    )
    return model
