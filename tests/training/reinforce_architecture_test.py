"""Architecture parameters that learn by the rewards of whole networks."""

import dataclasses
import itertools
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from nse_tf.costs import CostModel
from nse_tf.jobs import ArchitectureRule, Genes
from nse_tf.methods.cost_target import CostTarget
from nse_tf.supernet import Supernet
from nse_tf.training.reinforce_architecture import ReinforceArchitecture
from tests.supernet.tiny_spaces import lively, tiny_space
from tests.training.tiny_data import image_data

SPACE = tiny_space()
MODEL = CostModel(SPACE)
DATA = image_data().validation
IMAGES, LABELS = DATA.images[:8], DATA.labels[:8]
RULE = ArchitectureRule(
    rule="reinforce",
    rate=0.05,
    betas=(0.0, 0.999),
    weight_decay=0.0,
    deviation=1.0,
)
# Two candidates compete in the first block, and nothing elsewhere.
TWO_OPS: Genes = ((0, 2), (1,), (3,))


@pytest.fixture(scope="module")
def chain() -> Supernet:
    return lively(Supernet(SPACE))


def rewarded(chain: Supernet, **changes: Any) -> ReinforceArchitecture:
    rule = dataclasses.replace(RULE, **changes)
    return ReinforceArchitecture(chain, DATA, 8, rule, 0)


def gradient_of(one: ReinforceArchitecture) -> np.ndarray:
    """Returns the gradient of the last step: the mean, without a past."""
    mean: np.ndarray = one.variables[1].numpy().astype(np.float64)
    return mean


@pytest.mark.parametrize("baseline", [None, 0.25])
def test_the_expected_gradient_is_that_of_the_expected_reward(
    chain: Supernet, baseline: float | None
) -> None:
    earned = {0: 0.9, 2: 0.4}
    one = rewarded(chain)
    start = [each.numpy() for each in one.variables]
    if baseline is not None:
        start[-1] = np.float64(baseline)
    odds = one.probabilities(TWO_OPS)[0]
    mean_gradient = np.zeros(one.parameters.shape)
    num_networks = 3
    for drawn in itertools.product((0, 2), repeat=num_networks):
        for variable, value in zip(one.variables, start, strict=True):
            variable.assign(value)
        paths = np.array([(index, 1, 3) for index in drawn])
        rewards = np.array([earned[index] for index in drawn])
        one.update(paths, rewards, TWO_OPS)
        mean_gradient += odds[list(drawn)].prod() * gradient_of(one)
    expected = odds[0] * earned[0] + odds[2] * earned[2]
    analytic = np.zeros_like(mean_gradient)
    for index, reward in earned.items():
        analytic[0, index] = -odds[index] * (reward - expected)
    length = 1 - (1.0 if baseline is None else 0.99) / num_networks
    np.testing.assert_allclose(mean_gradient, length * analytic, atol=1e-7)
    assert np.abs(analytic).max() > 0.05


def test_parameters_move_to_the_one_candidate_with_a_reward(
    chain: Supernet,
) -> None:
    one = rewarded(chain, networks_per_step=4)
    active = ((0, 1, 2, 3), (1,), (3,))
    rng = np.random.default_rng(0)
    first = one.probabilities(active)[0, 1]
    before = one.parameters
    for _ in range(150):
        paths = np.stack([one.draw_path(active, rng) for _ in range(4)])
        one.update(paths, (paths[:, 0] == 1).astype(float), active)
        np.testing.assert_allclose(gradient_of(one).sum(axis=1), 0, atol=1e-6)
    found = one.probabilities(active)
    assert first < 0.5 < 0.95 < found[0, 1]
    np.testing.assert_array_equal(one.parameters[1:], before[1:])
    assert one.parameters[0, 4] == before[0, 4]


def test_the_baseline_goes_ahead_of_the_rewards_compared_with_it(
    chain: Supernet,
) -> None:
    one = rewarded(chain, baseline_rate=0.75)
    paths = np.array([(0, 1, 3), (2, 1, 3)])
    rewards = np.array([0.2, 0.4])
    for wanted in (0.3, 0.3 + 0.75 * (0.5 - 0.3)):
        share = one.probabilities(TWO_OPS)[0, 0]
        one.update(paths, rewards, TWO_OPS)
        assert float(one.variables[-1]) == pytest.approx(wanted)
        low, high = rewards - wanted
        gradient = -(low * (1 - share) - high * share) / 2
        assert gradient_of(one)[0, 0] == pytest.approx(gradient, abs=1e-6)
        rewards = rewards + 0.2


@pytest.mark.parametrize("cost", ["macs", "params"])
def test_a_reward_is_accuracy_times_what_the_exact_cost_makes_of_it(
    chain: Supernet, cost: str
) -> None:
    genotypes = list(SPACE.enumerate())[::9]
    target = MODEL.range(cost)[0] * 1.5
    penalties = CostTarget(MODEL, cost, target).penalty(
        "reward_factor", 1.0, 0.1
    )
    one = rewarded(chain, penalties=penalties)
    paths = np.array([each.path for each in genotypes])
    found = one.rewards(IMAGES, LABELS, np.concatenate([paths, paths[:1]]))
    for genotype, reward in zip(genotypes, found[:-1], strict=True):
        logits = chain(
            tf.constant(IMAGES),
            tf.constant(chain.encode(genotype)),
            training=True,
            rate=0.0,
        )
        accuracy = np.mean(np.argmax(logits, axis=1) == LABELS)
        factor = (target / MODEL.costs(genotype)[cost]) ** 0.1
        assert reward == pytest.approx(accuracy * factor, rel=1e-9)
    assert found[-1] == found[0]
    assert len(np.unique(found)) > 2


def test_another_path_is_not_traced_again(
    chain: Supernet, monkeypatch: pytest.MonkeyPatch
) -> None:
    traced = []

    class Counting(Supernet):
        def call(self, *args: Any, **kwargs: Any) -> tf.Tensor:
            traced.append(args)
            return super().call(*args, **kwargs)

    monkeypatch.setattr(chain, "__class__", Counting)
    one = rewarded(chain, networks_per_step=2)
    for number in range(4):
        one.step(SPACE.active, np.random.default_rng(number))
    assert len(traced) == 1
