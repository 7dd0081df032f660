"""Networks that no converter can take are refused by name, before it runs."""

import json
import pathlib
from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers, ops

from nse_tf.export import export_model, own_process
from nse_tf.export.soundness import (
    LARGEST_HALF,
    in_float32,
    require_classifier,
    require_finite,
)
from nse_tf.export.tflite import convert_each

IMAGES = np.random.default_rng(0).uniform(0, 255, (8, 8, 8, 3))
Tail = Callable[[Any], Any]


def network(tail: Tail = lambda x: x, name: str = "net") -> keras.Model:
    """Returns a small classifier with something before its last layer."""
    images = keras.Input((8, 8, 3))
    x = layers.Rescaling(1 / 255)(images)
    x = layers.Conv2D(4, 3, name="conv")(x)
    x = layers.BatchNormalization(name="norm")(x)
    x = layers.GlobalAveragePooling2D()(x)
    scores = layers.Dense(3, name="scores")(tail(x))
    return keras.Model(images, scores, name=name)


def large(x: Any) -> Any:
    """Has numbers on the way that half precision cannot hold."""
    return layers.Rescaling(1e-9)(layers.Rescaling(1e9, name="large")(x))


def wrapped(model: keras.Model) -> keras.Model:
    """Returns a model within another, as --value_range makes it."""
    images = keras.Input((8, 8, 3))
    return keras.Model(images, model(layers.Rescaling(1.0)(images)))


@pytest.fixture
def half() -> Iterator[None]:
    """Makes layers compute in half precision."""
    keras.config.set_dtype_policy("mixed_float16")
    yield
    keras.config.set_dtype_policy("float32")


def test_a_sound_network_passes_and_tells_its_largest_number() -> None:
    for model in (
        network(),
        wrapped(network()),
        keras.Sequential(
            [keras.Input((8, 8, 3)), layers.Flatten(), layers.Dense(2)]
        ),
    ):
        require_classifier(model)
        assert in_float32(model) is model
        # Pixels are the largest inputs.
        assert require_finite(model, IMAGES).value >= IMAGES.max() - 1e-3


@pytest.mark.parametrize("wrap", [lambda model: model, wrapped])
def test_a_number_that_is_not_finite_is_named_by_its_layer(wrap: Tail) -> None:
    def log(x: Any) -> Any:
        # The logarithm of what is negative: NaN, which a ReLU hides again.
        return ops.relu(layers.Lambda(ops.log, name="log")(x - 10.0))

    model = wrap(network(log))
    with pytest.raises(ValueError, match=r"Layer 'log' .* in its output"):
        require_finite(model, IMAGES)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("place", ["conv", "norm"])
def test_a_weight_that_is_not_finite_is_named(place: str, value: float) -> None:
    model = network()
    layer = model.get_layer(place)
    weights = layer.get_weights()
    weights[-1].flat[0] = value
    layer.set_weights(weights)
    words = rf"Layer '{place}' of `model` has 1 of 4 .* its weight"
    with pytest.raises(ValueError, match=words):
        require_finite(wrapped(model), IMAGES)


def test_what_half_precision_cannot_hold_is_named() -> None:
    found = require_finite(network(large), IMAGES)
    assert found.layer == "large"
    assert found.value > LARGEST_HALF
    assert "'large' has numbers up to" in found.half_fault
    assert not require_finite(network(), IMAGES).half_fault


@pytest.mark.usefixtures("half")
def test_half_precision_is_converted_with_its_weights() -> None:
    model = wrapped(network())
    plain = in_float32(model)
    assert {layer.dtype_policy.name for layer in plain.layers} == {"float32"}
    np.testing.assert_allclose(plain(IMAGES), model(IMAGES), atol=2e-2)
    assert all(map(np.array_equal, plain.get_weights(), model.get_weights()))


def test_weights_that_keras_quantized_are_refused() -> None:
    model = network()
    model.get_layer("scores").quantize("int8")
    with pytest.raises(ValueError, match=r"'scores' .* 'int8_from_float32'"):
        in_float32(model)


def test_what_is_no_classifier_is_refused_with_what_it_is() -> None:
    images = keras.Input((8, 8, 3))
    flat = layers.Dense(2)(layers.Flatten()(images))
    for outputs, words in (
        (layers.Conv2D(2, 1)(images), r"output of shape \(None, 8, 8, 2\)"),
        ([flat, flat], "has 2 outputs"),
        ({"age": flat, "name": flat}, "has 2 outputs"),
    ):
        with pytest.raises(ValueError, match=words):
            require_classifier(keras.Model(images, outputs))
    first = layers.AveragePooling2D(2, data_format="channels_first", name="p")
    pooled = layers.Flatten()(first(images))
    with pytest.raises(ValueError, match=r"'p' .* takes channels first"):
        require_classifier(keras.Model(images, layers.Dense(2)(pooled)))


def test_an_export_refuses_before_anything_is_written(
    tmp_path: pathlib.Path,
) -> None:
    model = network(lambda x: ops.log(x - 10.0))
    with pytest.raises(ValueError, match="NaN or infinite"):
        export_model(
            model,
            tmp_path / "out",
            calibration_images=IMAGES,
            test_images=IMAGES,
            test_labels=None,
            class_names=["a", "b", "c"],
        )
    assert not (tmp_path / "out").exists()


def test_a_precision_that_fails_leaves_the_others(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(fp32: bytes, precision: str, samples: np.ndarray) -> bytes:
        if precision == "int8":
            raise RuntimeError("cannot quantize\nthis op " + "x" * 400)
        return derive(fp32, precision, samples)

    derive = own_process.derive
    monkeypatch.setattr(own_process, "derive", failing)
    (tmp_path / "model_int8.tflite").write_bytes(b"of an earlier export")
    report = export_model(
        network(),
        tmp_path,
        calibration_images=IMAGES,
        test_images=IMAGES,
        test_labels=None,
        class_names=["a", "b", "c"],
        precisions=["fp32", "dynamic", "int8"],
    )
    assert set(report.files) == {"fp32", "dynamic"}
    assert not report.is_faultless
    reason = report.failures["int8"]
    assert reason.startswith("RuntimeError: cannot quantize this op xx")
    assert len(reason) == 300
    told = json.loads((tmp_path / "export.json").read_text())
    assert told["failures"] == report.failures
    # Beside new labels and checks it would be taken for one of them.
    assert not (tmp_path / "model_int8.tflite").exists()
    assert (tmp_path / "model_dynamic.tflite").exists()


def test_a_file_that_no_kernel_can_run_is_no_file() -> None:
    """Outputs are so small beside inputs that no multiplier holds the ratio."""
    images = keras.Input((8, 8, 3))
    dead = layers.Conv2D(
        4,
        1,
        activation="relu",
        bias_initializer=keras.initializers.Constant(-1e12),
    )
    x = layers.Conv2D(4, 3)(dead(layers.Rescaling(1e8)(images)))
    model = keras.Model(images, layers.Dense(3)(layers.Flatten()(x)))
    files, errors = convert_each(model, ["fp32", "dynamic", "int8"], IMAGES)
    assert set(files) == {"fp32", "dynamic"}
    assert "cannot be run" in str(errors["int8"])


def test_a_large_network_is_no_half_precision_file(
    tmp_path: pathlib.Path,
) -> None:
    report = export_model(
        network(large),
        tmp_path,
        calibration_images=None,
        test_images=IMAGES,
        test_labels=None,
        class_names=["a", "b", "c"],
        precisions=["fp32", "fp16"],
    )
    assert not report.faults["fp32"]
    assert any("'large' has numbers" in each for each in report.faults["fp16"])
