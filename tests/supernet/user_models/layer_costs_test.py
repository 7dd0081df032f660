"""Costs worked on paper, of stock layers and of the user's own."""

from typing import Any

import keras
import pytest
import tensorflow as tf

from nse_tf.supernet.user_models.layer_costs import layer_part
from tests.supernet.choice_models import L


def cost(layer: Any, shape: tuple[int, ...]) -> tuple[int, int, int]:
    """Returns MACs, parameters and kernel parameters on such an input."""
    outputs = layer(keras.Input(shape))
    part = layer_part("it", layer, (None, *shape), tuple(outputs.shape))
    return part.macs, part.params, part.kernel_params


@pytest.mark.parametrize(
    ("layer", "expected"),
    [
        # 4x4 outputs, each 3*3*8 products for each of 16 filters.
        (L.Conv2D(16, 3, strides=2, padding="same"), (18432, 1168, 1152)),
        # Two groups see half of the channels each.
        (L.Conv2D(16, 3, groups=2, use_bias=False), (20736, 576, 576)),
        # Dilation reads elsewhere, not more.
        (L.Conv2D(4, 3, dilation_rate=2, padding="same"), (18432, 292, 288)),
        # 64 pixels, 8 channels, 25 products each; bias of 8.
        (L.DepthwiseConv2D(5, padding="same"), (12800, 208, 200)),
        # Depthwise 64*8*9, then pointwise 64*8*16.
        (L.SeparableConv2D(16, 3, padding="same"), (12800, 216, 200)),
        # Each of 64 inputs is spread over 2*2 outputs of 3 channels.
        (L.Conv2DTranspose(3, 2, strides=2), (6144, 99, 96)),
        # A vector at each of 64 pixels.
        (L.Dense(5), (2560, 45, 40)),
        (L.BatchNormalization(), (0, 16, 0)),
        (L.MaxPooling2D(), (0, 0, 0)),
        (L.PReLU(shared_axes=[1, 2, 3]), (0, 1, 1)),
    ],
)
def test_stock_layers_cost_what_paper_says(
    layer: Any, expected: tuple[int, int, int]
) -> None:
    if isinstance(layer, L.PReLU):
        with pytest.raises(ValueError, match="are not known, as it is a PReLU"):
            cost(layer, (8, 8, 8))
    else:
        assert cost(layer, (8, 8, 8)) == expected


def test_a_model_costs_what_its_calls_do() -> None:
    """A layer called twice multiplies twice and has its weights once."""
    shared = L.Conv2D(8, 1, use_bias=False)
    inner = keras.Sequential([L.Conv2D(8, 1, use_bias=False), L.ReLU()])
    inputs = keras.Input((4, 4, 8))
    outputs = inner(shared(shared(inputs)))
    model = keras.Model(inputs, L.GlobalAveragePooling2D()(outputs))
    assert cost(model, (4, 4, 8)) == (3 * 16 * 64, 2 * 64, 2 * 64)


class Scale(keras.layers.Layer):
    """Multiplies channel by channel: one number each, no kernel."""

    def build(self, shape: Any) -> None:
        """Makes the numbers."""
        self.scale = self.add_weight(name="scale", shape=(shape[-1],))

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """Returns the scaled inputs."""
        return inputs * self.scale


class Mix(keras.layers.Layer):
    """Mixes channels by a matrix of its own."""

    def build(self, shape: Any) -> None:
        """Makes the matrix."""
        self.matrix = self.add_weight(name="matrix", shape=(shape[-1],) * 2)

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """Returns the mixed inputs."""
        return tf.matmul(inputs, self.matrix.value)


class CountedMix(Mix):
    """The same, which knows what it costs."""

    def count_macs(
        self, input_shape: tuple[int, ...], output_shape: tuple[int, ...]
    ) -> int:
        """Returns a product for each pair of channels at each pixel."""
        height, width, channels = input_shape
        return height * width * channels * output_shape[-1]


def test_a_layer_without_kernels_is_free() -> None:
    assert cost(Scale(), (8, 8, 8)) == (0, 8, 0)


def test_an_unknown_layer_with_kernels_is_refused_or_asked() -> None:
    with pytest.raises(ValueError, match="'mix' are not known, as it is a Mix"):
        cost(Mix(name="mix"), (8, 8, 8))
    assert cost(CountedMix(), (8, 8, 8)) == (64 * 64, 64, 64)
