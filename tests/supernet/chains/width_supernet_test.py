"""A supernet of widths by stage: children, costs, gradients, and refusals."""

import math

import keras
import numpy as np
import pytest
import tensorflow as tf

from nse_tf.costs import CostModel
from nse_tf.spaces import (
    MBConv,
    Stage,
    realized,
    shaped_blocks,
    with_stage_widths,
)
from nse_tf.supernet import (
    Capability,
    WeightSharing,
    WidthSupernet,
    build_child,
    networks_of,
    require_capability,
)
from nse_tf.supernet.layers.nesting import Nesting
from nse_tf.testing.supernet_probes import images_of, labels_of
from nse_tf.training import SupernetRecipe
from nse_tf.training.supernet_step import supernet_step
from tests.supernet.tiny_spaces import tiny_space, width_space

SPACE = width_space()
NARROW = SPACE.genotype([0, 0, 1, 0, 0])
WIDE = SPACE.genotype([1, 1, 1, 1, 1])


@pytest.fixture(scope="module")
def supernet() -> WeightSharing:
    return networks_of(SPACE).supernet(seed=0)


def counted(child: keras.Model) -> dict[str, int]:
    """Returns MACs and parameters of a Keras model, layer by layer."""
    kernels = [
        (layer, layer.kernel)
        for layer in child.layers
        if hasattr(layer, "kernel")
    ]
    return {
        "macs": sum(
            math.prod(layer.output.shape[1:-1]) * math.prod(kernel.shape)
            for layer, kernel in kernels
        ),
        "params": sum(
            math.prod(weight.shape) for weight in child.trainable_weights
        ),
    }


def test_costs_are_those_of_the_network_that_is_built() -> None:
    # Narrow behind wide, so that the first block of the stage has a shortcut.
    mixed = SPACE.genotype([1, 0, 2, 0, 1])
    for genotype in (NARROW, mixed):
        child = build_child(SPACE, genotype, fast=False)
        assert counted(child) == CostModel(SPACE).costs(genotype)


def test_a_narrow_child_is_the_first_channels_of_a_wide_one(
    supernet: WeightSharing,
) -> None:
    narrow, wide = supernet.cut_out(NARROW), supernet.cut_out(WIDE)
    for child, genotype in ((narrow, NARROW), (wide, WIDE)):
        assert counted(child) == CostModel(SPACE).costs(genotype)

    def kernel(child: keras.Model, name: str) -> np.ndarray:
        return np.array(child.get_layer(name).kernel)

    # 8 in place of 16 channels; the wide candidates are the same there.
    name = "stage0_block1_mbconv_k5_e6"
    np.testing.assert_array_equal(
        kernel(narrow, f"{name}_expand"),
        kernel(wide, f"{name}_expand")[:, :, :8, :48],
    )
    np.testing.assert_array_equal(
        kernel(narrow, f"{name}_project"),
        kernel(wide, f"{name}_project")[:, :, :48, :8],
    )
    np.testing.assert_array_equal(
        kernel(narrow, "tail"), kernel(wide, "tail")[:, :, :16]
    )


@pytest.mark.slow
def test_gradients_move_only_the_channels_in_use() -> None:
    supernet = networks_of(SPACE).supernet(seed=0)
    optimizer, step = supernet_step(
        supernet, SupernetRecipe(batch_size=4), supernet.row_kernel_sizes()
    )
    images, labels = images_of(SPACE), labels_of(SPACE)
    # First the wide one, so that there are momenta that could move.
    for number, genotype in enumerate((WIDE, NARROW)):
        before = [value.numpy() for value in supernet.trainable_variables]
        momenta = [value.numpy() for value in optimizer.momenta]
        step(images, labels, supernet.encode(genotype), 0.1, (0, number))
    moved = {}
    for variable, old, momentum, old_momentum in zip(
        supernet.trainable_variables,
        before,
        optimizer.momenta,
        momenta,
        strict=True,
    ):
        differs = (variable.numpy() != old) | (momentum.numpy() != old_momentum)
        moved[id(variable)] = np.flatnonzero(
            differs.reshape(len(old), -1).any(axis=1)
        )
    tail = supernet.backbone_layers[-5]
    assert tail.name == "tail"
    assert moved[id(tail.rows)].tolist() == list(range(16))
    for block in shaped_blocks(SPACE):
        layer = supernet.blocks[block.number]
        variant = block.variant_of(NARROW.path)
        used = Nesting(block.widest, block.shapes).rows_of(variant)
        assert set(moved[id(layer.rows)]) <= set(used.tolist())
        assert len(moved[id(layer.rows)]) > len(used) / 2
        assert len(used) < layer.rows.shape[0]


def test_rows_in_a_graph_are_those_that_are_listed() -> None:
    for block in shaped_blocks(SPACE):
        nesting = Nesting(block.widest, block.shapes)
        for variant, cut in enumerate(nesting.cuts):
            np.testing.assert_array_equal(
                nesting.rows_in_graph(tf.constant(cut)),
                nesting.rows_of(variant),
            )
        assert len(nesting.rows_of(len(nesting.cuts))) == 0


def test_a_seed_gives_the_weights(supernet: WeightSharing) -> None:
    used = WidthSupernet(SPACE, seed=5)
    used.set_weights([value + 1 for value in used.get_weights()])
    used.initialize(0)
    for one, other in zip(
        used.get_weights(), supernet.get_weights(), strict=True
    ):
        np.testing.assert_array_equal(one, other)


def test_networks_of_widths_nest_in_any_case() -> None:
    for sharing in ("rows", "nested"):
        assert networks_of(SPACE, sharing).sharing == "nested"
    networks = networks_of(SPACE)
    child = networks.child(NARROW, seed=1)
    stock = networks.with_stock_layers(NARROW, child)
    plain, own = realized(SPACE, NARROW)
    same = networks_of(plain).child(own, seed=1)
    images = images_of(SPACE)
    for other in (stock, same):
        np.testing.assert_allclose(
            other(images), child(images), rtol=1e-5, atol=1e-5
        )


def test_what_does_not_nest_is_refused() -> None:
    gated = MBConv(3, 3, squeeze_excite=True)
    space = with_stage_widths(
        tiny_space(ops=(gated,), stages=(Stage(16, 1, 2),)), (0.5, 1)
    )
    with pytest.raises(ValueError, match="does not nest in the others"):
        networks_of(space)
    with pytest.raises(ValueError, match="do not grow cell by cell"):
        networks_of(SPACE).with_fewer_cells(3)


@pytest.mark.parametrize("capability", [Capability.MIXES, Capability.TWO_PATHS])
def test_shapes_are_not_mixed(
    supernet: WeightSharing, capability: Capability
) -> None:
    with pytest.raises(ValueError, match="are of several shapes: search by"):
        require_capability(supernet, capability)


def test_angles_are_told_of_the_widest(supernet: WeightSharing) -> None:
    plain = networks_of(
        tiny_space(ops=(MBConv(3, 2), MBConv(5, 6)), stages=(Stage(16, 2, 2),)),
        "nested",
    ).supernet()
    ours = [each for each in supernet.blocks if each.candidates][:2]
    for block, other in zip(ours, plain.blocks, strict=True):
        assert block.candidates == other.candidates
        assert block.kernel_lengths == other.kernel_lengths
        assert block.kernels().shape == other.kernels().shape
    width = supernet.blocks[0]
    assert width.kernels().shape == (0, 0)
    assert width.kernel_lengths == [] == width.owned_rows([0])
