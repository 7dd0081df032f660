import keras
import numpy as np
import tensorflow as tf

import nse_tf
from nse_tf.datasets import ImageSet
from nse_tf.spaces import Genotype
from nse_tf.supernet import (
    Calibrator,
    ModelNetworks,
    statistics_kept,
)
from nse_tf.training import SupernetRecipe, SupernetTrainer
from tests.supernet.choice_models import L, choice_model
from tests.supernet.tiny_spaces import random_images

NETWORKS = ModelNetworks(choice_model())
SPACE = NETWORKS.space
IMAGES = random_images(SPACE, 6)


def test_a_cut_out_child_is_plain_keras_and_ends_as_the_user_s_model() -> None:
    networks = ModelNetworks(choice_model(ending="softmax"))
    supernet = networks.supernet()
    for genotype in networks.space.enumerate():
        child = supernet.cut_out(genotype, fast=False)
        logits = supernet(IMAGES, supernet.encode(genotype))
        np.testing.assert_allclose(
            child(IMAGES), tf.nn.softmax(logits), rtol=1e-5, atol=1e-5
        )
        assert all(
            type(layer).__module__.startswith("keras.")
            for layer in child._flatten_layers()
        )


def test_a_child_trained_fast_is_the_same_with_stock_layers() -> None:
    genotype = SPACE.genotype([1, 0, 0])
    child = NETWORKS.child(genotype, seed=3)
    stock = NETWORKS.with_stock_layers(genotype, child)
    np.testing.assert_allclose(stock(IMAGES), child(IMAGES), atol=1e-6)


def test_weights_follow_the_seed_and_leave_python_s_generator() -> None:
    genotype = SPACE.genotype([1, 1, 0])

    def weights(seed: int) -> np.ndarray:
        child = NETWORKS.child(genotype, seed=seed)
        return np.concatenate([each.ravel() for each in child.get_weights()])

    np.testing.assert_array_equal(weights(0), weights(0))
    assert not np.array_equal(weights(0), weights(1))
    supernet = NETWORKS.supernet()
    first = supernet.get_weights()
    supernet.initialize(5)
    assert not np.array_equal(supernet.get_weights()[0], first[0])
    supernet.initialize(0)
    for one, other in zip(supernet.get_weights(), first, strict=True):
        np.testing.assert_array_equal(one, other)


def test_layers_with_nothing_to_train_keep_the_user_s_weights() -> None:
    images = keras.Input((8, 8, 1))
    norm = L.Normalization(axis=-1)
    norm.adapt(np.full((4, 8, 8, 1), 7.0))
    frozen = L.Conv2D(4, 3, trainable=False)
    x = nse_tf.Choice([L.ReLU(), L.Identity()])(frozen(norm(images)))
    model = keras.Model(images, L.Dense(3)(L.GlobalAveragePooling2D()(x)))
    networks = ModelNetworks(model)
    child = networks.child(networks.space.genotype([1]), seed=9)
    for original in (norm, frozen):
        for one, other in zip(
            child.get_layer(original.name).get_weights(),
            original.get_weights(),
            strict=True,
        ):
            np.testing.assert_array_equal(one, other)


def path(*genes: int) -> Genotype:
    """Returns a path of the space."""
    return SPACE.genotype(genes)


def test_dropout_draws_again_at_each_step_and_only_where_it_is_open() -> None:
    networks = ModelNetworks(choice_model(dropout=0.5))
    supernet = networks.supernet()
    (inner, outer) = [
        each for each in supernet.variables if "seed" in each.path
    ]
    open_branches = supernet.encode(networks.space.genotype([1, 0, 0]))
    outputs = [supernet(IMAGES, open_branches, training=True) for _ in range(2)]
    assert not np.allclose(outputs[0], outputs[1])
    assert inner.numpy()[1] == outer.numpy()[1] == 2
    supernet(
        IMAGES,
        supernet.encode(networks.space.genotype([0, 0, 0])),
        training=True,
    )
    assert (inner.numpy()[1], outer.numpy()[1]) == (2, 3)


def test_calibration_takes_plain_means_without_dropout() -> None:
    networks = ModelNetworks(choice_model(dropout=0.5))
    supernet = networks.supernet()
    genotype = networks.space.genotype([1, 0, 0])
    batches = [random_images(SPACE, 6, seed) for seed in (1, 2)]
    with statistics_kept(supernet):
        Calibrator(supernet).calibrate(supernet.encode(genotype), batches)
        child = supernet.cut_out(genotype, fast=False)
    (stem,) = [
        layer
        for layer in child.layers
        if isinstance(layer, L.BatchNormalization)
    ]
    before = keras.Model(child.input, stem.input)
    means = [np.mean(before(batch), axis=(0, 1, 2)) for batch in batches]
    np.testing.assert_allclose(
        stem.moving_mean, np.mean(means, axis=0), rtol=1e-4, atol=1e-6
    )
    for norm in supernet._norms:
        assert norm.momentum == 0.99


def test_only_the_chosen_layers_move() -> None:
    """The same as the law, seen from the children that users get."""
    supernet = NETWORKS.supernet()
    trainer = SupernetTrainer(
        supernet,
        SupernetRecipe(batch_size=6),
        ImageSet(IMAGES, np.arange(6, dtype=np.int32) % 3),
    )
    other = path(0, 1, 1)

    def own_weights() -> list[np.ndarray]:
        child = supernet.cut_out(other)
        return [
            weight
            for name in ("first_conv2d_0", "choice_1_conv2d_1")
            for weight in child.get_layer(name).get_weights()
        ]

    before = own_weights()
    for step in range(3):
        trainer.step(
            IMAGES,
            np.arange(6) % 3,
            supernet.encode(path(1, 0, 0)),
            0.1,
            (0, step),
        )
    for one, kept in zip(own_weights(), before, strict=True):
        np.testing.assert_array_equal(one, kept)
