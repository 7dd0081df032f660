"""A census counted by hand."""

import keras
import numpy as np

from nse_tf.export import convert, take_census
from nse_tf.export.census import TypeCount

IMAGES = np.random.default_rng(0).integers(0, 256, (8, 4, 4, 2))


def one_dense_layer() -> keras.Model:
    given = keras.Input((4, 4, 2))
    flat = keras.layers.Flatten()(given)
    dense = keras.layers.Dense(3, bias_initializer="ones")
    return keras.Model(given, dense(flat))


def test_a_float_file_has_no_integers() -> None:
    census = take_census(convert(one_dense_layer(), "fp32"))
    # A kernel of 32 * 3 and a bias of 3, four bytes each; the shape that
    # Flatten reshapes to is an integer constant and does not count.
    assert census.weights == {"float32": TypeCount(2, 4 * (96 + 3))}
    assert census.activations == {"float32": TypeCount(3, 4 * (32 + 32 + 3))}
    assert len(census.float_names) == 5
    assert census.integer_weights == census.integer_activation_bytes == 0


def test_an_int8_file_has_nothing_else() -> None:
    census = take_census(convert(one_dense_layer(), "int8", IMAGES))
    assert census.weights == {
        "int8": TypeCount(1, 96),
        "int32": TypeCount(1, 4 * 3),
    }
    # Bytes come in and go out; signed are the input, the same flat, the scores.
    assert census.activations == {
        "uint8": TypeCount(2, 32 + 3),
        "int8": TypeCount(3, 32 + 32 + 3),
    }
    assert census.float_names == ()
    assert census.integer_weights == census.integer_weight_bytes == 1
    assert census.integer_activations == census.integer_activation_bytes == 1


def test_an_fp16_file_stores_halves_and_computes_floats() -> None:
    census = take_census(convert(one_dense_layer(), "fp16"))
    assert census.kernels == {"float16": TypeCount(1, 2 * 96)}
    # The bias stays as it is; TensorFlow's converter halves it too.
    assert census.weights["float32"] == TypeCount(1, 4 * 3)
    theirs = convert(one_dense_layer(), "fp16", quantizer="tensorflow")
    assert take_census(theirs).weights == {
        "float16": TypeCount(2, 2 * (96 + 3))
    }
    assert set(census.activations) == {"float32"}
    assert census.integer_weights == 0
