"""How much slower a step of a user's own model is than of its child alone.

    python benchmarks/speed/choice_step.py --batch=128 --places=20

As `supernet_step.py`, but every place is a `Choice` of stock Keras layers of
five kinds, which no matrix of equal rows could hold: a plain, a grouped and a
separable convolution, an inverted bottleneck, and the identity where the shape
allows it.
"""

from collections.abc import Sequence

import keras
from absl import app
from supernet_step import CLASSES, PLACES, print_ratios

import nse_tf
from nse_tf.supernet import ModelNetworks

L = keras.layers


def norm_after(*layers: keras.layers.Layer) -> keras.Sequential:
    """Returns layers with batch norm and ReLU behind them."""
    return keras.Sequential([*layers, L.BatchNormalization(), L.ReLU()])


def candidates(
    channels: int, width: int, stride: int
) -> list[keras.layers.Layer]:
    """Returns layers of unlike kinds from `channels` to `width`."""

    def conv(
        filters: int, kernel: int, step: int = 1, groups: int = 1
    ) -> keras.layers.Layer:
        return L.Conv2D(
            filters, kernel, step, "same", groups=groups, use_bias=False
        )

    layers = [
        norm_after(conv(width, 3, stride)),
        norm_after(conv(width, 3, stride, groups=4)),
        norm_after(L.SeparableConv2D(width, 5, stride, "same", use_bias=False)),
        norm_after(
            conv(3 * channels, 1),
            L.BatchNormalization(),
            L.ReLU(),
            L.DepthwiseConv2D(3, stride, "same", use_bias=False),
            L.BatchNormalization(),
            L.ReLU(),
            conv(width, 1),
        ),
    ]
    return (
        [*layers, L.Identity()] if (stride, channels) == (1, width) else layers
    )


def make_model(num_blocks: int) -> keras.Model:
    """Returns four stages of places, 16 to 96 channels wide."""
    images = keras.Input((32, 32, 3))
    x = norm_after(L.Conv2D(16, 3, padding="same", use_bias=False))(
        L.Rescaling(1 / 127.5, offset=-1)(images)
    )
    channels = 16
    for place in range(num_blocks):
        stage = 4 * place // num_blocks
        width = (16, 32, 64, 96)[stage]
        is_first = width != channels
        x = nse_tf.Choice(
            candidates(channels, width, 2 if is_first and stage < 3 else 1)
        )(x)
        channels = width
    return keras.Model(
        images, L.Dense(CLASSES)(L.GlobalAveragePooling2D()(x)), name="mixed"
    )


def main(argv: Sequence[str]) -> None:
    """Compares a chain of choices."""
    del argv
    networks = ModelNetworks(make_model(PLACES.value))
    print(f"{networks.space.size:,} networks")
    print_ratios(networks.supernet, networks.cut_out)


if __name__ == "__main__":
    app.run(main)
