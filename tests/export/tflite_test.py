"""Conversion: faithful, quiet, and clear about what it cannot do."""

import contextlib
import io
import pathlib
import tempfile
import warnings

import keras
import numpy as np
import pytest
import tensorflow as tf

from nse_tf.export import (
    ALL_PRECISIONS,
    PRECISIONS,
    QUANTIZERS,
    convert,
    convert_all,
    convert_part,
    predict,
)
from nse_tf.export.inference import open_interpreter
from nse_tf.export.tflite import _pin_range
from tests.export.textures import Trained


@pytest.fixture(scope="module", params=QUANTIZERS)
def files(trained: Trained, request: pytest.FixtureRequest) -> dict[str, bytes]:
    return convert_all(
        trained.model, ALL_PRECISIONS, trained.images, quantizer=request.param
    )


def test_the_network_of_these_tests_is_trained(trained: Trained) -> None:
    scores = trained.model(trained.test_images, training=False).numpy()
    assert (scores.argmax(1) == trained.test_labels).mean() > 0.95


@pytest.mark.parametrize("precision", PRECISIONS)
def test_scores_equal_those_of_the_usual_route(
    precision: str, trained: Trained
) -> None:
    converter = tf.lite.TFLiteConverter.from_keras_model(trained.model)
    if precision != "fp32":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if precision == "fp16":
        converter.target_spec.supported_types = [tf.float16]
    if precision == "int8":
        converter.representative_dataset = lambda: (
            [image[None]] for image in _pin_range(trained.images)
        )
        converter.target_spec.supported_ops = [
            tf.lite.OpsSet.TFLITE_BUILTINS_INT8
        ]
        converter.inference_input_type = tf.uint8
        converter.inference_output_type = tf.uint8
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")  # "Statistics … were expected".
        usual = bytes(converter.convert())
    content = convert(
        trained.model, precision, trained.images, quantizer="tensorflow"
    )
    np.testing.assert_array_equal(
        predict(content, trained.test_images),
        predict(usual, trained.test_images),
    )


def test_both_quantizers_are_as_near_to_keras(trained: Trained) -> None:
    wanted = trained.model.predict(trained.test_images, verbose=0)
    for precision in ("fp16", "int8"):
        ours, theirs = (
            np.abs(
                predict(
                    convert(
                        trained.model, precision, trained.images, quantizer=name
                    ),
                    trained.test_images,
                )
                - wanted
            ).mean()
            for name in QUANTIZERS
        )
        assert ours == pytest.approx(theirs, rel=0.15), precision


def test_files_take_one_image_and_name_their_ends(
    files: dict[str, bytes],
) -> None:
    for content in files.values():
        interpreter = open_interpreter(content)
        assert interpreter.get_signature_list() == {
            "serving_default": {"inputs": ["image"], "outputs": ["scores"]}
        }
        shape = interpreter.get_input_details()[0]["shape"]
        assert shape.tolist() == [1, 8, 8, 1]


def test_int8_takes_bytes_as_they_are_whatever_the_calibration_spans(
    trained: Trained,
) -> None:
    pale = np.clip(trained.images, 90, 110)
    content = convert(trained.model, "int8", pale)
    given = open_interpreter(content).get_input_details()[0]
    assert given["dtype"] == np.uint8
    assert given["quantization"] == (1.0, 0)


def test_a_part_has_signed_ends(trained: Trained) -> None:
    content = convert_part(trained.model, "int8", trained.images[:20])
    interpreter = open_interpreter(content)
    assert interpreter.get_input_details()[0]["dtype"] == np.int8
    assert interpreter.get_output_details()[0]["dtype"] == np.int8


def test_a_part_may_be_nothing_at_all() -> None:
    given = keras.Input((4, 4, 2))
    content = convert_part(keras.Model(given, given), "fp32")
    images = np.arange(64.0).reshape(2, 4, 4, 2)
    np.testing.assert_array_equal(predict(content, images), images)


def test_conversion_leaves_the_calibration_images_alone(
    trained: Trained,
) -> None:
    before = trained.images.copy()
    convert(trained.model, "int8", trained.images)
    np.testing.assert_array_equal(trained.images, before)


def test_conversion_is_silent_and_leaves_no_files_behind(
    trained: Trained,
    capfd: pytest.CaptureFixture[str],
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    convert(trained.model, "int8", trained.images[:5])
    written = capfd.readouterr()
    assert (written.out, written.err) == ("", "")
    assert list(tmp_path.iterdir()) == []


def test_unknown_precision_is_refused_with_the_known_ones(
    trained: Trained,
) -> None:
    with pytest.raises(
        ValueError, match="fp16, dynamic, int8, int16x8; got 'int4'"
    ):
        convert(trained.model, "int4")


@pytest.mark.parametrize("images", [None, np.empty((0, 8, 8, 1))])
def test_int8_without_calibration_images_is_refused(
    images: np.ndarray | None, trained: Trained
) -> None:
    with pytest.raises(ValueError, match="`calibration_images` is empty"):
        convert(trained.model, "int8", images)


def test_calibration_images_of_another_shape_are_refused(
    trained: Trained,
) -> None:
    with pytest.raises(ValueError, match=r"\(9, 9, 1\).*\(8, 8, 1\)"):
        convert(trained.model, "int8", np.full((3, 9, 9, 1), 100.0))


def test_calibration_images_that_were_scaled_are_refused(
    trained: Trained,
) -> None:
    with pytest.raises(ValueError, match="takes raw pixel values"):
        convert(trained.model, "int8", trained.images / 255)


def test_two_inputs_are_refused() -> None:
    left, right = keras.Input((4, 4, 1)), keras.Input((4, 4, 1))
    model = keras.Model([left, right], keras.layers.Add()([left, right]))
    with pytest.raises(ValueError, match=r"one input and one output.* 2 and 1"):
        convert(model, "fp32")


def test_an_open_image_size_is_refused() -> None:
    given = keras.Input((None, None, 3))
    model = keras.Model(given, keras.layers.Conv2D(2, 1)(given))
    with pytest.raises(ValueError, match="Build it for one image size"):
        convert(model, "fp32")
