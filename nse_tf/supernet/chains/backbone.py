"""The backbone of chains: the same layers in supernet and child."""

import functools

import keras

from nse_tf.spaces import BranchSkeleton, ChainSkeleton
from nse_tf.supernet.layers.stock import (
    activation,
    batch_norm,
    conv,
    depthwise,
    named_activation,
    relu6,
)


def stem_layers(
    skeleton: ChainSkeleton, *, fast: bool
) -> list[keras.layers.Layer]:
    """Returns everything before the first block; takes pixels in 0..255."""
    norm = functools.partial(
        batch_norm, fast=fast, epsilon=skeleton.norm_epsilon
    )
    first = [
        *_first_conv(skeleton, fast=fast),
        named_activation(skeleton.activation, "stem"),
    ]
    if skeleton.FIRST_OP is None:
        return first
    return [
        *first,
        depthwise(3, 1, "first_depthwise", fast=fast),
        norm("first_depthwise_bn"),
        relu6("first_depthwise_relu"),
        conv(skeleton.first_channels, 1, 1, "first_project"),
        norm("first_project_bn"),
    ]


def branch_stem_layers(
    skeleton: BranchSkeleton, *, fast: bool
) -> list[keras.layers.Layer]:
    """Returns everything before the first multi-branch cell."""
    return [
        *_first_conv(skeleton, fast=fast),
        activation(skeleton.activation, "stem_activation"),
    ]


def _first_conv(
    skeleton: ChainSkeleton, *, fast: bool
) -> list[keras.layers.Layer]:
    scale, offset = skeleton.pixel_scaling
    return [
        keras.layers.Rescaling(scale, offset=offset, name="rescaling"),
        conv(skeleton.stem_channels, 3, skeleton.stem_stride, "stem"),
        batch_norm("stem_bn", fast=fast, epsilon=skeleton.norm_epsilon),
    ]


def tail_layers(
    skeleton: ChainSkeleton, *, fast: bool, dropout: float = 0.0, seed: int = 0
) -> list[keras.layers.Layer]:
    """Returns everything after the last block; ends in logits."""
    return [
        conv(skeleton.tail_channels, 1, 1, "tail"),
        batch_norm("tail_bn", fast=fast, epsilon=skeleton.norm_epsilon),
        named_activation(skeleton.activation, "tail"),
        *_classifier(skeleton, dropout, seed),
    ]


def branch_tail_layers(
    skeleton: BranchSkeleton,
    *,
    fast: bool,
    dropout: float = 0.0,
    seed: int = 0,
) -> list[keras.layers.Layer]:
    """Returns everything after the last multi-branch cell."""
    del fast  # There is no norm.
    return [
        conv(skeleton.tail_channels, 1, 1, "tail"),
        activation(skeleton.activation, "tail_activation"),
        *_classifier(skeleton, dropout, seed),
    ]


def _classifier(
    skeleton: ChainSkeleton, dropout: float, seed: int
) -> list[keras.layers.Layer]:
    dropped = (
        [keras.layers.Dropout(dropout, seed=seed, name="dropout")]
        if dropout
        else []
    )
    hidden = (
        [
            keras.layers.Dense(skeleton.hidden_channels, name="hidden"),
            named_activation(skeleton.activation, "hidden"),
        ]
        if skeleton.hidden_channels
        else []
    )
    return [
        keras.layers.GlobalAveragePooling2D(name="pool"),
        *hidden,
        *dropped,
        keras.layers.Dense(skeleton.num_classes, name="classifier"),
    ]
