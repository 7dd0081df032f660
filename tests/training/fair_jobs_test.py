"""`TrainSupernet` jobs whose weights are trained by strict fairness."""

import dataclasses
import pathlib
from typing import Any

import numpy as np
import pytest

from nse_tf.jobs import (
    ArchitectureRule,
    RateSchedule,
    SupernetTrained,
    TrainSupernet,
    WeightRule,
)
from nse_tf.training import ChildRecipe, SupernetRecipe, Worker, epoch_loop
from tests.supernet.tiny_branches import tiny_branches
from tests.training.tiny_data import image_data
from tests.training.tiny_worker import (
    SPACE,
    breaking_off_in_the_second_epoch,
    make_worker,
)

JOB = TrainSupernet(
    id="00000_train_supernet",
    active=SPACE.active,
    epochs=2,
    schedule=RateSchedule(first=0.1, last=0.05),
    seed=0,
    weights=WeightRule(rule="fair"),
)


def trained(worker: Worker, job: TrainSupernet = JOB) -> SupernetTrained:
    found = worker.run(job)
    assert isinstance(found, SupernetTrained)
    return found


def test_broken_off_and_resumed_it_is_the_same(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = trained(make_worker(tmp_path / "whole"))
    with monkeypatch.context() as broken:
        broken.setattr(
            epoch_loop, "epoch_batches", breaking_off_in_the_second_epoch
        )
        with pytest.raises(KeyboardInterrupt):
            make_worker(tmp_path / "parts", checkpoint_seconds=0.0).run(JOB)
    resumed = trained(make_worker(tmp_path / "parts"))
    assert resumed.weights_sha256 == whole.weights_sha256
    assert resumed.losses == whole.losses
    assert whole.losses[1] < whole.losses[0]


def test_only_what_is_active_turns(tmp_path: pathlib.Path) -> None:
    job = dataclasses.replace(JOB, active=((0, 1), (0,)), epochs=1)
    sums = np.array(trained(make_worker(tmp_path), job).angle_sums)
    has_turned = np.abs(sums[..., 1] - sums[..., 0]) > 0
    assert has_turned[0, :2].all()
    assert has_turned[1].tolist() == [True, False, False]


def test_multi_branch_cells_are_refused_before_a_step(
    tmp_path: pathlib.Path,
) -> None:
    space = tiny_branches()
    recipes: list[Any] = [SupernetRecipe(batch_size=12), ChildRecipe()]
    worker = Worker(space, image_data(), tmp_path, *recipes)
    with pytest.raises(ValueError, match="opens several at once"):
        worker.run(dataclasses.replace(JOB, active=space.active))


def test_architecture_parameters_are_refused() -> None:
    with pytest.raises(
        ValueError, match=r"not built with .* only with 'uniform'"
    ):
        dataclasses.replace(JOB, architecture=ArchitectureRule(rule="beside"))
