"""A user's model whose candidates no matrix of equal rows could hold."""

import keras

import nse_tf

L = keras.layers

STAGE_WIDTHS = (16, 32, 64, 96)


def mixed_model(num_blocks: int, num_classes: int) -> keras.Model:
    """Returns four stages of `Choice` layers, 16 to 96 channels wide.

    Each choice has stock Keras layers of up to five kinds: a plain, a grouped
    and a separable convolution, an inverted bottleneck, and the identity where
    the shape allows it.
    """
    images = keras.Input((32, 32, 3))
    x = _norm_after(L.Conv2D(16, 3, padding="same", use_bias=False))(
        L.Rescaling(1 / 127.5, offset=-1)(images)
    )
    channels = STAGE_WIDTHS[0]
    for number in range(num_blocks):
        stage = len(STAGE_WIDTHS) * number // num_blocks
        width = STAGE_WIDTHS[stage]
        # The last stage keeps its resolution, as in the chain of MBConvs.
        halves = width != channels and stage < 3
        x = nse_tf.Choice(_candidates(channels, width, 2 if halves else 1))(x)
        channels = width
    logits = L.Dense(num_classes)(L.GlobalAveragePooling2D()(x))
    return keras.Model(images, logits, name="mixed")


def _candidates(
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
        _norm_after(conv(width, 3, stride)),
        _norm_after(conv(width, 3, stride, groups=4)),
        _norm_after(
            L.SeparableConv2D(width, 5, stride, "same", use_bias=False)
        ),
        _norm_after(
            conv(3 * channels, 1),
            L.BatchNormalization(),
            L.ReLU(),
            L.DepthwiseConv2D(3, stride, "same", use_bias=False),
            L.BatchNormalization(),
            L.ReLU(),
            conv(width, 1),
        ),
    ]
    keeps_shape = (stride, channels) == (1, width)
    return [*layers, L.Identity()] if keeps_shape else layers


def _norm_after(*layers: keras.layers.Layer) -> keras.Sequential:
    """Returns layers followed by batch norm and ReLU."""
    return keras.Sequential([*layers, L.BatchNormalization(), L.ReLU()])
