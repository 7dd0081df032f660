"""One score of two classes becomes two, in Keras and in files."""

import pathlib

import keras
import numpy as np
import pytest

from nse_tf.export import export_model, predict
from nse_tf.export.binary_heads import with_two_scores
from nse_tf.runs.export_inputs import with_pixels

RNG = np.random.default_rng(0)
IMAGES = RNG.uniform(0, 255, (12, 4, 4, 1)).astype(np.float32)


def one_score(activation: str | None, *, own_layer: bool) -> keras.Model:
    """Returns a network that says whether an image is bright.

    Args:
        activation: Of its score.
        own_layer: Whether that is a layer of its own.
    """
    given = keras.Input((4, 4, 1))
    gray = keras.layers.GlobalAveragePooling2D()(given)
    score = keras.layers.Dense(1, activation=None if own_layer else activation)
    made = score(gray)
    score.set_weights([np.array([[0.1]]), np.array([-12.75])])
    if own_layer:
        made = keras.layers.Activation(activation)(made)
    return keras.Model(given, made)


@pytest.mark.parametrize(
    ("activation", "own_layer"),
    [(None, False), ("sigmoid", False), ("sigmoid", True)],
)
@pytest.mark.parametrize("value_range", [(0.0, 255.0), (0.0, 510.0)])
def test_both_likelihoods_are_given_out(
    activation: str | None, own_layer: bool, value_range: tuple[float, float]
) -> None:
    model = one_score(activation, own_layer=own_layer)
    both = with_pixels(model, value_range).predict(IMAGES, verbose=0)
    seen = IMAGES * value_range[1] / 255
    logit = 0.1 * seen.mean(axis=(1, 2, 3)) - 12.75
    second = 1 / (1 + np.exp(-logit))
    np.testing.assert_allclose(both[:, 1], second, atol=1e-5)
    np.testing.assert_allclose(both.sum(axis=1), 1, atol=1e-6)


def test_two_scores_stay_as_they_are() -> None:
    given = keras.Input((4, 4, 1))
    model = keras.Model(
        given, keras.layers.Dense(2)(keras.layers.Flatten()(given))
    )
    assert with_two_scores(model) is model


def test_files_name_both_classes(tmp_path: pathlib.Path) -> None:
    labels = (IMAGES.mean(axis=(1, 2, 3)) > 127.5).astype(int)
    assert 0 < labels.mean() < 1
    report = export_model(
        one_score(None, own_layer=False),
        tmp_path,
        calibration_images=IMAGES,
        test_images=IMAGES,
        test_labels=labels,
        class_names=("dark", "bright"),
        precisions=("fp32", "int8"),
    )
    assert report.is_faultless
    assert report.checks["fp32"].accuracy == 1
    assert predict(report.files["int8"].read_bytes(), IMAGES).shape == (12, 2)
    assert (tmp_path / "labels.txt").read_text() == "dark\nbright\n"


def test_one_score_of_three_classes_is_refused(tmp_path: pathlib.Path) -> None:
    with pytest.raises(ValueError, match="has 3 names, the model 2 scores"):
        export_model(
            one_score(None, own_layer=False),
            tmp_path,
            calibration_images=None,
            test_images=IMAGES,
            test_labels=None,
            class_names=("a", "b", "c"),
            precisions=("fp32",),
        )
