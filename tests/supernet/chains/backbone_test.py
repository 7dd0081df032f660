"""The layers that all children share."""

import keras
import numpy as np
import pytest

from nse_tf.supernet.chains.backbone import stem_layers, tail_layers
from nse_tf.supernet.layers.stock import initialize
from tests.supernet.tiny_spaces import tiny_space

SKELETON = tiny_space().as_chain().skeleton


def _stem() -> list[keras.layers.Layer]:
    stem = stem_layers(SKELETON, fast=True)
    keras.Sequential([keras.Input((8, 8, 1)), *stem])
    return stem


def _tail(dropout: float = 0.0) -> list[keras.layers.Layer]:
    tail = tail_layers(SKELETON, fast=True, dropout=dropout)
    keras.Sequential([keras.Input((4, 4, 12)), *tail])
    return tail


def test_stem_takes_pixels_and_ends_as_wide_as_the_skeleton_says() -> None:
    stem = _stem()
    pixels = np.array([0.0, 127.5, 255.0])
    np.testing.assert_allclose(stem[0](pixels), [-1, 0, 1], atol=1e-6)
    assert stem[-1].output.shape[1:] == (8, 8, SKELETON.first_channels)


def test_only_a_stand_alone_child_drops_features() -> None:
    kinds = [type(layer) for layer in _tail(dropout=0.5)]
    assert keras.layers.Dropout in kinds
    assert keras.layers.Dropout not in [type(layer) for layer in _tail()]


def test_initialize_draws_every_kernel_and_resets_every_norm() -> None:
    layers = [*_stem(), *_tail()]
    for layer in layers:
        layer.set_weights([np.full(w.shape, np.nan) for w in layer.weights])
    initialize(layers, np.random.default_rng(0))
    by_name = {layer.name: layer for layer in layers}
    depthwise = by_name["first_depthwise"].kernel.numpy()
    assert depthwise.std() == pytest.approx(
        np.sqrt(2 / (9 * SKELETON.stem_channels)), rel=0.3
    )
    bound = 1 / np.sqrt(SKELETON.tail_channels)
    for weight in by_name["classifier"].weights:
        assert 0.5 * bound < np.abs(weight).max() <= bound
    np.testing.assert_array_equal(by_name["stem_bn"].gamma, np.ones(6))
    np.testing.assert_array_equal(by_name["tail_bn"].moving_mean, np.zeros(16))
    assert all(
        np.isfinite(weight.numpy()).all()
        for layer in layers
        for weight in layer.weights
    )
