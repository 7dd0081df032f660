"""Fine-tuning for 8 bits, pruning and clustering, in a process of its own.

The toolkit is an extra: `pip install nse-tf[compress]`. What needs it is slow,
and skipped where it is missing; what is refused before needs nothing.
"""

import importlib.util
import math

import keras
import numpy as np
import pytest
from keras import layers

from nse_tf.export import Limits, check, find_faults
from nse_tf.export.compression import compress, describe_layers
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
    x = layers.Average()([x, layers.Multiply()([y, gate])])
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


def test_layers_are_told_with_whom_they_hear() -> None:
    told = describe_layers(small_network())
    assert told[0]["kind"] == "InputLayer"
    (multiply,) = (each for each in told if each["kind"] == "Multiply")
    (average,) = (each for each in told if each["kind"] == "Average")
    assert len(multiply["inputs"]) == 2
    assert average["inputs"][1] == multiply["name"]
    assert told[-1]["config"]["units"] == len(CLASSES)


def test_every_layer_of_a_multi_branch_cell_is_known() -> None:
    block = BranchBlock(
        "place",
        (LinearBottleneck(3, 3, dilation=2),),
        (12, 12),
        8,
        8,
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
def test_pruning_leaves_half_and_clustering_sixteen_values() -> None:
    model = small_network()
    pruned = compress(model, "prune", IMAGES, LABELS, epochs=4).model
    assert pruned is not None
    clustered = compress(model, "cluster", IMAGES, LABELS, epochs=1).model
    assert clustered is not None
    for layer in pruned.layers:
        if isinstance(layer, layers.Dense):
            kernel = layer.get_weights()[0]
            assert (kernel == 0).mean() == pytest.approx(0.5, abs=0.05)
    for layer in clustered.layers:
        if isinstance(layer, layers.Dense):
            assert len(np.unique(layer.get_weights()[0])) <= 16


@needs_toolkit
@pytest.mark.slow
def test_a_process_that_fails_or_hangs_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model = small_network()
    with pytest.raises(ValueError, match=r"more than `timeout_seconds` 0\.01"):
        compress(model, "prune", IMAGES, LABELS, timeout_seconds=0.01)
    monkeypatch.setattr("sys.executable", "/bin/false")
    with pytest.raises(ValueError, match="fails with exit code 1"):
        compress(model, "prune", IMAGES, LABELS)
