"""Models that are read as chains, and models that are not."""

from collections.abc import Callable

import keras
import numpy as np
import pytest

from nse_tf.starts import read_chain
from nse_tf.supernet import TrainedNetworks
from tests.starts.tiny_trained import features_of, tiny_trained
from tests.supernet.tiny_spaces import random_images


def test_a_winner_is_read_with_all_that_its_features_depend_on() -> None:
    model = tiny_trained()
    chain = read_chain(model, "winner")
    networks = TrainedNetworks(chain, (8, 8), num_classes=5)
    space = networks.space
    assert [block.stride for block in space.blocks] == [2, 1]
    assert [op.name for op in space.blocks[0].candidates] == [
        f"mbconv_k{kernel}_e{expansion}"
        for kernel in (5, 3)
        for expansion in (6, 4, 3)
    ]
    assert [op.name for op in space.blocks[1].candidates] == [
        "mbconv_k3_e3",
        "mbconv_k3_e2",
        "identity",
    ]
    images = random_images(space, 3)
    child = networks.child(space.genotype([0, 0]))
    np.testing.assert_allclose(
        features_of(child, images),
        features_of(model, images),
        rtol=1e-5,
        atol=1e-5,
    )
    # Weights of another training make another space.
    other = read_chain(tiny_trained(seed=1), "winner").space((8, 8), 5)
    assert other.fingerprint != space.fingerprint


@pytest.mark.slow
def test_mobilenet_v2_is_read_as_keras_has_it() -> None:
    """Its strides pad by layers of their own, and it ends without a pool."""
    model = keras.applications.MobileNetV2(
        input_shape=(64, 64, 3), alpha=0.35, include_top=False, weights=None
    )
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            rng = np.random.default_rng(len(layer.name))
            layer.set_weights(
                [rng.uniform(0.5, 1.5, each.shape) for each in layer.weights]
            )
    chain = read_chain(model, "mobilenet_v2", (1 / 127.5, -1.0))
    networks = TrainedNetworks(chain, (64, 64), num_classes=4)
    space = networks.space
    skeleton, blocks = space.as_chain()
    assert len(blocks) == 16
    assert skeleton.norm_epsilon == 1e-3
    images = random_images(space, 2)
    found = features_of(networks.child(space.genotype([0] * 16)), images)
    wanted = np.mean(model(images / 127.5 - 1.0), axis=(1, 2))
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-4)


def chain_of(
    *layers: Callable[[], keras.layers.Layer], rescales: bool = True
) -> keras.Model:
    """Returns a model of a stem, and of layers behind it."""
    inputs = keras.Input((8, 8, 3))
    outputs = inputs
    if rescales:
        outputs = keras.layers.Rescaling(1 / 255)(outputs)
    outputs = keras.layers.Conv2D(8, 3, padding="same", use_bias=False)(outputs)
    outputs = keras.layers.BatchNormalization()(outputs)
    outputs = keras.layers.ReLU(6)(outputs)
    for layer in layers:
        outputs = layer()(outputs)
    return keras.Model(inputs, outputs)


def depthwise(
    name: str = "odd", **options: object
) -> Callable[[], keras.layers.Layer]:
    settings = {"padding": "same", "use_bias": False, **options}
    return lambda: keras.layers.DepthwiseConv2D(3, name=name, **settings)


NORM = keras.layers.BatchNormalization


def six() -> keras.layers.Layer:
    return keras.layers.ReLU(6)


def point(channels: int = 8) -> Callable[[], keras.layers.Layer]:
    return lambda: keras.layers.Conv2D(channels, 1, use_bias=False)


FIRST = (depthwise(), NORM, six, point(4), NORM)


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (lambda: chain_of(rescales=False), "does not begin with a `Rescaling`"),
        (
            lambda: chain_of(lambda: keras.layers.Dense(3, name="odd")),
            r"'mine' cannot be read .* layer 'odd' \(Dense\) where a depthwise",
        ),
        (
            lambda: chain_of(depthwise(use_bias=True)),
            r"'odd' \(DepthwiseConv2D\) where a depthwise .* nse_tf.Choice",
        ),
        (lambda: chain_of(depthwise(padding="valid")), 'of padding "same"'),
        (lambda: chain_of(depthwise(dilation_rate=2)), 'of padding "same"'),
        (
            lambda: chain_of(depthwise(), NORM, keras.layers.ReLU),
            r"\(ReLU\) where ReLU6",
        ),
        (
            lambda: chain_of(depthwise(), lambda: NORM(epsilon=0.1)),
            "where a batch norm of epsilon 0.001",
        ),
        (
            lambda: chain_of(depthwise(), lambda: NORM(scale=False)),
            "where a batch norm with scale and offset",
        ),
        (lambda: chain_of(*FIRST), "nothing more where a depthwise"),
        (
            lambda: chain_of(*FIRST, point(16), NORM, six),
            "nothing more where an inverted residual should be",
        ),
        (
            lambda: chain_of(
                *FIRST,
                *(point(16), NORM, six),
                *(depthwise("second"), NORM),
                *(six, point(4), NORM),
                *(point(16), NORM, six),
            ),
            "where the sum of a residual and its input should be",
        ),
    ],
    ids=range(11),
)
def test_the_first_layer_that_does_not_fit_is_named(
    model: Callable[[], keras.Model], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        read_chain(model(), "mine")


def test_what_is_no_functional_model_is_refused() -> None:
    class Mine(keras.Model):
        def call(self, inputs: object) -> object:
            return inputs

    with pytest.raises(ValueError, match="'mine' is no functional model"):
        read_chain(Mine(), "mine")
