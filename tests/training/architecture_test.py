"""Architecture parameters: their gradient, and what they leave alone."""

from collections.abc import Callable

import numpy as np
import pytest
import tensorflow as tf

from nse_tf.datasets import ImageSet
from nse_tf.jobs import ArchitectureRule
from nse_tf.spaces import SearchSpace
from nse_tf.supernet import MixingSupernet, NB201Supernet, Supernet
from nse_tf.training import MixtureArchitecture
from tests.supernet.tiny_cells import images_of, tiny_cells
from tests.supernet.tiny_spaces import lively, tiny_space
from tests.training.tiny_data import image_set

CHAIN = tiny_space()
CELLS = tiny_cells()
SUPERNETS: dict[str, Callable[[], MixingSupernet]] = {
    "chain": lambda: Supernet(CHAIN),
    "cells": lambda: NB201Supernet(CELLS, kernels="fan_in"),
}
KINDS = pytest.mark.parametrize("kind", SUPERNETS)


@pytest.fixture(scope="module")
def supernets() -> dict[str, MixingSupernet]:
    made = {kind: make() for kind, make in SUPERNETS.items()}
    chain = made["chain"]
    assert isinstance(chain, Supernet)
    lively(chain)
    return made


def _images(space: SearchSpace, count: int = 8) -> tf.Tensor:
    return tf.constant(images_of(space, count).astype(np.float32))


def _one_hot(space: SearchSpace, path: tuple[int, ...]) -> np.ndarray:
    mixing_weights = np.zeros(
        (len(space.blocks), space.max_candidates), np.float32
    )
    mixing_weights[np.arange(len(path)), list(path)] = 1.0
    return mixing_weights


@KINDS
def test_a_mixture_of_one_is_the_single_path(
    supernets: dict[str, MixingSupernet], kind: str
) -> None:
    supernet = supernets[kind]
    space, images = supernet.space, _images(supernet.space)
    rng = np.random.default_rng(0)
    kept = [v.numpy() for v in supernet.non_trainable_variables]
    for path in map(tuple, space.sample_paths(rng, 3).tolist()):
        mixed = supernet.mix(images, _one_hot(space, path), space.active)
        slots = tf.constant(supernet.encode(space.genotype(path)))
        single = supernet(images, slots, training=True, rate=0.0)
        np.testing.assert_allclose(mixed, single, rtol=1e-4, atol=1e-5)
    for variable, value in zip(
        supernet.non_trainable_variables, kept, strict=True
    ):
        np.testing.assert_array_equal(variable.numpy(), value)


def test_the_gradient_of_parameters_is_that_of_differences(
    supernets: dict[str, MixingSupernet],
) -> None:
    supernet = supernets["chain"]
    space, images = supernet.space, _images(CHAIN)
    labels = tf.constant(np.arange(8) % 3)
    parameters = np.random.default_rng(1).normal(
        size=(len(space.blocks), space.max_candidates)
    )
    mask = np.zeros(parameters.shape, bool)
    for row, indices in zip(mask, space.active, strict=True):
        row[list(indices)] = True

    def loss(values: tf.Tensor) -> tf.Tensor:
        mixing_weights = tf.nn.softmax(tf.where(mask, values, -np.inf))
        logits = supernet.mix(images, mixing_weights, space.active)
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
        return tf.reduce_mean(losses)

    values = tf.constant(parameters, tf.float32)
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(values)
        found = loss(values)
    gradient = tape.gradient(found, values).numpy()
    for place, index in [(0, 0), (1, 2), (2, 1)]:
        step = np.zeros_like(parameters)
        step[place, index] = 0.05
        up, down = (
            float(loss(tf.constant(parameters + sign * step, tf.float32)))
            for sign in (1, -1)
        )
        assert gradient[place, index] == pytest.approx(
            (up - down) / 0.1, abs=2e-3
        )
    # A softmax knows differences alone.
    np.testing.assert_allclose(gradient.sum(axis=1), 0, atol=1e-5)


RULE = ArchitectureRule(rule="beside")


def _trained(seed: int, steps: int) -> MixtureArchitecture:
    trainer = MixtureArchitecture(Supernet(CHAIN), image_set(12), 4, RULE, seed)
    for number in range(steps):
        trainer.step(CHAIN.active, np.random.default_rng(number))
    return trainer


def test_equal_seeds_come_to_equal_bits_and_a_state_goes_on() -> None:
    whole = _trained(0, 4)
    values = [each.numpy() for each in whole.variables]
    half = _trained(0, 2)
    again = MixtureArchitecture(Supernet(CHAIN), image_set(12), 4, RULE, seed=9)
    for variable, value in zip(again.variables, half.variables, strict=True):
        variable.assign(value)
    for number in (2, 3):
        again.step(CHAIN.active, np.random.default_rng(number))
    for one, other in zip(again.variables, values, strict=True):
        np.testing.assert_array_equal(one.numpy(), other)
    assert not np.array_equal(_trained(1, 4).variables[0].numpy(), values[0])


def test_only_active_candidates_have_a_share_and_move() -> None:
    trainer = MixtureArchitecture(
        Supernet(CHAIN), image_set(12), 4, RULE, seed=0
    )
    before = trainer.variables[0].numpy()
    active = ((1, 4), (0,), (2, 3))
    trainer.step(active, np.random.default_rng(0))
    moved = trainer.variables[0].numpy() != before
    mixing_weights = trainer.probabilities(active)
    np.testing.assert_allclose(mixing_weights.sum(axis=1), 1)
    for place, indices in enumerate(active):
        others = [i for i in range(CHAIN.max_candidates) if i not in indices]
        assert not moved[place, others].any()
        assert not mixing_weights[place, others].any()
    assert moved[0, [1, 4]].all()
    assert mixing_weights[1, 0] == 1


@KINDS
def test_the_loss_falls_along_the_gradient_as_fast_as_it_is_long(
    supernets: dict[str, MixingSupernet], kind: str
) -> None:
    supernet = supernets[kind]
    space, images = supernet.space, _images(supernet.space)
    labels = tf.constant(np.arange(8) % 3)
    rng = np.random.default_rng(1)
    values = rng.normal(size=(len(space.blocks), space.max_candidates))

    @tf.function
    def loss_and_gradient(values: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        return _loss_and_gradient(supernet, images, labels, values)

    def at(parameters: np.ndarray) -> tuple[float, np.ndarray]:
        found, gradient = loss_and_gradient(tf.constant(parameters, tf.float32))
        return float(found), gradient.numpy()

    _, gradient = at(values)
    length = np.linalg.norm(gradient)
    ahead = 2e-3 * gradient / length
    slope = (at(values + ahead)[0] - at(values - ahead)[0]) / 4e-3
    assert slope == pytest.approx(length, rel=0.03)


@KINDS
def test_a_step_is_that_of_adam_and_moves_nothing_else(
    supernets: dict[str, MixingSupernet], kind: str
) -> None:
    supernet = supernets[kind]
    space = supernet.space
    pixels = images_of(space, 8).astype(np.uint8)
    data = ImageSet(pixels, np.arange(8, dtype=np.int32) % 3)
    trainer = MixtureArchitecture(supernet, data, 8, RULE, seed=0)
    before = trainer.variables[0].numpy()
    kept = [each.numpy() for each in supernet.variables]
    trainer.step(space.active, np.random.default_rng(0))
    _, gradient = _loss_and_gradient(
        supernet, tf.constant(pixels), tf.constant(data.labels), before
    )
    is_active = np.zeros(before.shape, bool)
    for row, indices in zip(is_active, space.active, strict=True):
        row[list(indices)] = True
    pulled = np.where(is_active, gradient + 1e-3 * before, 0.0)
    after, mean, square, count = (each.numpy() for each in trainer.variables)
    np.testing.assert_allclose(mean, 0.5 * pulled, rtol=1e-3, atol=1e-7)
    np.testing.assert_allclose(square, 1e-3 * (2 * mean) ** 2, rtol=1e-4)
    # The first step is as long as the rate, whatever the gradient.
    clear = np.abs(pulled) > 1e-5
    assert clear.any()
    np.testing.assert_allclose(
        (after - before)[clear], -3e-4 * np.sign(pulled[clear]), rtol=5e-3
    )
    assert count == 1
    for variable, value in zip(supernet.variables, kept, strict=True):
        np.testing.assert_array_equal(variable.numpy(), value)


def _loss_and_gradient(
    supernet: MixingSupernet,
    images: tf.Tensor,
    labels: tf.Tensor,
    parameters: np.ndarray,
) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns the loss of a mixture, and its gradient by the parameters."""
    space = supernet.space
    mask = np.zeros((len(space.blocks), space.max_candidates), bool)
    for row, indices in zip(mask, space.active, strict=True):
        row[list(indices)] = True
    values = tf.convert_to_tensor(parameters, tf.float32)
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(values)
        mixing_weights = tf.nn.softmax(tf.where(mask, values, -np.inf))
        logits = supernet.mix(images, mixing_weights, space.active)
        loss = tf.reduce_mean(
            tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
        )
    return loss, tape.gradient(loss, values)
