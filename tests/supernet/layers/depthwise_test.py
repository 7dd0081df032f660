"""The fast gradient of depthwise kernels is the one of TensorFlow's own op."""

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from nse_tf.supernet.layers.depthwise import (
    FastDepthwiseConv2D,
    column_groups,
    depthwise_conv,
)


def _gradients(
    inputs: tf.Tensor, kernel: tf.Tensor, stride: int, sides: list[int] | None
) -> list[np.ndarray]:
    """Returns outputs and gradients, of ours or, without sides, of theirs."""
    with tf.GradientTape() as tape:
        tape.watch([inputs, kernel])
        if sides is None:
            outputs = tf.nn.depthwise_conv2d(
                inputs, kernel, [1, stride, stride, 1], "SAME"
            )
        else:
            outputs = depthwise_conv(inputs, kernel, stride, sides)
        # Neither constant nor symmetric, so that a turned kernel would show.
        loss = tf.reduce_sum(tf.sin(outputs + 0.3))
    return [
        each.numpy()
        for each in (outputs, *tape.gradient(loss, [inputs, kernel]))
    ]


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("side", [1, 2, 3, 4, 5, 6, 7, 9, 11])
def test_outputs_and_gradients_are_those_of_the_stock_op(
    side: int, stride: int
) -> None:
    rng = np.random.default_rng(side)
    inputs = tf.constant(rng.normal(size=(2, 11, 13, 5)), tf.float32)
    kernel = tf.constant(rng.normal(size=(side, side, 5, 1)), tf.float32)
    ours = _gradients(inputs, kernel, stride, [side])
    theirs = _gradients(inputs, kernel, stride, None)
    for one, other in zip(ours, theirs, strict=True):
        scale = np.abs(other).max()
        np.testing.assert_allclose(one / scale, other / scale, atol=2e-6)


def test_a_side_known_only_in_the_graph_needs_one_trace() -> None:
    sides = [3, 5, 7]
    rng = np.random.default_rng(0)
    inputs = tf.constant(rng.normal(size=(2, 8, 8, 4)), tf.float32)

    @tf.function(input_signature=[tf.TensorSpec([None, None, 4, 1])])
    def gradient(kernel: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            tape.watch(kernel)
            outputs = depthwise_conv(inputs, kernel, 1, sides)
            loss = tf.reduce_sum(tf.sin(outputs + 0.3))
        return tape.gradient(loss, kernel)

    for side in sides:
        kernel = tf.constant(rng.normal(size=(side, side, 4, 1)), tf.float32)
        _, _, expected = _gradients(inputs, kernel, 1, None)
        found = gradient(kernel).numpy()
        assert found.shape == (side, side, 4, 1)
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)
    assert gradient.experimental_get_tracing_count() == 1


def test_kernels_are_cut_into_groups_of_three_columns_by_hand() -> None:
    assert column_groups(2) == [(0, 0)]
    assert column_groups(3) == [(0, 0)]
    assert column_groups(4) == [(0, 0), (1, 2)]
    assert column_groups(5) == [(0, 0), (2, 1)]
    assert column_groups(7) == [(0, 0), (3, 0), (4, 2)]


def test_the_layer_can_be_exchanged_with_the_stock_one() -> None:
    images = np.random.default_rng(0).normal(size=(2, 9, 9, 6))
    fast = FastDepthwiseConv2D(5, 2, name="conv")
    stock = keras.layers.DepthwiseConv2D(
        5, 2, padding="same", use_bias=False, name="conv"
    )
    stock.build(images.shape)
    expected = fast(tf.constant(images, tf.float32))
    stock.set_weights(fast.get_weights())
    np.testing.assert_allclose(
        stock(tf.constant(images, tf.float32)), expected, rtol=1e-5, atol=1e-5
    )
    again = FastDepthwiseConv2D.from_config(fast.get_config())
    assert again.get_config() == fast.get_config()


@pytest.mark.parametrize(
    "given",
    [
        {"kernel_size": 3, "padding": "valid"},
        {"kernel_size": 3, "use_bias": True},
        {"kernel_size": (3, 5)},
        {"kernel_size": 3, "depth_multiplier": 2},
        {"kernel_size": 3, "data_format": "channels_first"},
        {"kernel_size": 3, "dilation_rate": 2},
        {"kernel_size": 3, "activation": "relu"},
    ],
)
def test_what_the_layer_does_not_do_is_refused(
    given: dict[str, Any],
) -> None:
    with pytest.raises(ValueError, match=r"Use keras\.layers\."):
        FastDepthwiseConv2D(**given)
