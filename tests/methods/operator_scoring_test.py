"""One interface for every score of operators."""

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest

from nse_tf.events import OperatorsScored, SpaceAtStage
from nse_tf.jobs import EvaluateChildren, Genes, TrainSupernet
from nse_tf.methods import (
    Method,
    OneShotConfig,
    OneShotSearch,
    ProxylessNAS,
    ProxylessNASConfig,
    SpaceShrinking,
)
from nse_tf.methods.operator_scoring import SCORES, OperatorScoring
from nse_tf.methods.shrinking_steps import Shrinking
from nse_tf.shrinking import those_that_count
from tests.methods.small_search import (
    QUICK,
    SMALL,
    WORKER,
    evaluated_paths,
    of_kind,
    searched,
)

CHAIN_SCORES = [name for name in SCORES if name != "angle_of_unit_kernels"]


def _mean_merit(active: Genes) -> float:
    """Returns what the operators of a space are worth."""
    merits = [
        WORKER.merit[block, index]
        for block, indices in enumerate(active)
        for index in indices
    ]
    return float(np.mean(merits))


@pytest.mark.parametrize("score", CHAIN_SCORES)
def test_every_score_drives_the_shrinking_to_what_is_worth_more(
    score: str,
) -> None:
    method, _ = searched(score=score)
    assert {each.score for each in method.noted(OperatorsScored)} == {score}
    first, *_, last = method.noted(SpaceAtStage)
    assert _mean_merit(last.active) > _mean_merit(first.active)


def test_children_that_only_score_are_of_negative_generations() -> None:
    method, jobs = searched(score="accuracy", children_per_operator=10)
    evaluated = of_kind(jobs, EvaluateChildren)
    num_stages = len(method.noted(OperatorsScored))
    negative = {job.generation for job in evaluated if job.generation < 0}
    assert negative == {-1 - stage for stage in range(num_stages)}
    for job in evaluated:
        assert (job.calibration_images == 0) == (job.generation < 0)
    assert not any(job.architecture for job in of_kind(jobs, TrainSupernet))


def test_only_children_that_count_are_evaluated() -> None:
    method, jobs = searched(score="accuracy", children_per_operator=10)
    first = of_kind(jobs, EvaluateChildren)
    evaluated = evaluated_paths([job for job in first if job.generation == -1])
    np.testing.assert_array_equal(
        evaluated, those_that_count(method.space, evaluated, 10)
    )


def test_magnitudes_are_trained_with_the_supernet() -> None:
    _, jobs = searched(score="magnitude")
    assert of_kind(jobs, TrainSupernet)[0].architecture


def test_unknown_scores_are_refused() -> None:
    for make in (OperatorScoring, lambda name: OneShotConfig(score=name)):
        with pytest.raises(ValueError, match=r"one of angle, .* not 'loss'"):
            make("loss")


@pytest.mark.parametrize(
    "make",
    [
        lambda config: OneShotSearch(SMALL, config=config),
        lambda config: SpaceShrinking(SMALL, config=config),
        lambda config: ProxylessNAS(
            SMALL,
            config=ProxylessNASConfig(
                shrinking=Shrinking(
                    schedule=config.shrinking,
                    scoring=config.scoring,
                    training=config.training,
                    least_left=1,
                )
            ),
        ),
    ],
)
def test_an_angle_of_cells_is_refused_for_chains_before_any_job(
    make: Callable[[OneShotConfig], Method],
) -> None:
    config = dataclasses.replace(QUICK, score="angle_of_unit_kernels")
    with pytest.raises(ValueError, match="is for spaces of cells"):
        make(config)
    unshrunk = dataclasses.replace(config, shrinking=None)
    assert OneShotSearch(SMALL, config=unshrunk).ask()


def test_a_score_of_zero_children_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1, not 0"):
        dataclasses.replace(OneShotConfig(), children_per_operator=0)
