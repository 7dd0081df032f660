"""FairNAS: SPOS's plan, trained by strict fairness."""

import dataclasses
from typing import Any

import numpy as np
import pytest

from nse_tf.costs import Budget, BudgetError, CostModel
from nse_tf.events import GenerationEvaluated, SpaceAtStage, WinnerChosen
from nse_tf.evolution import ExplorerConfig
from nse_tf.jobs import Job, TrainSupernet, WeightRule
from nse_tf.methods import FairNAS, FairNASConfig, OneShotConfig
from nse_tf.shrinking import PUBLISHED_SCHEDULES, ShrinkSchedule
from nse_tf.spaces import make_preset
from nse_tf.testing import FormulaWorker
from tests.methods.plans import do_all
from tests.shrinking.chains import chain
from tests.supernet.tiny_branches import tiny_branches
from tests.supernet.tiny_spaces import tiny_space

SMALL = CostModel(chain(5, has_identity=True))
PUBLISHED = CostModel(make_preset("fairnas"))
QUICK = FairNASConfig(
    exploring=ExplorerConfig(num_children=60, population=20),
    shrinking=ShrinkSchedule(
        rule="each_block", drop_per_stage=1, stop_size=500
    ),
    children_per_operator=50,
)


def searched(
    model: CostModel = SMALL, budget: Budget | None = None, **changes: Any
) -> tuple[FairNAS, list[Job]]:
    """Returns a search that was done to its end, and its jobs."""
    method = FairNAS(
        model, budget or Budget(), dataclasses.replace(QUICK, **changes)
    )
    return method, do_all(method, FormulaWorker(model).run)


def trainings(jobs: list[Job]) -> list[TrainSupernet]:
    return [job for job in jobs if isinstance(job, TrainSupernet)]


def test_shrinking_is_uniform_and_what_is_left_is_trained_fairly() -> None:
    method, jobs = searched()
    *shrinking, search = trainings(jobs)
    assert shrinking
    assert all(job.weights == WeightRule() for job in shrinking)
    assert search.weights == WeightRule(rule="fair")
    assert search.start.source == "fresh"
    assert search.active == method.noted(SpaceAtStage)[-1].active


def test_epochs_are_divided_by_the_passes_of_a_step() -> None:
    """A hundred epochs of single paths at seven, and at three, ops a block."""
    for shrinking, passes in ((None, 7), (QUICK.shrinking, 3)):
        method, jobs = searched(shrinking=shrinking)
        left = method.noted(SpaceAtStage)[-1].active
        assert max(map(len, left)) == passes
        assert trainings(jobs)[-1].epochs == round(100 / passes)
    _, jobs = searched(search_epochs=1)
    assert trainings(jobs)[-1].epochs == 1


def test_a_score_by_magnitude_trains_no_parameters_in_the_search() -> None:
    _, jobs = searched(score="magnitude")
    *shrinking, search = trainings(jobs)
    assert all(job.architecture is not None for job in shrinking)
    assert search.architecture is None


@pytest.mark.parametrize("explorer", ["evolution", "nsga2"])
def test_the_published_window_of_macs_is_kept(explorer: str) -> None:
    """ABS explores 315 to 327 M, by its code's count."""
    budget = Budget(macs=327e6, min_macs=315e6)
    method, _ = searched(PUBLISHED, budget, explorer=explorer)
    macs = np.concatenate(
        [each.costs["macs"] for each in method.noted(GenerationEvaluated)]
    )
    assert len(macs) == 60
    assert macs.min() >= 315e6
    assert macs.max() <= 327e6
    (winner,) = method.noted(WinnerChosen)
    assert 315e6 <= winner.costs["macs"] <= 327e6


def test_a_floor_out_of_reach_is_refused_in_one_sentence() -> None:
    with pytest.raises(BudgetError, match=r"costs between .* MACs: the cheap"):
        FairNAS(PUBLISHED, Budget(min_macs=1e9))


@pytest.mark.parametrize("space", [tiny_branches(), tiny_space(max_open=2)])
def test_blocks_that_open_several_are_refused(space: Any) -> None:
    with pytest.raises(ValueError, match="use --method=nse or spos"):
        FairNAS(CostModel(space))


def test_numbers_are_those_of_a_search_but_for_what_is_dropped() -> None:
    quick = OneShotConfig(
        search_epochs=7,
        seed=4,
        shrinking=ShrinkSchedule(first_epochs=3, stop_size=99),
    )
    found = FairNASConfig.like(quick)
    assert (found.search_epochs, found.seed) == (7, 4)
    assert found.shrinking == ShrinkSchedule(
        first_epochs=3, stop_size=99, rule="each_block", drop_per_stage=1
    )
    unshrunk = dataclasses.replace(quick, shrinking=None)
    assert FairNASConfig.like(unshrunk).shrinking is None
    assert FairNASConfig.like(OneShotConfig()) == FairNASConfig()
    assert FairNASConfig().shrinking == PUBLISHED_SCHEDULES["fairnas"]


def test_the_sandwich_rule_is_refused() -> None:
    with pytest.raises(ValueError, match="opens each op of a block once a ste"):
        FairNASConfig(paths="sandwich")


def test_it_is_no_one_shot_search_by_its_settings() -> None:
    assert FairNAS(SMALL, config=QUICK).describe()["method"] == "fairnas"
