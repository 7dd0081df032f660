"""Multi-branch cells, searched by single paths like any chain."""

import pathlib

import numpy as np
import pytest

from nse_tf.jobs import (
    ArchitectureRule,
    ChildrenEvaluated,
    EvaluateChildren,
    RateSchedule,
    SupernetTrained,
    TrainSupernet,
    weights_of,
)
from nse_tf.training import ChildRecipe, SupernetRecipe, Worker
from tests.supernet.tiny_branches import tiny_branches
from tests.training.tiny_data import image_data

SPACE = tiny_branches()


def test_paths_train_turn_and_are_judged(tmp_path: pathlib.Path) -> None:
    worker = Worker(
        SPACE,
        image_data(),
        tmp_path,
        SupernetRecipe(batch_size=12),
        ChildRecipe(batch_size=12),
    )
    job = TrainSupernet(
        id="00000_train_supernet",
        active=((0, 1), (0, 1, 2), (2,)),
        epochs=2,
        schedule=RateSchedule(first=0.1, last=0.05),
        seed=0,
    )
    trained = worker.run(job)
    assert isinstance(trained, SupernetTrained)
    sums = np.array(trained.angle_sums)
    has_turned = np.abs(sums[..., 1] - sums[..., 0]) > 0
    assert not has_turned[0, 2]  # Was not drawn.
    assert not has_turned[2, :2].any()
    assert has_turned[0, :2].any()
    assert has_turned[2, 2]
    found = worker.run(
        EvaluateChildren(
            id="00001_evaluate",
            children=(((0,), (1,), (2,)), ((1,), (0, 2), ())),
            calibration_images=24,
            supernet=weights_of(job.id, trained),
        )
    )
    assert isinstance(found, ChildrenEvaluated)
    assert all(0 <= each <= 1 for each in found.accuracies)


def test_magnitudes_are_refused_before_a_step(tmp_path: pathlib.Path) -> None:
    worker = Worker(
        SPACE,
        image_data(),
        tmp_path,
        SupernetRecipe(batch_size=12),
        ChildRecipe(batch_size=12),
    )
    job = TrainSupernet(
        id="00000_train_supernet",
        active=SPACE.active,
        epochs=1,
        schedule=RateSchedule(first=0.1, last=0.05),
        seed=0,
        architecture=ArchitectureRule(rule="beside"),
    )
    with pytest.raises(ValueError, match="score by angle or accuracy"):
        worker.run(job)
