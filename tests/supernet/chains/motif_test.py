"""Motifs in a supernet: each of them is what its layers compute."""

from collections.abc import Sequence

import numpy as np
import pytest
import tensorflow as tf

from nse_tf.spaces import ChainOp, ChoiceBlock, MBConv, Motif
from nse_tf.spaces.motif_genes import NUM_MOTIFS, genes_of_indices
from nse_tf.supernet import INACTIVE, ChoiceLayer, build_operator
from nse_tf.supernet.layers.layouts import layout_of
from tests.supernet.tiny_spaces import enliven

SIZE = (5, 6)
# Every value of every gene is among them.
SPREAD = [
    Motif(tuple(genes))
    for genes in genes_of_indices(np.arange(60, NUM_MOTIFS, 701)).tolist()
]


def _block(
    ops: Sequence[ChainOp], stride: int = 1, out_channels: int = 12
) -> ChoiceBlock:
    return ChoiceBlock(
        name="block",
        candidates=tuple(ops),
        in_size=SIZE,
        in_channels=8,
        out_channels=out_channels,
        stride=stride,
    )


def _inputs() -> np.ndarray:
    rng = np.random.default_rng(0)
    return rng.normal(0, 1, (3, *SIZE, 8)).astype(np.float32)


def test_motifs_that_are_spread_show_all_there_is() -> None:
    genes = np.array([motif.genes for motif in SPREAD])
    counts = [len(set(column)) for column in genes.T.tolist()]
    assert counts == [3, 3, 2, 2, 4, 3, 1, 4, 3]


@pytest.mark.parametrize("stride", [1, 2])
def test_any_motif_equals_its_stock_layers(stride: int) -> None:
    layer = ChoiceLayer(
        _block((*SPREAD, MBConv(3, 3), MBConv(5, 1)), stride),
        np.random.default_rng(0),
    )
    enliven(layer, np.random.default_rng(1))
    for index, op in enumerate(layer.block.candidates):
        operator = build_operator(layer.block, index)
        for (suffix, name), value in layer.values_of(index).items():
            stock = operator.get_layer(f"block_{op.name}_{suffix}")
            getattr(stock, name).assign(value)
        np.testing.assert_allclose(
            layer(_inputs(), tf.constant([index])),
            operator(_inputs(), training=False),
            rtol=1e-5,
            atol=1e-5,
            err_msg=op.name,
        )


@pytest.mark.parametrize(
    ("code", "positive", "negative"),
    [
        # Nodes 1 and 2 are x; node 3 is x.
        ("0.2.00.12.112", 1.0, 1.0),
        # Node 2 is x + x, node 3 is 2x + x.
        ("0.2.00.22.122", 3.0, 3.0),
        # Node 3 is the maximum of 2x and x.
        ("0.2.01.22.122", 2.0, 1.0),
        # Node 2 is the maximum of x and x.
        ("0.2.10.22.122", 2.0, 2.0),
    ],
)
@pytest.mark.parametrize("stride", [1, 2])
def test_nodes_mix_by_hand(
    code: str, positive: float, negative: float, stride: int
) -> None:
    block = _block([Motif.of_code(code)], stride, out_channels=8)
    inputs = _inputs()
    means = inputs
    if stride == 2:
        # Averages of two by two pixels; the last row has one pixel's height.
        pairs = np.split(inputs, 3, axis=2)
        columns = np.stack([pair.mean(axis=2) for pair in pairs], axis=2)
        rows = [columns[:, 0:2], columns[:, 2:4], columns[:, 4:5]]
        means = np.stack([row.mean(axis=1) for row in rows], axis=1)
    operator = build_operator(block, 0)
    prefix = f"block_motif_{code}"
    kernel = operator.get_layer(f"{prefix}_project").kernel
    kernel.assign(np.eye(8).reshape(1, 1, 8, 8))
    norm = operator.get_layer(f"{prefix}_project_bn")
    norm.gamma.assign(np.ones(8))
    wanted = np.where(means > 0, positive, negative) * means
    if block.has_shortcut:
        wanted = wanted + inputs
    np.testing.assert_allclose(
        operator(inputs, training=False), wanted, rtol=1e-4, atol=1e-5
    )


def test_the_smallest_reference_lies_in_a_row_as_a_plain_block_does() -> None:
    block = _block([MBConv(3, 6)])
    plain, motif = (
        layout_of(op, block)
        for op in (MBConv(3, 6), Motif.of_code("2.5.00.12.112"))
    )
    for one, other in zip(
        (*plain.weights, *plain.statistics),
        (*motif.weights, *motif.statistics),
        strict=True,
    ):
        assert one.shape == other.shape
        # Kernels of one shape are drawn alike, depthwise ones too.
        rngs = np.random.default_rng(0), np.random.default_rng(0)
        np.testing.assert_array_equal(
            one.initial(rngs[0]), other.initial(rngs[1])
        )


def test_what_is_not_open_computes_nothing() -> None:
    layer = ChoiceLayer(
        _block(SPREAD[:2], out_channels=8), np.random.default_rng(0)
    )
    before = layer.get_weights()
    outputs = layer(_inputs(), tf.constant([INACTIVE]), training=True)
    np.testing.assert_array_equal(outputs, _inputs())
    for one, other in zip(before, layer.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
