"""Weights and indicators of multi-branch cells, trained side by side."""

import dataclasses
import math
import pathlib
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from nse_tf.jobs import (
    ArchitectureRule,
    ChildrenEvaluated,
    CostPenalty,
    EvaluateChildren,
    RateSchedule,
    SupernetTrained,
    TrainSupernet,
    WeightRule,
    weights_of,
)
from nse_tf.spaces.subsets import fitness_indicators
from nse_tf.supernet import BranchSupernet
from nse_tf.training import ChildRecipe, SupernetRecipe, Worker
from nse_tf.training.branch_architecture import BranchArchitecture
from nse_tf.training.branch_trainer import (
    BranchTrainer,
    dropped_below,
    warm_cosine,
)
from nse_tf.training.config_digests import config_digest_of
from nse_tf.training.lazy_sgd import LazySGD
from tests.supernet.tiny_branches import tiny_branches
from tests.training.tiny_data import image_data

SPACE = tiny_branches().restrict([[0, 1, 2], [0, 2], [1, 2]])
DATA = image_data()
RECIPE = SupernetRecipe(batch_size=12)
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
    period=2,
    penalties=(PENALTY,),
    drop_below=-2.0,
    locked=((1,), (), ()),
)
JOB = TrainSupernet(
    id="00000_train_branches",
    active=SPACE.active,
    epochs=2,
    schedule=RateSchedule(
        kind="warm_cosine", first=0.02, peak=0.05, warmup_epochs=0.5
    ),
    seed=0,
    weights=WeightRule(rule="balanced"),
    architecture=RULE,
    only_active=True,
)


def with_rule(**changes: Any) -> TrainSupernet:
    rule = dataclasses.replace(RULE, **changes)
    return dataclasses.replace(JOB, architecture=rule)


def trainer(job: TrainSupernet = JOB) -> BranchTrainer:
    return BranchTrainer(
        BranchSupernet(SPACE, job.seed),
        RECIPE,
        DATA.train,
        DATA.validation,
        job,
    )


def worker(folder: pathlib.Path) -> Worker:
    return Worker(
        tiny_branches(),
        DATA,
        folder,
        RECIPE,
        ChildRecipe(batch_size=12),
        checkpoint_seconds=0.0,
    )


# Laws of dropping; methods, fact 18.


def test_low_ops_are_dropped_but_what_is_locked_stays() -> None:
    parameters = np.array([[-3.0, -2.5, 0.0], [0.0, 0, 0], [0, -2.0, -2.1]])
    left = dropped_below(SPACE, parameters, -2.0, ((1,), (), ()))
    assert left == ((1, 2), (0, 2), (1,))


def test_a_cell_that_must_open_one_keeps_its_best_two() -> None:
    space = tiny_branches()
    parameters = np.full((3, 3), -3.0)
    parameters[1] = [-4.0, -3.0, -5.0]
    left = dropped_below(space, parameters, -2.0, ((), (), ()))
    assert left == ((), (0, 1), ())
    locked = dropped_below(space, parameters, -2.0, ((), (2,), ()))
    assert locked[1] == (1, 2)


def test_rates_warm_up_and_fall_to_zero() -> None:
    rates = [warm_cosine(e, 10, (0.1, 0.4), 2) for e in (0, 1, 2, 6, 10)]
    np.testing.assert_allclose(rates, [0.1, 0.25, 0.4, 0.2, 0.0], atol=1e-12)
    assert warm_cosine(0.5, 1, (0.1, 0.4), 2) == 0.4  # Half of all at most.
    assert math.isclose(warm_cosine(0, 1, (0.1, 0.4), 0), 0.4)


# The step of the indicators.


def test_a_step_moves_only_what_the_two_subsets_differ_in() -> None:
    architecture = BranchArchitecture(BranchSupernet(SPACE), DATA.validation, 8)
    selected, others = ((0, 1), (0,), (2,)), ((1,), (0, 2), None)
    architecture.step(selected, others, np.random.default_rng(0))
    moved = architecture.parameters != 0
    wanted = np.zeros((3, 3), bool)
    wanted[0, 0] = wanted[1, 2] = True
    np.testing.assert_array_equal(moved, wanted)
    # Adam's first step is as long as its rate.
    np.testing.assert_allclose(
        np.abs(architecture.parameters[moved]), 5e-3, rtol=1e-3
    )


def test_a_penalty_pulls_expected_costs_to_the_target() -> None:
    # Methods, fact 16: 1e-5 times the square of 26.33 is 0.006931.
    penalty = dataclasses.replace(
        PENALTY,
        target=300.0,
        coefficient=1e-5,
        backbone_cost=326.326224,
        op_costs=((0.0,) * 3,) * 3,
    )
    losses = [
        float(
            BranchArchitecture(
                BranchSupernet(SPACE),
                DATA.validation,
                8,
                penalties=penalties,
            ).step(((0,), (0,), (1,)), ((1,), (2,), (2,)), rng)
        )
        for penalties, rng in (
            ([], np.random.default_rng(0)),
            ([penalty], np.random.default_rng(0)),
        )
    ]
    assert losses[1] - losses[0] == pytest.approx(0.006931, abs=1e-6)


@pytest.mark.parametrize(("target", "sign"), [(10.0, 1), (0.0, -1)])
def test_what_is_dear_gains_below_the_target_and_loses_above(
    target: float, sign: int
) -> None:
    penalty = dataclasses.replace(
        PENALTY,
        target=target,
        coefficient=1e6,
        backbone_cost=0.0,
        op_costs=((0.0, 5.0, 0.0), (0.0,) * 3, (0.0,) * 3),
    )
    architecture = BranchArchitecture(
        BranchSupernet(SPACE),
        DATA.validation,
        8,
        penalties=[penalty],
    )
    architecture.step(
        ((1,), (0,), (1,)), ((0,), None, None), np.random.default_rng(0)
    )
    assert np.sign(architecture.parameters[0, 1]) == sign
    assert np.sign(architecture.parameters[0, 0]) == -sign


# Training.


def test_training_tells_what_became_of_each_op() -> None:
    one = trainer()
    one.train_on(lambda loss: None)
    found = one.result(1.0, "digest")
    trained = found.architecture
    assert trained is not None
    assert len(found.losses) == len(trained.losses) == 2
    assert [[len(cell) for cell in epoch] for epoch in trained.history] == [
        [3, 2, 2]
    ] * 2
    parameters = np.array(trained.parameters)
    last = fitness_indicators(parameters)[0]
    np.testing.assert_allclose(trained.history[-1][0], last)
    np.testing.assert_allclose(trained.probabilities[0], last)
    inactive = np.ones((3, 3), bool)
    for place, indices in enumerate(JOB.active):
        inactive[place, list(indices)] = False
    assert not parameters[inactive].any()
    sums = np.array(found.angle_sums)
    assert not sums[inactive].any()
    assert (sums[~inactive][:, 1:] > 0).all()


def test_a_cell_may_have_no_op_at_all() -> None:
    job = dataclasses.replace(with_rule(locked=()), active=((), (0,), (1,)))
    space = tiny_branches().restrict(job.active)
    one = BranchTrainer(
        BranchSupernet(space), RECIPE, DATA.train, DATA.validation, job
    )
    one.train_on(lambda loss: None)
    found = one.result(1.0, "").architecture
    assert found is not None
    assert found.left == job.active
    assert found.history[0] == ((), (0.5,), found.history[0][2])


def test_dropped_ops_do_not_come_back() -> None:
    job = dataclasses.replace(with_rule(drop_below=5.0), epochs=1)
    one = trainer(job)
    one.train_on(lambda loss: None)
    assert one.left[0] == (1,)
    assert one.left[1] == (0, 2)
    assert one.left[2] == ()
    assert sorted((place, index) for _, _, place, index in one.drops) == [
        (0, 0),
        (0, 2),
        (2, 1),
        (2, 2),
    ]


def test_closed_branches_do_not_move_and_open_ones_do() -> None:
    one = trainer()
    place = one.supernet.blocks[0]
    before = [row.numpy() for row in (*place.rows, *place.statistics)]
    slots = one.supernet.opened(((0,), (0,), ()))
    images, labels = DATA.train.images[:12], DATA.train.labels[:12]
    one.step(images, labels, slots, 0.1, (0, 0))
    after = [row.numpy() for row in (*place.rows, *place.statistics)]
    moved = [
        not np.array_equal(a, b) for a, b in zip(before, after, strict=True)
    ]
    assert moved == [True, False, False] * 2


def test_same_seed_same_bits() -> None:
    one, same = trainer(), trainer()
    for each in (one, same):
        each.train_on(lambda loss: None)
    assert one.checkpoint("", "").digest == same.checkpoint("", "").digest


@pytest.mark.parametrize("rate", [0.0, 1.0])
def test_locked_ops_may_be_held_against_others(rate: float) -> None:
    all_locked = ((1,), (2,), (1, 2))
    one = trainer(with_rule(locked=all_locked, locked_rate=rate))
    rng = np.random.default_rng(0)
    pairs = [one._draw_two(SPACE, rng) for _ in range(20)]
    has_locked = [
        all(
            locked in (a, b)
            for locked, a, b in zip(all_locked, *pair, strict=True)
        )
        for pair in pairs
    ]
    assert all(has_locked) == (rate == 1.0)


def test_a_worker_goes_on_where_it_was_stopped(tmp_path: pathlib.Path) -> None:
    whole = worker(tmp_path / "whole").run(JOB)
    assert isinstance(whole, SupernetTrained)
    first = worker(tmp_path / "parts")
    stopped = RuntimeError("stopped")

    def stop(loss: float) -> None:
        raise stopped

    one = first._trainings.branch_trainer(JOB)
    with pytest.raises(RuntimeError, match="stopped"):
        one.train_on(stop)
    first.weights.keep(
        one.checkpoint(JOB.id, config_digest_of(first._trainings, JOB)),
        is_finished=False,
    )
    parts = worker(tmp_path / "parts").run(JOB)
    assert isinstance(parts, SupernetTrained)
    assert dataclasses.replace(parts, seconds=0.0) == dataclasses.replace(
        whole, seconds=0.0
    )

    evaluation = EvaluateChildren(
        id="00001_evaluate",
        children=(((0, 2), (0,), ()), ((), (0, 2), (1,))),
        calibration_images=24,
        supernet=weights_of(JOB.id, whole),
    )
    found = worker(tmp_path / "whole").run(evaluation)
    again = worker(tmp_path / "parts").run(evaluation)
    assert isinstance(found, ChildrenEvaluated)
    assert isinstance(again, ChildrenEvaluated)
    assert found.accuracies == again.accuracies


def test_weights_of_closed_ops_have_no_gradient_to_clip() -> None:
    # A closed row's gradient is not looked at, so it may even be NaN.
    opened, closed = tf.Variable([3.0, 4.0]), tf.Variable([1.0, 1.0])

    class Held:
        def __init__(self, value: tf.Variable) -> None:
            self.value = value

    optimizer = LazySGD(
        [Held(opened), Held(closed)],
        {0: np.array([1]), 1: np.array([1])},
        momentum=0.0,
        weight_decay=0.5,
        clip_norm=1.0,
    )
    optimizer.apply(
        [tf.constant([3.0, 4.0]), tf.constant([math.nan, 0.0])],
        tf.constant(1.0),
        {0: tf.constant(True), 1: tf.constant(False)},
    )
    # Gradient (3, 4) has norm 5, so (.6, .8); only the first number decays.
    np.testing.assert_allclose(opened, [3.0 - 0.6 - 1.5, 4.0 - 0.8], rtol=1e-6)
    np.testing.assert_array_equal(closed, [1.0, 1.0])
