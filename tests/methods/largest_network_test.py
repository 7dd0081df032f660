"""One-shot searches whose largest network teaches, in steps or in the end."""

import dataclasses
from typing import Any

import pytest

from nse_tf.costs import Budget, CostModel
from nse_tf.events import SpaceAtStage
from nse_tf.evolution import ExplorerConfig
from nse_tf.jobs import Job, Teacher, TrainChild, TrainSupernet, WeightRule
from nse_tf.methods import OneShotConfig, OneShotSearch, ProxylessNASConfig
from nse_tf.shrinking import ShrinkSchedule
from nse_tf.testing import FormulaWorker
from tests.methods.plans import do_all
from tests.shrinking.chains import chain

MODEL = CostModel(chain(5, has_identity=True))
QUICK = OneShotConfig(
    exploring=ExplorerConfig(num_children=30, population=10),
    shrinking=ShrinkSchedule(stop_size=500),
    children_per_operator=50,
)


def searched(**changes: Any) -> tuple[OneShotSearch, list[Job]]:
    config = dataclasses.replace(QUICK, **changes)
    method = OneShotSearch(MODEL, Budget(), config)
    return method, do_all(method, FormulaWorker(MODEL).run)


@pytest.mark.parametrize("random_paths", [0, 2])
def test_only_what_is_explored_is_trained_by_the_sandwich_rule(
    random_paths: int,
) -> None:
    method, jobs = searched(paths="sandwich", random_paths=random_paths)
    *shrinking, search = (job for job in jobs if isinstance(job, TrainSupernet))
    assert shrinking
    assert all(job.weights == WeightRule() for job in shrinking)
    assert search.weights == WeightRule(
        rule="sandwich", num_random=random_paths
    )
    # As many passes as single paths would have.
    assert search.epochs == round(100 / (2 + random_paths))
    usual, _ = searched()
    assert method.describe() != usual.describe()


def test_the_largest_network_that_is_left_teaches_the_winner() -> None:
    method, jobs = searched(
        teacher="largest", baselines="always", num_rank_checks=2
    )
    left = method.noted(SpaceAtStage)[-1].active
    children = [job for job in jobs if isinstance(job, TrainChild)]
    checks, winner, baselines = children[:2], children[2], children[3:]
    assert [job.teacher for job in checks] == [None, None]
    teacher = winner.teacher
    assert isinstance(teacher, Teacher)
    macs = MODEL.by_operator["macs"]
    for number, (indices, gene) in enumerate(
        zip(left, teacher.child or (), strict=True)
    ):
        assert macs[number, gene[0]] == macs[number, list(indices)].max()
    (search,) = [job for job in jobs if isinstance(job, TrainSupernet)][-1:]
    assert (teacher.weights or "").startswith(f"{search.id}#")
    assert teacher.calibration_images == QUICK.calibration_images
    # What the winner is held against is trained as it is.
    assert len(baselines) > 1
    assert all(job.teacher == teacher for job in baselines)


def test_other_searches_have_no_largest_network() -> None:
    with pytest.raises(ValueError, match="only one-shot searches, SPOS and"):
        ProxylessNASConfig(teacher="largest")
