"""Searches that warm a growing supernet up first."""

import dataclasses
from typing import Any

import pytest

from nse_tf.costs import CostModel
from nse_tf.events import StageTrained, SupernetWarmedUp
from nse_tf.jobs import Job, Start, TrainSupernet, weights_of
from nse_tf.methods import OneShotConfig, OneShotSearch, SpaceShrinking
from nse_tf.shrinking import ShrinkSchedule
from nse_tf.spaces import make_preset
from nse_tf.testing import FormulaWorker
from tests.methods.plans import do_all
from tests.methods.small_search import SMALL, of_kind

MODEL = CostModel(make_preset("darts_shrinking"))
SCHEDULE = ShrinkSchedule(
    rule="each_block",
    drop_per_stage=1,
    max_stages=2,
    first_epochs=3,
    other_epochs=2,
    total_epochs=10,
    reset_after=10**9,
    warmup_epochs=5,
)
CONFIG = OneShotConfig(
    shrinking=SCHEDULE, children_per_operator=3, learning_rates=(0.2, 0.0)
)


def shrunk(config: OneShotConfig) -> tuple[SpaceShrinking, list[Job]]:
    method = SpaceShrinking(MODEL, config=config)
    return method, do_all(method, FormulaWorker(MODEL).run)


def test_eleven_cells_are_inserted_and_the_base_is_what_they_begin_as() -> None:
    method, jobs = shrunk(CONFIG)
    *warming, first, second = of_kind(jobs, TrainSupernet)
    assert [job.num_cells for job in warming] == list(range(3, 14))
    assert {job.epochs for job in warming} == {5}  # 55 in all.
    rates = {(job.schedule.first, job.schedule.last) for job in warming}
    assert rates == {(0.2, 0.2)}
    assert warming[0].start == Start()
    for before, job in zip(warming, [*warming[1:], first], strict=True):
        weights = weights_of(
            before.id,
            FormulaWorker(MODEL).run(before),  # type: ignore[arg-type]
        )
        assert job.start == Start(
            source="pieces", weights=weights, num_cells=before.num_cells
        )
        assert job.base == "reset"
    assert (first.num_cells, first.epochs) == (None, 3)
    assert first.schedule.first == 0.2
    assert (second.base, second.start.source) == ("previous", "previous")

    noted = method.noted(SupernetWarmedUp)
    assert [each.num_cells for each in noted] == list(range(3, 14))
    stages = [each.stage for each in method.noted(StageTrained)]
    assert stages == [0, 1]


def test_magnitudes_are_not_trained_while_cells_are_lacking() -> None:
    _, jobs = shrunk(dataclasses.replace(CONFIG, score="magnitude"))
    *warming, first, _ = of_kind(jobs, TrainSupernet)
    assert not any(job.architecture for job in warming)
    assert first.architecture


@pytest.mark.parametrize(
    "changes", [{"warmup_epochs": 0}, {"stop_size": 8**14}]
)
def test_nothing_is_warmed_up_for_nothing(changes: dict[str, Any]) -> None:
    schedule = dataclasses.replace(SCHEDULE, **changes)
    _, jobs = shrunk(dataclasses.replace(CONFIG, shrinking=schedule))
    trained = of_kind(jobs, TrainSupernet)
    assert len(trained) == (2 if "warmup_epochs" in changes else 0)
    assert not any(job.start.num_cells or job.num_cells for job in trained)


def test_chains_are_not_warmed_up() -> None:
    with pytest.raises(ValueError, match="--shrink_warmup_epochs=0"):
        OneShotSearch(SMALL, config=CONFIG)
