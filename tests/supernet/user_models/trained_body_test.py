"""A user's model whose layers beside the choices are trained already."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest

import nse_tf
from nse_tf.supernet import (
    Calibrator,
    ModelNetworks,
    ModelSupernet,
    networks_of,
    statistics_kept,
)
from nse_tf.training import ChildRecipe, SupernetRecipe, SupernetTrainer
from nse_tf.training.child_trainer import train_child
from tests.supernet.tiny_spaces import tiny_space
from tests.supernet.trained_models import trained_model
from tests.training.tiny_data import image_set

L = keras.layers
MODEL = trained_model()
IMAGES = image_set(20)
PATHS = ((0, 1), (1, 0))
BODY = ("stem", "norm", "inner")
SGD: dict[str, Any] = {
    "batch_size": 20,
    "momentum": 0.0,
    "nesterov": False,
    "weight_decay": 0.0,
    "clip_norm": None,
}


def weights_of(model: Any, *names: str) -> list[np.ndarray]:
    """Returns the weights of some layers, which may be in models inside."""
    by_name = {layer.name: layer for layer in model._flatten_layers()}
    return [weight for name in names for weight in by_name[name].get_weights()]


def equal(ones: list[np.ndarray], others: list[np.ndarray]) -> bool:
    """Whether weights are the same, bit for bit."""
    return all(map(np.array_equal, ones, others))


def stepped(supernet: ModelSupernet, steps: int = 1) -> SupernetTrainer:
    """Returns the trainer of a supernet after some steps of plain SGD."""
    trainer = SupernetTrainer(supernet, SupernetRecipe(**SGD), IMAGES)
    for index in range(steps):
        genotype = supernet.space.genotype(PATHS[index % 2])
        trainer.step(
            np.asarray(IMAGES.images),
            IMAGES.labels,
            supernet.encode(genotype),
            0.1,
            (0, index),
        )
    return trainer


@pytest.mark.parametrize("body_rate", [0.0, 0.3, 1.0])
def test_a_body_begins_trained_and_the_rest_is_drawn(body_rate: float) -> None:
    networks = ModelNetworks(MODEL, body_rate)
    genotype = networks.space.genotype(PATHS[0])
    supernets = [networks.supernet(seed=seed) for seed in (0, 1)]
    supernets[0].initialize(2)
    children = [
        *(networks.child(genotype, seed=seed) for seed in (0, 1)),
        *(each.cut_out(genotype, fast=False) for each in supernets),
    ]
    for child in children:
        assert equal(weights_of(child, *BODY), weights_of(MODEL, *BODY))
        drawn = ("classifier", "first_conv2d_0")
        kernels = weights_of(child, *drawn)[::2]
        for kernel in kernels:
            assert kernel.min() < 0  # None in `MODEL` is.
    kernels = [weights_of(each, "classifier")[0] for each in children]
    assert not equal(kernels[:1], kernels[1:2])
    assert not equal(kernels[2:3], kernels[3:])


def test_without_a_rate_all_weights_are_drawn() -> None:
    child = ModelNetworks(MODEL).child(
        networks_of(MODEL).space.genotype(PATHS[0])
    )
    assert weights_of(child, "stem")[0].min() < 0


def test_a_frozen_body_stays_to_the_bit_wherever_it_goes() -> None:
    networks = ModelNetworks(trained_model(ending="softmax"), body_rate=0.0)
    genotype = networks.space.genotype(PATHS[0])
    supernet = networks.supernet()
    before = supernet.cut_out(genotype)
    stepped(supernet, 4)
    images = np.asarray(IMAGES.images)
    with statistics_kept(supernet):
        Calibrator(supernet).calibrate(supernet.encode(genotype), [images])
        after = supernet.cut_out(genotype)
    child = networks.child(genotype)
    train_child(child, IMAGES, ChildRecipe(batch_size=10), 2, seed=0)
    stock = networks.with_stock_layers(genotype, child)
    for each in (after, child, stock):
        assert equal(weights_of(each, *BODY), weights_of(MODEL, *BODY))
    for name in ("classifier", "first_conv2d_0"):
        assert not equal(weights_of(after, name), weights_of(before, name))
    # By moving statistics, not by those of the batch.
    norm = keras.Model(child.input, child.get_layer("norm").output)
    np.testing.assert_array_equal(
        norm(images, training=True), norm(images, training=False)
    )


def test_only_what_is_trained_counts_in_angles() -> None:
    supernet = ModelNetworks(MODEL, 0.0).supernet()
    (kernel,) = supernet.angle_weights
    assert kernel.path.endswith("classifier/kernel")
    assert len(ModelNetworks(MODEL, 0.1).supernet().angle_weights) == 3


def moves_of_supernet(networks: ModelNetworks) -> dict[str, np.ndarray]:
    """Returns how far one step moved each of the shared weights."""
    supernet = networks.supernet()
    before = [each.numpy() for each in supernet.trainable_variables]
    stepped(supernet)
    return moves(supernet.trainable_variables, before)


def moves_of_child(networks: ModelNetworks) -> dict[str, np.ndarray]:
    """Returns how far one step, and one of rate 0, moved a child's weights."""
    child = networks.child(networks.space.genotype(PATHS[0]))
    before = [each.numpy() for each in child.trainable_variables]
    recipe = ChildRecipe(**SGD, learning_rate=0.1, warmup_epochs=0)
    train_child(child, IMAGES, recipe, 2, seed=0)
    return moves(child.trainable_variables, before)


def moves(
    variables: list[keras.Variable], before: list[np.ndarray]
) -> dict[str, np.ndarray]:
    """Returns how far variables moved, by path."""
    return {
        variable.path: variable.numpy().astype(float) - value
        for variable, value in zip(variables, before, strict=True)
    }


@pytest.mark.parametrize("moves_of", [moves_of_supernet, moves_of_child])
def test_a_body_moves_by_its_share_of_the_first_step(
    moves_of: Callable[[ModelNetworks], dict[str, np.ndarray]],
) -> None:
    wholes, parts = (moves_of(ModelNetworks(MODEL, rate)) for rate in (1, 0.1))
    in_body = [any(name in path for name in BODY) for path in wholes]
    assert sum(in_body) == 6  # Kernels, biases, scale and offset.
    for (path, whole), part, is_body in zip(
        wholes.items(), parts.values(), in_body, strict=True
    ):
        # A bias before a norm moves nothing, and so gets no gradient.
        assert np.abs(whole).max() > 1e-5 or path.endswith("stem/bias")
        factor = 0.1 if is_body else 1.0
        np.testing.assert_allclose(part, whole * factor, rtol=1e-2, atol=1e-6)


def frozen_model(how: str) -> keras.Model:
    """Returns a model of which a body layer and candidates are frozen."""
    images = keras.Input((8, 8, 1))
    x = L.Conv2D(4, 3, padding="same", name="stem")(images)
    conv = L.Conv2D(4, 3, padding="same", name="conv")
    norm = L.BatchNormalization(name="norm")
    if how == "a choice":
        choice = nse_tf.Choice([conv, norm], name="first", trainable=False)
    elif how == "a model":
        whole = keras.Sequential([conv, norm], trainable=False)
        choice = nse_tf.Choice([whole, L.Identity()], name="first")
    else:
        conv.trainable = norm.trainable = False
        choice = nse_tf.Choice([conv, norm], name="first")
    x = L.GlobalAveragePooling2D()(choice(x))
    model = keras.Model(images, L.Dense(3)(x))
    model.get_layer("stem").trainable = False
    rng = np.random.default_rng(0)
    for weight in model.weights:
        weight.assign(rng.uniform(0.1, 0.9, weight.shape))
    return model


@pytest.mark.parametrize(
    ("how", "body_rate"),
    [("layers", None), ("layers", 0.5), ("a choice", None), ("a model", None)],
)
def test_what_the_user_froze_stays_frozen(
    how: str, body_rate: float | None
) -> None:
    model = frozen_model(how)
    networks = ModelNetworks(model, body_rate)
    supernet = networks.supernet()
    trainer = SupernetTrainer(supernet, SupernetRecipe(**SGD), IMAGES)
    for index in (0, 1):
        opened = supernet.encode(networks.space.genotype([index]))
        images = np.asarray(IMAGES.images)
        trainer.step(images, IMAGES.labels, opened, 0.1, (0, index))
    for index in (0, 1):
        genotype = networks.space.genotype([index])
        child = networks.child(genotype)
        train_child(child, IMAGES, ChildRecipe(batch_size=10), 2, seed=0)
        for each in (child, supernet.cut_out(genotype, fast=False)):
            # Weights of the classifier come last.
            kept = [weight.tobytes() for weight in each.get_weights()[:-2]]
            given = [weight.tobytes() for weight in model.get_weights()]
            assert {*kept} <= {*given}
            assert len(each.trainable_variables) == 2


def test_another_layer_is_new_as_the_only_candidate() -> None:
    images = keras.Input((8, 8, 1))
    x = L.Conv2D(4, 3, name="stem")(images)
    x = nse_tf.Choice([L.Conv2D(4, 3), L.Conv2D(4, 3, groups=2)])(x)
    x = L.GlobalAveragePooling2D()(x)
    x = nse_tf.Choice([L.Dense(5)], name="new")(x)
    model = keras.Model(images, L.Dense(3, name="classifier")(x))
    networks = ModelNetworks(model, 0.0)
    supernet = networks.supernet()
    genotype = networks.space.genotype([0, 0])
    opened = supernet.encode(genotype)
    before = supernet.cut_out(genotype)
    trainer = SupernetTrainer(supernet, SupernetRecipe(**SGD), IMAGES)
    trainer.step(np.asarray(IMAGES.images), IMAGES.labels, opened, 0.1, (0, 0))
    after = supernet.cut_out(genotype)
    assert equal(weights_of(before, "stem"), weights_of(after, "stem"))
    for name in ("new_dense_0", "classifier"):
        assert not equal(weights_of(before, name), weights_of(after, name))


def test_other_rates_and_other_weights_are_other_searches() -> None:
    facts = [
        dict(ModelNetworks(trained_model(seed), body_rate).training_facts)
        for seed, body_rate in ((0, 0.0), (0, 0.1), (1, 0.1), (1, None))
    ]
    assert facts[0] == {**facts[1], "body_rate": 0.0}
    assert facts[1] != facts[2]
    assert facts[3] == {}


@pytest.mark.parametrize("body_rate", [-0.1, 1.5, float("nan")])
def test_a_rate_out_of_range_is_refused(body_rate: float) -> None:
    with pytest.raises(ValueError, match=f"from 0 .* to 1 .*, not {body_rate}"):
        networks_of(MODEL, body_rate=body_rate)


def test_a_rate_for_a_space_is_refused() -> None:
    with pytest.raises(
        ValueError, match=r"`body_rate` is 0\.1, but space 'tiny'"
    ):
        networks_of(tiny_space(), body_rate=0.1)
