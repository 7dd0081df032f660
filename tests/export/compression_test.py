"""Fine-tuning for 8 bits, pruning and clustering, in a process of its own.

The toolkit is an extra: `pip install nse-tf[compress]`. What needs it is slow,
and skipped where it is missing; what is refused before needs nothing.
"""

import importlib.util
import json
import math
import pathlib
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers

from nse_tf.export import Limits, check, convert, export_model, find_faults
from nse_tf.export.compression import Compressed, compress, describe_layers
from nse_tf.export.compression_check import check_compressed
from nse_tf.spaces import BranchBlock, LinearBottleneck
from nse_tf.supernet import build_operator
from tests.export.textures import CLASSES, make_textures

needs_toolkit = pytest.mark.skipif(
    importlib.util.find_spec("tensorflow_model_optimization") is None,
    reason="tensorflow-model-optimization is not installed",
)
IMAGES, LABELS = make_textures(300, seed=0)


def small_network() -> keras.Model:
    """Returns a network with squeeze-and-excite, swish, mean and groups."""
    keras.utils.set_random_seed(0)
    given = keras.Input((8, 8, 1))
    x = layers.Rescaling(1 / 127.5, offset=-1.0)(given)
    x = layers.Conv2D(16, 3, padding="same", use_bias=False)(x)
    x = layers.BatchNormalization(momentum=0.0)(x)
    x = layers.Activation("swish")(x)
    y = layers.DepthwiseConv2D(
        3, padding="same", dilation_rate=2, use_bias=False
    )(x)
    y = layers.ReLU(6.0)(layers.BatchNormalization(momentum=0.0)(y))
    gate = layers.GlobalAveragePooling2D(keepdims=True)(y)
    gate = layers.Conv2D(16, 1, activation="sigmoid")(gate)
    x = layers.Average()([x, layers.Multiply()([y, gate]), y])
    x = layers.Add()([x, x, y])
    x = layers.Conv2D(32, 3, strides=2, groups=2)(x)
    x = layers.ReLU()(layers.BatchNormalization(momentum=0.0)(x))
    x = layers.GlobalAveragePooling2D()(x)
    model = keras.Model(given, layers.Dense(len(CLASSES))(x))
    model(IMAGES, training=True)
    head = model.layers[-1]
    features = keras.Model(model.input, head.input)(IMAGES).numpy()
    known = np.hstack([features, np.ones((len(IMAGES), 1))])
    wanted = 10.0 * np.eye(len(CLASSES))[LABELS]
    solved = np.linalg.lstsq(known, wanted, rcond=None)[0]
    head.set_weights([solved[:-1], solved[-1]])
    return model


def test_layers_are_described_with_their_inputs() -> None:
    layers = describe_layers(small_network())
    assert layers[0]["kind"] == "InputLayer"
    (multiply,) = (each for each in layers if each["kind"] == "Multiply")
    (average,) = (each for each in layers if each["kind"] == "Average")
    assert len(multiply["inputs"]) == 2
    assert average["inputs"][1] == multiply["name"]
    assert layers[-1]["config"]["units"] == len(CLASSES)


def test_every_layer_of_a_multi_branch_cell_is_known() -> None:
    block = BranchBlock(
        name="block",
        candidates=(LinearBottleneck(3, 3, dilation=2),),
        in_size=(12, 12),
        in_channels=8,
        out_channels=8,
        activation="swish",
        squeeze_excite=True,
    )
    kinds = {each["kind"] for each in describe_layers(build_operator(block, 0))}
    assert {"Multiply", "Average", "Activation"} <= kinds


def test_a_layer_that_cannot_be_carried_over_is_named() -> None:
    given = keras.Input((8, 8, 1))
    model = keras.Model(given, layers.GaussianNoise(0.1, name="hiss")(given))
    with pytest.raises(ValueError, match="'hiss' is a GaussianNoise"):
        describe_layers(model)
    x = layers.Conv2D(4, 3, activation="hard_sigmoid", name="gate")(given)
    with pytest.raises(ValueError, match="'gate' has the activation 'hard_sig"):
        describe_layers(keras.Model(given, x))


def test_arguments_out_of_range_are_refused() -> None:
    model = small_network()
    with pytest.raises(ValueError, match="one of quantize, prune, cluster"):
        compress(model, "squeeze", IMAGES, LABELS)
    with pytest.raises(ValueError, match="at least one image, and one label"):
        compress(model, "prune", IMAGES, LABELS[:3])
    with pytest.raises(ValueError, match="`epochs` is 0"):
        compress(model, "prune", IMAGES, LABELS, epochs=0)


@needs_toolkit
@pytest.mark.slow
def test_a_network_fine_tuned_for_8_bits_is_all_integer() -> None:
    model = small_network()
    made = compress(model, "quantize", IMAGES, LABELS, epochs=2)
    assert made.tflite is not None
    assert made.carried_over_difference < 1e-4
    assert len(made.losses) == 2
    images, labels = make_textures(200, seed=1)
    found = check(made.tflite, model, images, labels)
    # Fine-tuned weights give other scores; accuracy and integers count.
    limits = Limits(largest=math.inf, mean=math.inf, accuracy_drop=0.02)
    assert find_faults(found, "int8", limits) == []
    assert found.input_range == pytest.approx((0, 255), abs=1)


@needs_toolkit
@pytest.mark.slow
@pytest.mark.parametrize("kind", ["prune", "cluster"])
def test_pruning_leaves_half_and_clustering_sixteen_values(kind: str) -> None:
    model = small_network()
    made = compress(model, kind, IMAGES, LABELS, epochs=4)
    found = check_compressed(made, model, *make_textures(200, seed=1))
    assert found.faults == ()
    if kind == "prune":
        assert found.least_zeros == pytest.approx(0.5, abs=0.01)
    else:
        assert found.most_values is not None
        assert found.most_values <= 16
    assert found.accuracy is not None
    assert found.accuracy > found.accuracy_before - 0.1


def with_kernels(change: Callable[[np.ndarray], np.ndarray]) -> keras.Model:
    """Returns the network with other kernels, depthwise ones excepted."""
    model = keras.models.clone_model(small_network())
    for layer in model.layers:
        if isinstance(layer, layers.Conv2D | layers.Dense):
            kernel, *others = layer.get_weights()
            layer.set_weights([change(kernel), *others])
    return model


def half_zeros(kernel: np.ndarray) -> np.ndarray:
    """Returns the kernel with every second weight zero."""
    return kernel * (np.arange(kernel.size) % 2).reshape(kernel.shape)


def test_a_network_that_was_not_compressed_is_found_out() -> None:
    model = small_network()
    for kind, change, fault in (
        ("prune", np.ones_like, "was not pruned: 0.0% of its weights"),
        ("prune", np.zeros_like, None),
        ("cluster", np.ones_like, None),
        (
            "cluster",
            lambda kernel: np.arange(kernel.size).reshape(kernel.shape),
            "was not clustered: its kernel has",
        ),
    ):
        made = Compressed(
            kind=kind,
            learning_rate=1e-4,
            tflite=None,
            model=with_kernels(change),
            carried_over_difference=0.0,
            losses=(1.0,),
        )
        found = check_compressed(made, model, IMAGES, LABELS)
        assert bool(found.faults) == (fault is not None)
        assert fault is None or fault in found.faults[0]
        assert found.accuracy_before > 0.9


def test_a_compressed_network_is_exported_in_place_of_the_first(
    tmp_path: pathlib.Path,
) -> None:
    model, other = small_network(), with_kernels(half_zeros)
    made = Compressed(
        kind="prune",
        learning_rate=1e-4,
        tflite=None,
        model=other,
        carried_over_difference=0.0,
        losses=(1.0,),
    )
    given: dict[str, Any] = {
        "calibration_images": IMAGES,
        "test_images": IMAGES,
        "test_labels": LABELS,
        "class_names": CLASSES,
        "precisions": ["fp32", "int8"],
    }
    export_model(model, tmp_path, compressed=made, **given)
    report = json.loads((tmp_path / "export.json").read_text())
    assert report["compression"]["kind"] == "prune"
    assert report["compression"]["least_zeros"] >= 0.5
    assert report["compression"]["deflated_bytes"].keys() == {"fp32", "int8"}
    # The files are compared with the compressed network.
    assert report["files"]["fp32"]["faults"] == []
    assert (
        report["files"]["fp32"]["check"]["keras_accuracy"]
        == (report["compression"]["accuracy"])
    )
    kept = keras.saving.load_model(tmp_path / "model.keras")
    for ours, theirs in zip(
        kept.get_weights(), other.get_weights(), strict=True
    ):
        np.testing.assert_array_equal(ours, theirs)


def test_a_fine_tuned_file_is_the_int8_one_and_held_against_accuracy(
    tmp_path: pathlib.Path,
) -> None:
    model = small_network()
    good = convert(model, "int8", IMAGES)
    # Classes in the wrong order.
    turned = with_kernels(lambda kernel: kernel[..., ::-1])
    bad = convert(turned, "int8", IMAGES)
    given: dict[str, Any] = {
        "calibration_images": IMAGES,
        "test_images": IMAGES,
        "test_labels": LABELS,
        "class_names": CLASSES,
        "precisions": ["int8"],
    }
    for content, is_sound in ((good, True), (bad, False)):
        made = Compressed(
            kind="quantize",
            learning_rate=1e-4,
            tflite=content,
            model=None,
            carried_over_difference=0.0,
            losses=(1.0,),
        )
        report = export_model(model, tmp_path, compressed=made, **given)
        assert report.is_faultless == is_sound
        assert report.compression is not None
        assert report.compression["accuracy"] is None
    for change, match in (
        ({"precisions": ["fp32"]}, "`precisions` fp32 lack int8"),
        ({"test_labels": None}, "cannot be measured without labels"),
    ):
        with pytest.raises(ValueError, match=match):
            export_model(
                model, tmp_path, compressed=made, **{**given, **change}
            )


@needs_toolkit
@pytest.mark.slow
def test_a_process_that_fails_or_hangs_is_reported(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model = small_network()
    with pytest.raises(ValueError, match=r"more than `timeout_seconds` 0\.01"):
        compress(model, "prune", IMAGES, LABELS, timeout_seconds=0.01)
    monkeypatch.setattr("sys.executable", "/bin/false")
    with pytest.raises(ValueError, match="fails with exit code 1"):
        compress(model, "prune", IMAGES, LABELS)
