import pathlib

import keras
import numpy as np
import pytest

import nse_tf
from nse_tf.supernet.user_models.choice import is_auto_named
from tests.supernet.choice_models import L, choice_model

INPUTS = keras.Input((8, 8, 3))


def test_by_itself_it_computes_its_first_layer() -> None:
    first = L.Conv2D(4, 3)
    choice = nse_tf.Choice([first, L.Conv2D(4, 3)])
    images = np.random.default_rng(0).random((2, 8, 8, 3), np.float32)
    np.testing.assert_array_equal(choice(images), first(images))


def test_layers_of_unlike_output_shapes_are_both_named() -> None:
    choice = nse_tf.Choice([L.Conv2D(4, 3), L.Conv2D(5, 3, name="wide")])
    with pytest.raises(
        ValueError,
        match=r"'conv2d_0' gives \(6, 6, 4\), 'wide' gives \(6, 6, 5\)",
    ):
        choice(INPUTS)


def test_labels_are_the_user_s_names_or_class_and_position() -> None:
    for _ in range(2):  # Keras counts on; labels do not.
        choice = nse_tf.Choice(
            [L.Conv2D(4, 3), L.Identity(), L.Dense(3, name="mix"), L.ReLU()]
        )
        assert choice.labels == ("conv2d_0", "identity_1", "mix", "re_lu_3")


def test_keras_s_own_names_are_distinguished_from_given_ones() -> None:
    assert is_auto_named(L.SeparableConv2D(4, 3))
    assert is_auto_named(nse_tf.Choice([L.ReLU()]))
    assert not is_auto_named(L.Conv2D(4, 3, name="conv"))


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ([], "no layers to choose from"),
        ([len], "takes Keras layers, not <built-in function len>"),
        ([[nse_tf.Choice([L.ReLU()])]], "holds a choice itself"),
    ],
)
def test_what_is_no_choice_is_refused(
    layers: list[object], message: str
) -> None:
    if layers and isinstance(layers[0], list):
        layers = [keras.Sequential(layers[0])]
    with pytest.raises(ValueError, match=message):
        nse_tf.Choice(layers)


def test_a_layer_that_stands_twice_is_refused() -> None:
    layer = L.ReLU()
    with pytest.raises(ValueError, match="stands twice in choice 'act'"):
        nse_tf.Choice([layer, layer], name="act")


def test_several_inputs_are_refused() -> None:
    with pytest.raises(ValueError, match="takes one tensor"):
        nse_tf.Choice([L.Add(), L.Multiply()])([INPUTS, INPUTS])


def test_a_model_with_choices_is_saved_and_loaded(
    tmp_path: pathlib.Path,
) -> None:
    model = choice_model()
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    images = np.random.default_rng(0).random((2, 8, 8, 1), np.float32)
    np.testing.assert_array_equal(loaded(images), model(images))
