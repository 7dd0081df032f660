"""Rows of weights, by hand."""

import dataclasses

import numpy as np
import pytest

from nse_tf.spaces import (
    ChoiceBlock,
    Identity,
    MBConv,
    published_network,
)
from nse_tf.supernet import build_stem, build_tail
from nse_tf.supernet.layers.layouts import Piece, layout_of, packed, unpacked

BLOCK = ChoiceBlock(
    name="here",
    candidates=(MBConv(5, 3), MBConv(3, 1)),
    in_size=(8, 8),
    in_channels=8,
    out_channels=10,
)


def test_row_of_an_expanding_mbconv_by_hand() -> None:
    layout = layout_of(MBConv(5, 3), BLOCK)
    assert [(each.layer, each.weight, each.shape) for each in layout.weights][
        :5
    ] == [
        ("expand", "kernel", (1, 1, 8, 24)),
        ("depthwise", "kernel", (5, 5, 24, 1)),
        ("project", "kernel", (1, 1, 24, 10)),
        ("expand_bn", "gamma", (24,)),
        ("expand_bn", "beta", (24,)),
    ]
    assert layout.kernel_size == 8 * 24 + 25 * 24 + 24 * 10
    assert sum(each.size for each in layout.affine) == 2 * (24 + 24 + 10)
    assert sum(each.size for each in layout.statistics) == 2 * (24 + 24 + 10)


def test_row_of_a_gated_mbconv_by_hand() -> None:
    op = MBConv(5, 3, squeeze_excite=True, activation="hard_swish")
    layout, plain = (layout_of(each, BLOCK) for each in (op, MBConv(5, 3)))
    assert [(each.layer, each.shape) for each in layout.kernels] == [
        ("expand", (1, 1, 8, 24)),
        ("depthwise", (5, 5, 24, 1)),
        ("squeeze", (1, 1, 24, 8)),
        ("excite", (1, 1, 8, 24)),
        ("project", (1, 1, 24, 10)),
    ]
    assert layout.affine[: len(plain.affine)] == plain.affine
    biases = layout.affine[len(plain.affine) :]
    assert [(each.layer, each.weight, each.shape) for each in biases] == [
        ("squeeze", "bias", (8,)),
        ("excite", "bias", (24,)),
    ]
    assert layout.statistics == plain.statistics


def test_expansion_one_has_no_expanding_convolution() -> None:
    layout = layout_of(MBConv(3, 1), BLOCK)
    assert [each.layer for each in layout.kernels] == ["depthwise", "project"]
    assert layout.kernel_size == 9 * 8 + 8 * 10


def test_identity_has_an_empty_row() -> None:
    layout = layout_of(Identity(), BLOCK)
    assert layout.weights == layout.statistics == ()
    assert packed(layout.weights, np.random.default_rng(0)).shape == (0,)


def test_unpacking_gives_what_was_packed_whatever_the_padding() -> None:
    pieces = layout_of(MBConv(5, 3), BLOCK).weights
    row = packed(pieces, np.random.default_rng(3))
    padded = np.concatenate([row, np.full(7, np.nan, np.float32)])
    values = unpacked(pieces, padded)
    rng = np.random.default_rng(3)
    for piece in pieces:
        found = values[piece.layer, piece.weight]
        np.testing.assert_array_equal(found, piece.initial(rng))


@pytest.mark.parametrize(
    ("layer", "shape", "variance"),
    [
        ("expand", (1, 1, 200, 100), 2 / 100),
        ("stem", (3, 3, 100, 50), 2 / (9 * 50)),
        ("depthwise", (5, 5, 2000, 1), 2 / (25 * 2000)),
    ],
)
def test_fresh_kernels_have_the_published_variance(
    layer: str, shape: tuple[int, ...], variance: float
) -> None:
    values = Piece(layer, "kernel", shape).initial(np.random.default_rng(0))
    assert values.dtype == np.float32
    # Four standard deviations of the estimate, which is normal enough here.
    error = 4 * np.sqrt(2 / values.size)
    np.testing.assert_allclose(values.var(), variance, rtol=error)
    assert abs(values.mean()) < 4 * np.sqrt(variance / values.size)


def test_kernels_by_fan_in_are_those_of_pytorch() -> None:
    """Uniform in ±1/√(k² · C_in), so of variance a third of its square."""
    piece = Piece("conv", "kernel", (3, 3, 64, 64))
    values = piece.initial(np.random.default_rng(0), "fan_in")
    bound = 1 / np.sqrt(9 * 64)
    assert values.dtype == np.float32
    assert 0.999 * bound < np.abs(values).max() <= bound
    np.testing.assert_allclose(values.var(), bound**2 / 3, rtol=0.02)
    wide = piece.initial(np.random.default_rng(0))
    np.testing.assert_allclose(wide.var() / values.var(), 6, rtol=0.05)


@pytest.mark.parametrize("out_channels", [8, 10])
def test_fresh_norms_are_identities_but_close_branches_beside_a_shortcut(
    out_channels: int,
) -> None:
    block = dataclasses.replace(BLOCK, out_channels=out_channels)
    layout = layout_of(MBConv(5, 3), block)
    pieces = (*layout.affine, *layout.statistics)
    fresh = unpacked(pieces, packed(pieces, np.random.default_rng(0)))
    starts = {
        key: value[0] for key, value in fresh.items() if np.ptp(value) == 0
    }
    norms = ("expand_bn", "depthwise_bn", "project_bn")
    assert len(fresh) == 3 * 4
    assert starts == {
        **{(norm, "gamma"): 1.0 for norm in norms},
        **{(norm, "beta"): 0.0 for norm in norms},
        **{(norm, "moving_mean"): 0.0 for norm in norms},
        **{(norm, "moving_variance"): 1.0 for norm in norms},
        ("project_bn", "gamma"): 0.0 if block.has_shortcut else 1.0,
    }


@pytest.mark.parametrize(
    ("network", "length"),
    [
        ("spos_abs", 5_896_560),
        ("proxyless_abs", 5_915_256),
        ("fairnas_abs", 3_742_760),
    ],
)
def test_kernels_of_published_networks_number_as_in_the_original_code(
    network: str, length: int
) -> None:
    space, genotype = published_network(network)
    chosen = sum(
        layout_of(block.candidates[index], block).kernel_size
        for block, index in zip(
            space.as_chain().blocks, genotype.path, strict=True
        )
    )
    backbone = sum(
        int(np.prod(weight.shape))
        for end in (build_stem(space), build_tail(space))
        for weight in end.trainable_weights
        if len(weight.shape) >= 2
    )
    assert chosen + backbone == length


def test_an_output_of_a_depthwise_convolution_has_one_input() -> None:
    piece = Piece("depthwise", "kernel", (5, 5, 64, 1))
    values = piece.initial(np.random.default_rng(0), "fan_in")
    assert values.max() == pytest.approx(1 / 5, rel=0.01)
