"""Seeded faults must be found, and sound files passed."""

import dataclasses

import keras
import numpy as np
import pytest
import tensorflow as tf

from nse_tf.export import (
    ALL_PRECISIONS,
    PRECISIONS,
    ExportCheck,
    Limits,
    check,
    convert,
    convert_part,
    find_faults,
    keras_scores,
)
from nse_tf.export.tflite import _trace
from tests.export.textures import Trained, make_network


def checked(content: bytes, trained: Trained) -> ExportCheck:
    return check(
        content, trained.model, trained.test_images, trained.test_labels
    )


def copied(model: keras.Model, scale: float = 1 / 255) -> keras.Model:
    copy = make_network(scale)
    copy.set_weights(model.get_weights())
    return copy


@pytest.mark.parametrize("precision", ALL_PRECISIONS)
def test_a_sound_file_has_no_faults(precision: str, trained: Trained) -> None:
    content = convert(trained.model, precision, trained.images)
    found = checked(content, trained)
    assert find_faults(found, precision) == []
    assert found.num_images == 200
    assert found.size_bytes == len(content)
    assert found.agreement > 0.98
    assert found.accuracy is not None
    assert found.num_errors == round(200 * (1 - found.accuracy))
    assert 0 < found.mean_difference < found.largest_difference


def test_fp32_differs_by_rounding_alone(trained: Trained) -> None:
    found = checked(convert(trained.model, "fp32"), trained)
    assert found.largest_difference < 1e-5 * found.score_span
    assert found.accuracy is not None
    assert found.keras_accuracy == found.accuracy > 0.95


def test_a_float_file_that_is_called_int8_is_found(trained: Trained) -> None:
    found = checked(convert(trained.model, "fp32"), trained)
    (fault,) = find_faults(found, "int8")
    assert fault.startswith("Not fully integer: 100% of the weight tensors")


def test_a_tensor_left_unquantized_is_found(trained: Trained) -> None:
    converter = tf.lite.TFLiteConverter.from_concrete_functions(
        [_trace(trained.model)], tf.Module()
    )
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: (
        [image[None].astype(np.float32)] for image in trained.images[:50]
    )
    found = checked(bytes(converter.convert()), trained)
    # All is integer but the float input and output.
    assert found.census.integer_weights == 1
    assert len(found.census.float_names) == 2
    (fault,) = find_faults(found, "int8")
    assert "Not fully integer: 0% of the weight tensors" in fault
    assert "image" in fault
    (fault,) = find_faults(found, "int16x8")
    assert fault.endswith("activations have 8 bits in the int16x8 file.")


def test_float_weights_in_an_fp16_file_are_found(trained: Trained) -> None:
    found = checked(convert(trained.model, "fp32"), trained)
    (fault,) = find_faults(found, "fp16")
    assert "still float32" in fault


def test_calibration_on_scaled_images_is_found(trained: Trained) -> None:
    content = convert_part(trained.model, "int8", trained.images / 255)
    faults = find_faults(checked(content, trained), "int8")
    assert any("The input can hold 0..1, the images" in f for f in faults)
    assert any("on average, more than 0.05" in f for f in faults)
    assert any("Accuracy falls from" in f for f in faults)


def test_another_input_scale_is_found(trained: Trained) -> None:
    wrong = copied(trained.model, scale=1 / 128)
    faults = find_faults(checked(convert(wrong, "fp32"), trained), "fp32")
    assert any("computes something else" in fault for fault in faults)


@pytest.mark.parametrize("precision", PRECISIONS)
def test_a_dropped_batch_norm_is_found(
    precision: str, trained: Trained
) -> None:
    wrong = copied(trained.model)
    norms = [
        layer
        for layer in wrong.layers
        if isinstance(layer, keras.layers.BatchNormalization)
    ]
    gamma, beta, mean, variance = norms[-1].get_weights()
    norms[-1].set_weights(
        [gamma, beta, np.zeros_like(mean), np.ones_like(variance)]
    )
    content = convert(wrong, precision, trained.images)
    assert find_faults(checked(content, trained), precision)


def test_nan_is_found_and_does_not_hide_the_rest(trained: Trained) -> None:
    wrong = copied(trained.model)
    kernel, bias = wrong.layers[-1].get_weights()
    bias[0] = np.nan
    wrong.layers[-1].set_weights([kernel, bias])
    found = checked(convert(wrong, "fp32"), trained)
    assert found.num_not_finite == 200
    assert np.isfinite(found.largest_difference)
    faults = find_faults(found, "fp32")
    assert "200 scores are NaN or infinite on 200 images." in faults


def test_one_image_is_no_drop_of_accuracy_and_two_are(
    trained: Trained,
) -> None:
    labels = trained.model.predict(trained.test_images, verbose=0).argmax(1)
    content = convert(trained.model, "fp32")
    found = check(content, trained.model, trained.test_images, labels)
    assert found.accuracy is not None
    one = dataclasses.replace(found, accuracy=found.accuracy - 1 / 200)
    two = dataclasses.replace(found, accuracy=found.accuracy - 2 / 200)
    assert find_faults(one, "fp32") == []
    (fault,) = find_faults(two, "fp32")
    assert fault.startswith("Accuracy falls from 1.0000 to 0.9900")
    assert find_faults(two, "fp32", Limits(1, 1, accuracy_drop=0.01)) == []


def test_scores_of_keras_serve_several_files(trained: Trained) -> None:
    content = convert(trained.model, "fp16")
    wanted = keras_scores(trained.model, trained.test_images)
    found = check(
        content,
        None,  # It need not run again.
        trained.test_images,
        trained.test_labels,
        wanted=wanted,
    )
    assert found == checked(content, trained)
    with pytest.raises(ValueError, match="`images` is empty"):
        keras_scores(trained.model, trained.test_images[:0])


def test_labels_of_another_number_are_refused(trained: Trained) -> None:
    content = convert(trained.model, "fp32")
    with pytest.raises(ValueError, match="one label for each"):
        check(
            content,
            trained.model,
            trained.test_images,
            trained.test_labels[:-1],
        )


def test_the_file_of_another_network_is_refused(trained: Trained) -> None:
    given = keras.Input((8, 8, 1))
    flat = keras.layers.GlobalAveragePooling2D()(given)
    other = keras.Model(given, keras.layers.Dense(7)(flat))
    with pytest.raises(ValueError, match=r"\(200, 7\).*\(200, 4\)"):
        checked(convert(other, "fp32"), trained)
