"""Dilated depthwise convolution against TensorFlow's own."""

import numpy as np
import pytest
import tensorflow as tf

from nse_tf.supernet.layers.dilated import dilated_depthwise_conv


@pytest.mark.parametrize("side", [3, 5])
@pytest.mark.parametrize("size", [(8, 8), (7, 10), (3, 1)])
def test_values_and_gradients_are_those_of_tensorflow(
    size: tuple[int, int], side: int
) -> None:
    rng = np.random.default_rng(0)
    images = tf.constant(rng.standard_normal((2, *size, 6)), tf.float32)
    kernel = tf.constant(rng.standard_normal((side, side, 6, 1)), tf.float32)

    @tf.function(
        input_signature=[
            tf.TensorSpec(images.shape),
            tf.TensorSpec([None, None, 6, 1]),
        ]
    )
    def ours(images: tf.Tensor, kernel: tf.Tensor) -> list[tf.Tensor]:
        with tf.GradientTape() as tape:
            tape.watch((images, kernel))
            outputs = dilated_depthwise_conv(images, kernel, [3, 5])
            loss = tf.reduce_sum(outputs**2)
        return [outputs, *tape.gradient(loss, (images, kernel))]

    with tf.GradientTape() as tape:
        tape.watch((images, kernel))
        outputs = tf.nn.depthwise_conv2d(
            images, kernel, [1, 1, 1, 1], "SAME", dilations=[2, 2]
        )
        loss = tf.reduce_sum(outputs**2)
    wanted = [outputs, *tape.gradient(loss, (images, kernel))]
    for one, other in zip(ours(images, kernel), wanted, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-4)
