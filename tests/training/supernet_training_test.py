"""One training job: weights and architecture parameters side by side."""

import dataclasses
import pathlib
from typing import Any

import numpy as np
import pytest

from nse_tf.jobs import (
    ArchitectureRule,
    ArchitectureTrained,
    ChildrenEvaluated,
    CostPenalty,
    EvaluateChildren,
    RateSchedule,
    Start,
    SupernetTrained,
    TrainSupernet,
    WeightRule,
    weights_of,
)
from nse_tf.spaces import SearchSpace
from nse_tf.spaces.open_branches import encode_genes
from nse_tf.spaces.subsets import fitness_indicators
from nse_tf.supernet import networks_of
from nse_tf.training import ChildRecipe, SupernetRecipe, Worker
from nse_tf.training.architecture_course import dropped_below
from nse_tf.training.config_digests import config_digest_of
from nse_tf.training.supernet_training import SupernetTraining
from nse_tf.training.trainings import Trainings
from tests.supernet.tiny_branches import tiny_branches
from tests.supernet.tiny_spaces import tiny_space
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


def trainings(space: SearchSpace) -> Trainings:
    return Trainings(
        space=space,
        networks=networks_of(space),
        data=DATA,
        supernet_recipe=RECIPE,
        child_recipe=ChildRecipe(batch_size=12),
    )


def training(job: TrainSupernet = JOB) -> SupernetTraining:
    """Returns a job's training before its first step."""
    shop = trainings(tiny_branches())
    active = job.active if job.only_active else None
    one = shop.supernet_training(job, shop.supernet_trainer(active=active))
    one.start_fresh()
    return one


def architecture_of(one: SupernetTraining) -> ArchitectureTrained:
    found = one.result(1.0, "digest").architecture
    assert found is not None
    return found


def worker(folder: pathlib.Path) -> Worker:
    return Worker(
        tiny_branches(),
        DATA,
        folder,
        RECIPE,
        ChildRecipe(batch_size=12),
        checkpoint_seconds=0.0,
    )


# Dropping.


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


# Training.


@pytest.fixture(scope="module")
def whole(
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[Worker, SupernetTrained]:
    """A worker, and what it made of the job without a stop."""
    one = worker(tmp_path_factory.mktemp("whole"))
    trained = one.run(JOB)
    assert isinstance(trained, SupernetTrained)
    return one, trained


def test_training_tells_what_became_of_each_op(
    whole: tuple[Worker, SupernetTrained],
) -> None:
    _, found = whole
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
    one = training(job)
    one.run()
    found = architecture_of(one)
    assert found.left == job.active
    assert found.history[0] == ((), (0.5,), found.history[0][2])


def test_dropped_ops_do_not_come_back() -> None:
    job = dataclasses.replace(with_rule(drop_below=5.0), epochs=1)
    one = training(job)
    one.run()
    found = architecture_of(one)
    assert found.left == ((1,), (0, 2), ())
    assert sorted((place, index) for _, _, place, index in found.drops) == [
        (0, 0),
        (0, 2),
        (2, 1),
        (2, 2),
    ]


def test_stopped_it_resumes_to_the_same_bits(
    whole: tuple[Worker, SupernetTrained], tmp_path: pathlib.Path
) -> None:
    undisturbed, wanted = whole
    stopped = RuntimeError("stopped")

    def stop(loss: float) -> None:
        raise stopped

    one = training()
    with pytest.raises(RuntimeError, match="stopped"):
        one.run(stop)
    digest = config_digest_of(trainings(tiny_branches()), JOB)
    parts = worker(tmp_path)
    parts.weights.keep(one.checkpoint(digest), is_finished=False)
    found = parts.run(JOB)
    assert isinstance(found, SupernetTrained)
    assert dataclasses.replace(found, seconds=0.0) == dataclasses.replace(
        wanted, seconds=0.0
    )

    evaluation = EvaluateChildren(
        id="00001_evaluate",
        children=(((0, 2), (0,), ()), ((), (0, 2), (1,))),
        calibration_images=24,
        supernet=weights_of(JOB.id, wanted),
    )
    first, second = undisturbed.run(evaluation), parts.run(evaluation)
    assert isinstance(first, ChildrenEvaluated)
    assert isinstance(second, ChildrenEvaluated)
    assert first.accuracies == second.accuracies

    # The weights' step is traced by now, so that one alone is cheap here.
    trainer = one.trainer
    block = trainer.supernet.blocks[0]
    rows = [*block.rows, *block.statistics]
    before = [row.numpy() for row in rows]
    opened = encode_genes(trainer.supernet.space, ((0,), (0,), ()))
    images, labels = DATA.train.images[:12], DATA.train.labels[:12]
    trainer.step(images, labels, opened, 0.1, (0, 0))
    moved = [
        not np.array_equal(row.numpy(), value)
        for row, value in zip(rows, before, strict=True)
    ]
    assert moved == [True, False, False] * 2


def test_subsets_may_be_trained_without_architecture_parameters(
    tmp_path: pathlib.Path,
) -> None:
    job = dataclasses.replace(
        JOB, architecture=None, only_active=False, id="00000_train_supernet"
    )
    found = worker(tmp_path).run(job)
    assert isinstance(found, SupernetTrained)
    assert found.architecture is None
    sums = np.array(found.angle_sums)
    has_turned = np.abs(sums[..., 1] - sums[..., 0]) > 0
    is_active = np.zeros((3, 3), bool)
    for block, indices in enumerate(JOB.active):
        is_active[block, list(indices)] = True
    assert (has_turned <= is_active).all()
    assert (sums[..., 1] > 0).all()  # All have weights, here.
    assert has_turned.sum() >= 5


def test_what_a_supernet_cannot_do_is_refused(tmp_path: pathlib.Path) -> None:
    chain = tiny_space()
    one = Worker(chain, DATA, tmp_path, RECIPE, ChildRecipe(batch_size=12))
    job = TrainSupernet(
        id="00000_train_supernet",
        active=chain.active,
        epochs=1,
        schedule=RateSchedule(first=0.1),
        seed=0,
    )
    rule = ArchitectureRule(rule="two_subsets")
    balanced = WeightRule(rule="balanced")
    for changes, words in (
        (
            {"only_active": True, "active": ((0, 1), (0,), (2,))},
            "`only_active` must be False",
        ),
        ({"weights": balanced}, "opens any subset, but block 'stage0_block0'"),
        (
            {
                "weights": balanced,
                "architecture": rule,
                "active": ((0,), (1,), (2,)),
            },
            "cannot compare two subsets",
        ),
    ):
        with pytest.raises(ValueError, match=words):
            one.run(dataclasses.replace(job, **changes))


def test_no_training_starts_from_some_candidates_weights(
    tmp_path: pathlib.Path,
) -> None:
    one = worker(tmp_path)
    trained = one.run(dataclasses.replace(JOB, epochs=0))
    assert isinstance(trained, SupernetTrained)
    job = TrainSupernet(
        id="00001_train_supernet",
        active=SPACE.active,
        epochs=1,
        schedule=RateSchedule(first=0.1),
        seed=0,
        start=Start(source="previous", weights=weights_of(JOB.id, trained)),
        base="previous",
    )
    with pytest.raises(ValueError, match="active candidates only"):
        one.run(job)
