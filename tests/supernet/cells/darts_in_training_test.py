"""What DARTS's networks have in training only."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from nse_tf.costs import CostModel
from nse_tf.spaces import SearchSpace, make_preset
from nse_tf.supernet import (
    ChildInTraining,
    DropPath,
    build_child,
    in_training,
    with_stock_layers,
)
from nse_tf.supernet.cells.darts_child import last_layers
from tests.supernet.tiny_spaces import tiny_space

BOTH = {"auxiliary_weight": 0.4, "drop_path": 0.2}


def space_of(name: str, side: int) -> SearchSpace:
    """Returns a space of three cells, 4 channels wide at first."""
    skeleton = make_preset(name).as_cells().skeleton
    return make_preset(
        name,
        image_size=(side, side),
        num_classes=3,
        width=4 / skeleton.channels,
        depth=3 / skeleton.num_cells,
    )


SPACE = space_of("darts_cifar", 32)
# Few layers: a dilated convolution, a skip from an input, and a pooling.
GENOTYPE = SPACE.genotype(([6, 3, 1] + [0] * 11) * 2)
IMAGES = np.random.default_rng(0).uniform(0, 255, (6, 32, 32, 3))


def made(**extras: float) -> ChildInTraining:
    child = build_child(SPACE, GENOTYPE)
    return in_training(SPACE, GENOTYPE, child, seed=0, extras=extras or BOTH)


def test_kept_images_are_scaled_up_and_others_are_zero() -> None:
    drop_path = DropPath()
    drop_path.rate.assign(0.2)
    inputs = np.random.default_rng(0).normal(size=(400, 2, 2, 3))
    rows: list[np.ndarray] = []
    for seed, edge in (((3, 4), 0), ((3, 4), 0), ((3, 4), 1), ((3, 5), 0)):
        drop_path.seed.assign(seed)
        outputs = drop_path.run(tf.constant(inputs, tf.float32), edge).numpy()
        kept = outputs.any(axis=(1, 2, 3))
        np.testing.assert_allclose(outputs[kept], inputs[kept] / 0.8, rtol=1e-6)
        assert not outputs[~kept].any()
        rows.append(kept)
    # Four standard deviations of 400 draws.
    assert all(abs(row.mean() - 0.8) < 0.08 for row in rows)
    first, again, other_edge, other_seed = rows
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other_edge)
    assert not np.array_equal(first, other_seed)


def test_every_op_but_the_identity_can_be_dropped() -> None:
    path = [0] * 28
    # Of each cell three edges: a separable one, a skip from a node, and a skip
    # from the input, which halves in a reduction.
    for start in (0, 14):
        path[start : start + 5] = [4, 3, 6, 0, 3]
    names = last_layers(SPACE, SPACE.genotype(path))
    assert names == [
        "cell0_0_2_sep_conv_3x3_bn1",
        "cell0_0_3_dil_conv_3x3_bn0",
        *(
            f"cell{cell}_{end}"
            for cell in (1, 2)
            for end in (
                "0_2_sep_conv_3x3_bn1",
                "1_2_skip_connect_bn0",
                "0_3_dil_conv_3x3_bn0",
            )
        ),
    ]
    assert set(names) < {
        layer.name for layer in build_child(SPACE, SPACE.genotype(path)).layers
    }


def test_at_rate_0_and_outside_training_it_is_the_plain_network() -> None:
    trained = made()
    assert trained.drop_path is not None
    child = trained.child
    bare = in_training(SPACE, GENOTYPE, child, seed=0, extras={})
    assert bare.model is child
    assert bare.variables == child.variables
    plain = child(IMAGES, training=True).numpy()
    logits, auxiliary = trained.model(IMAGES, training=True)
    assert np.array_equal(logits, plain)
    assert auxiliary.shape == (6, 3)
    trained.drop_path.rate.assign(0.5)
    assert not np.array_equal(trained.model(IMAGES, training=True)[0], plain)
    assert np.array_equal(
        trained.model(IMAGES, training=False)[0], child(IMAGES, training=False)
    )


def test_what_is_kept_has_neither_head_nor_drops_and_costs_the_same() -> None:
    trained, plain = made(), build_child(SPACE, GENOTYPE)
    stock = with_stock_layers(SPACE, GENOTYPE, trained.child)
    for child in (trained.child, stock):
        assert [each.name for each in child.layers] == [
            each.name for each in plain.layers
        ]
        params = sum(int(np.prod(x.shape)) for x in child.trainable_weights)
        assert params == CostModel(SPACE).costs(GENOTYPE)["params"]
    # The same first weights, and those of the head come after them.
    for mine, its in zip(
        trained.trainable_variables, plain.trainable_variables, strict=False
    ):
        assert np.array_equal(mine, its)
    assert len(trained.variables) > len(plain.variables)


@pytest.mark.parametrize(
    ("name", "side", "norms"), [("darts_cifar", 32, 2), ("darts", 224, 1)]
)
def test_the_auxiliary_classifier_is_as_published(
    name: str, side: int, norms: int
) -> None:
    space = space_of(name, side)
    genotype = space.genotype([0] * 28)
    trained = in_training(
        space,
        genotype,
        build_child(space, genotype),
        seed=0,
        extras={"auxiliary_weight": 0.4},
    )
    assert trained.drop_path is None
    layers = {layer.name: layer for layer in trained.auxiliary_layers}
    assert layers["auxiliary_relu0"].input is not None
    # It reads four nodes of the width after two reductions.
    channels = 4 * 4 * 4
    assert layers["auxiliary_relu0"].output.shape[-1] == channels
    assert layers["auxiliary_pool"].output.shape[1:3] == (2, 2)
    assert layers["auxiliary_conv1"].output.shape[1:] == (1, 1, 768)
    params = channels * 128 + 2 * 128 + 4 * 128 * 768 + 768 * 3 + 3
    params += 2 * 768 if norms == 2 else 0
    assert params == sum(
        int(np.prod(weight.shape))
        for layer in layers.values()
        for weight in layer.trainable_weights
    )


@pytest.mark.parametrize("name", ["auxiliary_weight", "drop_path"])
@pytest.mark.parametrize(
    "space", [make_preset("nb201"), tiny_space()], ids=["nb201", "chain"]
)
def test_other_networks_are_refused_by_name(
    space: SearchSpace, name: str
) -> None:
    genotype = space.sample(np.random.default_rng(0))
    with pytest.raises(ValueError, match=f"`{name}` is 0.3, but only the cell"):
        in_training(space, genotype, keras.Model(), seed=0, extras={name: 0.3})


def test_small_images_are_refused_for_the_head_but_not_for_drop_path() -> None:
    skeleton = space_of("darts_cifar", 28).skeleton
    skeleton.require_extras({"drop_path": 0.3})
    with pytest.raises(ValueError, match=r"needs maps of 8 .*\(28, 28\)"):
        skeleton.require_extras(BOTH)
