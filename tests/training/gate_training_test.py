"""Training jobs whose paths are drawn by parameters that binary gates train."""

import dataclasses
import pathlib
from typing import Any

import numpy as np
import pytest

from nse_tf.jobs import (
    ArchitectureRule,
    ArchitectureTrained,
    CostPenalty,
    RateSchedule,
    Start,
    SupernetTrained,
    TrainSupernet,
    WeightRule,
    weights_of,
)
from nse_tf.supernet import networks_of
from nse_tf.training import ChildRecipe, Worker
from nse_tf.training.checkpoints import Checkpoint
from nse_tf.training.config_digests import config_digest_of
from nse_tf.training.supernet_training import SupernetTraining
from nse_tf.training.trainings import Trainings
from tests.supernet.choice_models import choice_model
from tests.training.tiny_worker import DATA, RECIPE, SPACE

PENALTY = CostPenalty(
    form="log_factor",
    cost="macs",
    target=2e4,
    coefficient=0.2,
    exponent=0.3,
    backbone_cost=1e4,
    op_costs=((1e3, 5e3, 0.0), (2e3, 7e3)),
)
RULE = ArchitectureRule(
    rule="two_gates",
    rate=0.05,
    betas=(0.0, 0.999),
    weight_decay=0.0,
    period=2,
    epochs_without=1,
    penalties=(PENALTY,),
)
REWARDED = dataclasses.replace(
    RULE,
    rule="reinforce",
    penalties=(
        dataclasses.replace(
            PENALTY, form="reward_factor", coefficient=1.0, exponent=0.1
        ),
    ),
    networks_per_step=3,
)
JOB = TrainSupernet(
    id="00000_train_supernet",
    active=SPACE.active,
    epochs=3,
    schedule=RateSchedule(kind="cosine", first=0.05),
    seed=0,
    weights=WeightRule(rule="by_mixing_weights"),
    architecture=RULE,
)
TRAININGS = Trainings(
    space=SPACE,
    networks=networks_of(SPACE),
    data=DATA,
    supernet_recipe=RECIPE,
    child_recipe=ChildRecipe(batch_size=12),
)


def with_rule(**changes: Any) -> TrainSupernet:
    rule = dataclasses.replace(RULE, **changes)
    return dataclasses.replace(JOB, architecture=rule)


def training(job: TrainSupernet = JOB) -> SupernetTraining:
    one = TRAININGS.supernet_training(job, TRAININGS.supernet_trainer())
    one.start_fresh()
    return one


def architecture_of(one: SupernetTraining) -> ArchitectureTrained:
    found = one.result(1.0, "digest").architecture
    assert found is not None
    return found


def worker(folder: pathlib.Path) -> Worker:
    child = ChildRecipe(batch_size=12)
    return Worker(SPACE, DATA, folder, RECIPE, child, checkpoint_seconds=0.0)


def trained(folder: pathlib.Path, job: TrainSupernet) -> SupernetTrained:
    found = worker(folder).run(job)
    assert isinstance(found, SupernetTrained)
    return dataclasses.replace(found, seconds=0.0)


def test_parameters_learn_after_the_epochs_without() -> None:
    one = training()
    one.run()
    found = architecture_of(one)
    assert (len(found.losses), len(found.history)) == (2, 3)
    assert all(np.isfinite(found.losses))
    first, last = found.history[0], found.history[-1]
    # Uniform but for the deviation of 1e-3.
    np.testing.assert_allclose(first[0], 1 / 3, atol=2e-3)
    assert np.abs(np.subtract(last[0], first[0])).max() > 0.01
    assert [sum(row) for row in last] == pytest.approx([1.0, 1.0])


@pytest.mark.slow
def test_a_job_stopped_between_epochs_comes_to_the_same_bits(
    tmp_path: pathlib.Path,
) -> None:
    def stop(loss: float) -> None:
        if len(one.trainer.losses) == 2:
            raise RuntimeError("stopped")

    whole = trained(tmp_path / "whole", JOB)
    assert whole == trained(tmp_path / "again", JOB)
    one = training()
    with pytest.raises(RuntimeError, match="stopped"):
        one.run(stop)
    digest = config_digest_of(TRAININGS, JOB)
    worker(tmp_path / "parts").weights.keep(
        one.checkpoint(digest), is_finished=False
    )
    assert trained(tmp_path / "parts", JOB) == whole


@pytest.mark.slow
def test_rewards_train_parameters_and_resume_to_the_same_bits() -> None:
    job = dataclasses.replace(JOB, architecture=REWARDED)
    kept: list[bytes] = []

    def keep(loss: float) -> None:
        if len(whole.trainer.losses) == 2:
            kept.append(whole.checkpoint("digest").to_bytes())

    whole = training(job)
    whole.run(keep)
    found = architecture_of(whole)
    assert (len(found.losses), len(found.history)) == (2, 3)
    assert -3.0 < min(found.losses) <= max(found.losses) <= 0.0
    first, last = found.history[0], found.history[-1]
    assert np.abs(np.subtract(last[0], first[0])).max() > 0.01
    resumed = training(job)
    resumed.resume(Checkpoint.from_bytes(kept[0], "kept"))
    resumed.run()
    assert resumed.result(1.0, "") == whole.result(1.0, "")
    for one, other in zip(
        resumed.checkpoint("digest").architecture,
        whole.checkpoint("digest").architecture,
        strict=True,
    ):
        np.testing.assert_array_equal(one, other)


@pytest.mark.slow
def test_a_search_starts_from_the_parameters_of_its_warm_up(
    tmp_path: pathlib.Path,
) -> None:
    warmup = dataclasses.replace(with_rule(epochs_without=2), epochs=2)
    warm = trained(tmp_path, warmup)
    assert warm.architecture is not None
    assert warm.architecture.losses == ()
    start = Start(source="previous", weights=weights_of(warmup.id, warm))
    search = dataclasses.replace(
        with_rule(rate=0.0, epochs_without=0),
        id="00001_train_supernet",
        epochs=1,
        start=start,
        base="previous",
        seed=7,
    )
    found = trained(tmp_path, search)
    assert found.architecture is not None
    assert len(found.architecture.losses) == 1
    assert found.architecture.parameters == warm.architecture.parameters


def test_a_diverged_parameter_is_refused_with_its_block() -> None:
    one = training(with_rule(rate=float("inf")))
    with pytest.raises(
        ValueError, match="parameters of block 'stage0_block0' diverged"
    ):
        one.run()


@pytest.mark.slow
def test_a_users_model_is_trained_by_two_gates(tmp_path: pathlib.Path) -> None:
    model = choice_model(0.2)
    networks = networks_of(model)
    space = networks.space
    one = Worker(
        space,
        DATA,
        tmp_path,
        RECIPE,
        ChildRecipe(batch_size=12),
        networks=networks,
    )
    rule = dataclasses.replace(RULE, penalties=())
    job = dataclasses.replace(JOB, active=space.active, architecture=rule)
    found = one.run(job)
    assert isinstance(found, SupernetTrained)
    assert found.architecture is not None
    assert all(np.isfinite(found.architecture.losses))
    full = dataclasses.replace(rule, rule="full_gates")
    with pytest.raises(ValueError, match="run one at a time"):
        one.run(dataclasses.replace(job, architecture=full))
