"""The fused batch norm against the stock one."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from nse_tf.supernet.layers.batch_norm import (
    EPSILON,
    MOMENTUM,
    FusedBatchNormalization,
    moved,
)

SHAPE = (4, 3, 5, 6)
NUM_VALUES = 4 * 3 * 5


def _pair(**kwargs: float) -> tuple[keras.layers.Layer, keras.layers.Layer]:
    """Returns a stock and a fused layer of one name with equal weights."""
    kwargs = {"epsilon": EPSILON, "momentum": MOMENTUM, **kwargs}
    layers = (
        keras.layers.BatchNormalization(name="norm", **kwargs),
        FusedBatchNormalization(name="norm", **kwargs),
    )
    rng = np.random.default_rng(1)
    weights = [rng.uniform(0.5, 2.0, SHAPE[-1]) for _ in range(4)]
    for layer in layers:
        layer.build(SHAPE)
        layer.set_weights(weights)
    return layers


def _images(seed: int = 0) -> tf.Tensor:
    rng = np.random.default_rng(seed)
    return tf.constant(rng.normal(1.5, 3.0, SHAPE).astype(np.float32))


def test_weights_have_the_names_and_order_of_the_stock_layer() -> None:
    stock, fused = _pair()
    assert [each.path for each in stock.weights] == [
        each.path for each in fused.weights
    ]
    assert [each.path for each in stock.trainable_weights] == [
        each.path for each in fused.trainable_weights
    ]


@pytest.mark.parametrize("epsilon", [EPSILON, 0.1])
@pytest.mark.parametrize("training", [False, True])
def test_outputs_and_gradients_are_those_of_the_stock_layer(
    training: bool, epsilon: float
) -> None:
    found = []
    for layer in _pair(epsilon=epsilon):
        images = tf.Variable(_images())
        with tf.GradientTape() as tape:
            outputs = layer(images, training=training)
            loss = tf.reduce_sum(outputs * _images(seed=2))
        sources = [images, layer.gamma.value, layer.beta.value]
        found.append([outputs, *tape.gradient(loss, sources)])
    for stock, fused in zip(*found, strict=True):
        scale = np.abs(stock).max()
        np.testing.assert_allclose(fused, stock, atol=1e-5 * scale)


def test_moving_statistics_differ_by_the_unbiased_variance_only() -> None:
    stock, fused = _pair()
    before = stock.moving_variance.numpy()
    for layer in (stock, fused):
        layer(_images(), training=True)
    np.testing.assert_allclose(fused.moving_mean, stock.moving_mean, rtol=1e-5)
    of_batch = (stock.moving_variance - MOMENTUM * before) / (1 - MOMENTUM)
    unbiased = of_batch * NUM_VALUES / (NUM_VALUES - 1)
    np.testing.assert_allclose(
        fused.moving_variance,
        MOMENTUM * before + (1 - MOMENTUM) * unbiased,
        rtol=1e-5,
    )


def test_a_rate_of_one_gives_the_statistics_of_the_batch() -> None:
    _, fused = _pair()
    fused.moving_mean.assign(np.full(SHAPE[-1], 1e8))
    fused(_images(), training=True, rate=1.0)
    values = _images().numpy().reshape(-1, SHAPE[-1]).astype(np.float64)
    np.testing.assert_allclose(fused.moving_mean, values.mean(0), rtol=1e-5)
    np.testing.assert_allclose(
        fused.moving_variance, values.var(0, ddof=1), rtol=1e-5
    )


def test_frozen_and_inferring_layers_leave_the_statistics_alone() -> None:
    _, fused = _pair()
    before = fused.get_weights()
    inferred = fused(_images(), training=False)
    fused.trainable = False
    frozen = fused(_images(), training=True)
    np.testing.assert_array_equal(frozen, inferred)
    assert all(map(np.array_equal, before, fused.get_weights()))


def test_a_layer_comes_back_from_its_config() -> None:
    layer = FusedBatchNormalization(name="norm", epsilon=0.01, momentum=0.5)
    config = keras.saving.serialize_keras_object(layer)
    again = keras.saving.deserialize_keras_object(config)
    assert isinstance(again, FusedBatchNormalization)
    assert (again.name, again.epsilon, again.momentum) == ("norm", 0.01, 0.5)


@pytest.mark.parametrize(
    "kwargs",
    [{"scale": False}, {"center": False}, {"axis": 1}, {"renorm": True}],
)
def test_what_the_kernel_cannot_do_is_refused(kwargs: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=r"fused kernel.*BatchNormalization"):
        FusedBatchNormalization(**kwargs)


def test_moved_statistics_by_hand() -> None:
    old, new = tf.constant([1.0, 1e9]), tf.constant([3.0, 1.0])
    np.testing.assert_allclose(moved(old, new, 0.25), [1.5, 7.5e8 + 0.25])
    np.testing.assert_array_equal(moved(old, new, 1.0), new)
