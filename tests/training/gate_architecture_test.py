"""Architecture parameters that learn by binary gates."""

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from nse_tf.jobs import ArchitectureRule, CostPenalty
from nse_tf.supernet import (
    BranchSupernet,
    ModelNetworks,
    NB201Supernet,
    Supernet,
    WeightSharing,
)
from nse_tf.training.gate_architecture import (
    FullGateArchitecture,
    GateArchitecture,
    TwoGateArchitecture,
)
from nse_tf.training.reinforce_architecture import ReinforceArchitecture
from tests.supernet.choice_models import choice_model
from tests.supernet.tiny_branches import tiny_branches
from tests.supernet.tiny_cells import images_of, tiny_cells
from tests.supernet.tiny_spaces import lively, tiny_space
from tests.training.tiny_data import image_data, image_set

SPACE = tiny_space()
IDENTITY = 4  # Of the first block, the only one where it competes.
RULE = ArchitectureRule(
    rule="two_gates",
    rate=1e-3,
    betas=(0.0, 0.999),
    weight_decay=0.0,
    deviation=1.0,
)
PENALTY = CostPenalty(
    form="relative",
    cost="macs",
    target=1.0,
    coefficient=5.0,
    backbone_cost=0.5,
    op_costs=((0.1, 0.2, 0.3, 0.4, 0.0), (0.1, 0.2, 0.3, 0.4), (0.2,) * 4),
)
DATA = image_data().validation
IMAGES, LABELS = DATA.images[:8], DATA.labels[:8]


@pytest.fixture(scope="module")
def chain() -> Supernet:
    return lively(Supernet(SPACE))


def two(supernet: Any, seed: int = 0, **changes: Any) -> TwoGateArchitecture:
    rule = dataclasses.replace(RULE, **changes)
    return TwoGateArchitecture(supernet, DATA, 8, rule, seed)


def full(supernet: Any, seed: int = 0, **changes: Any) -> FullGateArchitecture:
    rule = dataclasses.replace(RULE, rule="full_gates", **changes)
    return FullGateArchitecture(supernet, DATA, 8, rule, seed)


def rewarded(
    supernet: Any, seed: int = 0, **changes: Any
) -> ReinforceArchitecture:
    rule = dataclasses.replace(RULE, rule="reinforce", **changes)
    return ReinforceArchitecture(supernet, DATA, 8, rule, seed)


def gradient_of(one: GateArchitecture) -> np.ndarray:
    """Returns the gradient of the last step: the mean, without a past."""
    mean: np.ndarray = one.variables[1].numpy()
    return mean


def by_gates(chain: Supernet, path: list[int], candidates: Any) -> np.ndarray:
    """Returns the loss's gradient by some gates, by differences."""
    gates = np.zeros((3, SPACE.max_candidates))
    gates[np.arange(3), path] = 1.0

    def loss(values: np.ndarray) -> float:
        logits = chain.mix(
            tf.constant(IMAGES), tf.constant(values, tf.float32), SPACE.active
        )
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(LABELS, logits)
        return float(tf.reduce_mean(losses))

    found = np.zeros_like(gates)
    for block, indices in enumerate(candidates):
        for index in indices:
            step = np.zeros_like(gates)
            step[block, index] = 0.004
            found[block, index] = (loss(gates + step) - loss(gates - step)) / (
                0.008
            )
    return found


def chained(gates: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Returns gradients by parameters: Σ_j gate_j · p_j · (δ_ij - p_i)."""
    inner = (gates * shares).sum(axis=1, keepdims=True)
    found: np.ndarray = shares * (gates - inner)
    return found


def test_two_has_the_gradient_of_differences_of_two_gates(
    chain: Supernet,
) -> None:
    one = two(chain)
    selected, others = np.array([1, 2, 0]), np.array([IDENTITY, 0, 3])
    pairs = list(zip(selected, others, strict=True))
    shares = np.zeros(one.parameters.shape)
    for row, values, pair in zip(shares, one.parameters, pairs, strict=True):
        chosen = list(pair)
        row[chosen] = np.exp(values[chosen]) / np.exp(values[chosen]).sum()
    wanted = chained(by_gates(chain, selected.tolist(), pairs), shares)
    one.update(IMAGES, LABELS, selected, others)
    found = gradient_of(one)
    np.testing.assert_allclose(found, wanted, atol=1e-3)
    assert np.abs(wanted).max() > 0.01
    np.testing.assert_allclose(found.sum(axis=1), 0, atol=1e-6)


def test_full_has_the_gradient_of_differences_of_all_gates(
    chain: Supernet,
) -> None:
    one = full(chain)
    path = np.array([1, 2, 0])
    wanted = chained(
        by_gates(chain, path.tolist(), SPACE.active),
        one.probabilities(SPACE.active),
    )
    one.update(IMAGES, LABELS, path, SPACE.active)
    found = gradient_of(one)
    np.testing.assert_allclose(found, wanted, atol=1e-3)
    assert np.abs(wanted).max() > 0.01
    np.testing.assert_allclose(found.sum(axis=1), 0, atol=1e-6)


@pytest.mark.parametrize("penalties", [(), (PENALTY,)])
def test_two_leaves_the_probabilities_of_all_others(
    chain: Supernet, penalties: tuple[CostPenalty, ...]
) -> None:
    one = two(chain, rate=0.3, penalties=penalties)
    for number in range(4):
        before = one.probabilities(SPACE.active)
        rng = np.random.default_rng(number)
        selected, others = one.draw_pairs(SPACE.active, rng)
        one.update(IMAGES, LABELS, selected, others)
        moved = np.abs(one.probabilities(SPACE.active) - before)
        is_pair = np.zeros(moved.shape, bool)
        is_pair[np.arange(3), selected] = is_pair[np.arange(3), others] = True
        assert moved[~is_pair].max() < 1e-6
        assert moved[is_pair].max() > 1e-3


MAKERS: dict[str, Callable[[Any], GateArchitecture]] = {
    "two": two,
    "full": full,
}


@pytest.mark.parametrize("gates", MAKERS)
def test_where_nothing_is_open_parameters_stay_whatever_the_penalty(
    chain: Supernet, gates: str
) -> None:
    path, others = np.array([IDENTITY, 1, 2]), np.array([0, 3, 1])
    one = two(chain, penalties=(PENALTY,))
    if gates == "two":
        before = one.parameters
        one.update(IMAGES, LABELS, path, others)
        moved = one.parameters != before
    else:
        every = full(chain, penalties=(PENALTY,))
        before = every.parameters
        every.update(IMAGES, LABELS, path, SPACE.active)
        moved = every.parameters != before
    assert not moved[0].any()
    assert moved[1].sum() == moved[2].sum() == (2 if gates == "two" else 4)


def test_what_no_step_used_has_no_past() -> None:
    supernet = lively(Supernet(SPACE))
    one = two(supernet)
    one.update(IMAGES, LABELS, np.array([0, 0, 0]), np.array([1, 1, 0]))
    _, mean, square, count = (each.numpy() for each in one.variables)
    wanted = np.zeros(count.shape)
    wanted[:2, :2] = 1
    np.testing.assert_array_equal(count, wanted)
    np.testing.assert_array_equal(mean != 0, wanted)
    np.testing.assert_array_equal(square != 0, wanted)


FAMILIES: dict[str, Callable[[], tuple[GateArchitecture, WeightSharing]]] = {
    "chain-reinforce": lambda: made(rewarded, Supernet(SPACE)),
    "branches-reinforce": lambda: made(
        rewarded, BranchSupernet(tiny_branches())
    ),
    "model-reinforce": lambda: made(
        rewarded, ModelNetworks(choice_model(0.2)).supernet()
    ),
    "chain-two": lambda: made(two, Supernet(SPACE)),
    "chain-full": lambda: made(full, Supernet(SPACE)),
    "branches-two": lambda: made(two, BranchSupernet(tiny_branches())),
    "model-two": lambda: made(two, ModelNetworks(choice_model(0.2)).supernet()),
}


def made(
    make: Callable[[Any], GateArchitecture], supernet: Any
) -> tuple[GateArchitecture, WeightSharing]:
    return make(supernet), supernet


@pytest.mark.parametrize("family", FAMILIES)
def test_a_step_moves_parameters_and_nothing_else(family: str) -> None:
    one, supernet = FAMILIES[family]()
    kept = [each.numpy() for each in supernet.variables]
    before = one.parameters
    for number in range(3):
        loss = one.step(supernet.space.active, np.random.default_rng(number))
        assert np.isfinite(float(loss))
    assert (one.parameters != before).any()
    for variable, value in zip(supernet.variables, kept, strict=True):
        np.testing.assert_array_equal(variable.numpy(), value)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("rule", "make"),
    [
        ("full_gates", FullGateArchitecture),
        ("reinforce", ReinforceArchitecture),
    ],
)
def test_cells_learn_by_all_gates_and_by_rewards(
    rule: str, make: Callable[..., GateArchitecture]
) -> None:
    space = tiny_cells()
    supernet = NB201Supernet(space, kernels="fan_in")
    images = image_set(8)
    pixels = images_of(space, 8).astype(np.uint8)
    data = dataclasses.replace(images, images=pixels)
    one = make(supernet, data, 8, dataclasses.replace(RULE, rule=rule), 0)
    before = one.parameters
    one.step(space.active, np.random.default_rng(0))
    moved = one.parameters != before
    assert moved.any()
    np.testing.assert_allclose(gradient_of(one).sum(axis=1), 0, atol=1e-6)


def test_pairs_are_drawn_by_the_softmax_without_replacement(
    chain: Supernet,
) -> None:
    one = two(chain)
    active = ((0, 2, 3), (1, 3), (2,))
    shares = one.probabilities(active)
    rng = np.random.default_rng(0)
    draws = np.array([one.draw_pairs(active, rng) for _ in range(4000)])
    selected, others = draws[:, 0], draws[:, 1]
    assert (selected[:, 2] == 2).all()
    assert (others[:, 2] == 2).all()
    assert (selected[:, :2] != others[:, :2]).all()
    # In a block of two the pair's softmax is that of the block.
    assert (selected[:, 1] == 1).mean() == pytest.approx(shares[1, 1], abs=0.04)
    first, second, third = shares[0, [0, 2, 3]]
    both = (np.sort(draws[:, :, 0], axis=1) == [0, 2]).all(axis=1).mean()
    wanted = first * second / (1 - first) + second * first / (1 - second)
    assert both == pytest.approx(wanted, abs=0.04)
    assert third > 0


@pytest.mark.parametrize("gates", [*MAKERS, "reinforce"])
def test_equal_seeds_come_to_equal_bits_and_a_state_goes_on(
    chain: Supernet, gates: str
) -> None:
    makers: dict[str, Callable[..., GateArchitecture]] = {
        **MAKERS,
        "reinforce": rewarded,
    }
    make = makers[gates]
    one = make(chain)

    def state() -> list[np.ndarray]:
        return [each.numpy() for each in one.variables]

    def resume(values: list[np.ndarray]) -> None:
        for variable, value in zip(one.variables, values, strict=True):
            variable.assign(value)

    def train(*numbers: int) -> list[np.ndarray]:
        for number in numbers:
            one.step(SPACE.active, np.random.default_rng(number))
        return state()

    start, half = state(), train(0, 1)
    whole = train(2, 3)
    resume(half)
    for value, other in zip(train(2, 3), whole, strict=True):
        np.testing.assert_array_equal(value, other)
    resume(start)
    for value, other in zip(train(0, 1), half, strict=True):
        np.testing.assert_array_equal(value, other)
    # What a seed draws are the first parameters.
    np.testing.assert_array_equal(make(chain).parameters, start[0])
    assert not np.array_equal(make(chain, 1).parameters, start[0])
