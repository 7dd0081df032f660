"""Architecture parameters of NSE, moved by two subsets a step."""

import dataclasses
from typing import Any

import numpy as np
import pytest

from nse_tf.jobs import ArchitectureRule, CostPenalty
from nse_tf.supernet import BranchSupernet
from nse_tf.training.subset_architecture import SubsetArchitecture
from tests.supernet.tiny_branches import tiny_branches
from tests.training.tiny_data import image_data

SPACE = tiny_branches().restrict([[0, 1, 2], [0, 2], [1, 2]])
PENALTY = CostPenalty(
    cost="macs",
    target=1.0,
    coefficient=1e-3,
    backbone_cost=0.5,
    op_costs=((0.1, 0.2, 0.3), (0.1, 0.2, 0.3), (0.2, 0.4, 0.6)),
)
RULE = ArchitectureRule(
    rule="two_subsets",
    rate=5e-3,
    betas=(0.0, 0.999),
    weight_decay=0.0,
    deviation=0.0,
)


def architecture(**changes: Any) -> SubsetArchitecture:
    rule = dataclasses.replace(RULE, **changes)
    images = image_data().validation
    return SubsetArchitecture(BranchSupernet(SPACE), images, 8, rule, seed=0)


def updated(one: SubsetArchitecture, *subsets: Any) -> float:
    """Moves the parameters once, by two subsets; returns the loss."""
    images = image_data().validation
    return float(one.update(images.images[:8], images.labels[:8], *subsets))


def test_a_step_moves_only_what_the_two_subsets_differ_in() -> None:
    one = architecture()
    updated(one, ((0, 1), (0,), (2,)), ((1,), (0, 2), None))
    moved = one.parameters != 0
    wanted = np.zeros((3, 3), bool)
    wanted[0, 0] = wanted[1, 2] = True
    np.testing.assert_array_equal(moved, wanted)
    # Adam's first step is as long as its rate.
    np.testing.assert_allclose(np.abs(one.parameters[moved]), 5e-3, rtol=1e-3)


def test_a_penalty_pulls_expected_costs_to_the_target() -> None:
    # The published numbers: 1e-5 times the square of 26.33 is 0.006931.
    penalty = dataclasses.replace(
        PENALTY,
        target=300.0,
        coefficient=1e-5,
        backbone_cost=326.326224,
        op_costs=((0.0,) * 3,) * 3,
    )
    subsets = ((0,), (0,), (1,)), ((1,), (2,), (2,))
    without, with_penalty = (
        updated(architecture(penalties=penalties), *subsets)
        for penalties in ((), (penalty,))
    )
    assert with_penalty - without == pytest.approx(0.006931, abs=1e-6)


@pytest.mark.parametrize(("target", "sign"), [(10.0, 1), (0.0, -1)])
def test_what_is_expensive_gains_below_the_target_and_loses_above(
    target: float, sign: int
) -> None:
    penalty = dataclasses.replace(
        PENALTY,
        target=target,
        coefficient=1e6,
        backbone_cost=0.0,
        op_costs=((0.0, 5.0, 0.0), (0.0,) * 3, (0.0,) * 3),
    )
    one = architecture(penalties=(penalty,))
    updated(one, ((1,), (0,), (1,)), ((0,), None, None))
    assert np.sign(one.parameters[0, 1]) == sign
    assert np.sign(one.parameters[0, 0]) == -sign


@pytest.mark.parametrize("rate", [0.0, 1.0])
def test_locked_candidates_may_be_compared_with_others(rate: float) -> None:
    locked = ((1,), (2,), (1, 2))
    one = architecture(locked=locked, locked_rate=rate)
    rng = np.random.default_rng(0)
    pairs = [one.draw_subsets(SPACE.active, rng) for _ in range(20)]
    has_locked = [
        all(each in (a, b) for each, a, b in zip(locked, *pair, strict=True))
        for pair in pairs
    ]
    assert all(has_locked) == (rate == 1.0)


def test_decay_pulls_parameters_to_zero() -> None:
    one = architecture(deviation=1.0, weight_decay=1e6)
    before = one.parameters
    updated(one, ((0,), (0,), (1,)), (None, None, None))
    after = one.parameters
    assert (np.abs(after) < np.abs(before)).all()
    assert architecture(deviation=1.0).parameters.std() > 0.5


def test_probabilities_are_those_of_being_open() -> None:
    found = architecture().probabilities(((0,), (0, 2), ()))
    wanted = [[0.5, 0.0, 0.0], [0.5, 0.0, 0.5], [0.0, 0.0, 0.0]]
    np.testing.assert_allclose(found, wanted)
