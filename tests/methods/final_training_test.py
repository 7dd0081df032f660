import dataclasses
import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from nse_tf.costs import Budget, CostModel, latency_on
from nse_tf.events import (
    ChildMeasured,
    FinalistsRanked,
    Purpose,
    TrainedAlone,
    WinnerChosen,
)
from nse_tf.jobs import (
    ChildrenMeasured,
    ChildTrained,
    Job,
    MeasureChildren,
    Result,
    TrainChild,
)
from nse_tf.methods import OneShotConfig, SearchError
from nse_tf.methods.evaluating import EvaluatedChild
from nse_tf.methods.final_training import (
    check_ranking,
    pick_finalists,
    train_finalists,
)
from nse_tf.methods.method import Plan
from nse_tf.testing import FormulaWorker
from tests.costs.strategies import made_up_devices, made_up_table
from tests.methods.plans import PlannedMethod, do_all
from tests.shrinking.chains import chain

SPACE = chain(2, has_identity=True)
MODEL = CostModel(SPACE, made_up_table(SPACE))
WORKER = FormulaWorker(MODEL)
RANKED = [
    EvaluatedChild((first, second), 0.9 - 0.01 * (7 * first + second))
    for first, second in itertools.product(range(7), repeat=2)
]
NO_SURPRISE = {"latency_ms": 1.0, "size_bytes": 1.0}


def final(
    config: OneShotConfig,
    budget: Budget | None = None,
    work: Callable[[Job], Result] = WORKER.run,
    inherits: str | None = None,
) -> tuple[PlannedMethod, list[Any]]:
    """Picks and trains finalists; returns the method and all jobs."""

    def plan(method: PlannedMethod) -> Plan:
        finalists = yield from pick_finalists(
            method, RANKED, MODEL, budget or Budget(), config
        )
        yield from check_ranking(method, RANKED, config)
        yield from train_finalists(
            method, finalists, MODEL, budget or Budget(), config, inherits
        )

    method = PlannedMethod(plan)
    return method, do_all(method, work)


def latencies(children: list[EvaluatedChild]) -> np.ndarray:
    return MODEL.path_costs(
        "latency_ms", np.array([child.path for child in children])
    )


# Measuring.


def test_nothing_is_measured_where_macs_are_enough() -> None:
    _, jobs = final(OneShotConfig(), Budget(macs=1e9, params=1e9))
    assert [job.KIND for job in jobs] == ["train_child"]
    assert jobs[0].child == RANKED[0].genes == ((0,), (0,))
    assert jobs[0].inherited_accuracy == 0.9


def test_children_are_measured_best_first_until_enough_fit() -> None:
    limit = float(np.sort(latencies(RANKED))[5])
    fits = latencies(RANKED) <= limit
    wanted = np.flatnonzero(fits)[:2]
    config = OneShotConfig(num_finalists=2, measured_at_once=4)
    method, jobs = final(config, Budget(latency_ms=limit))
    measured = [job for job in jobs if isinstance(job, MeasureChildren)]
    assert len(measured) == wanted[-1] // 4 + 1
    children = list(itertools.chain(*(job.children for job in measured)))
    assert children == [child.genes for child in RANKED[: len(children)]]
    trained = [job.child for job in jobs if isinstance(job, TrainChild)]
    assert trained[:2] == [RANKED[i].genes for i in wanted]
    assert len(method.noted(ChildMeasured)) == len(children)


def test_the_file_that_is_measured_is_the_one_asked_for() -> None:
    config = OneShotConfig(precision="int8", num_threads=4)
    _, jobs = final(config, Budget(size_bytes=1e9))
    assert (jobs[0].precision, jobs[0].num_threads) == ("int8", 4)


def test_what_is_measured_decides_not_what_was_predicted() -> None:
    def work(job: Job) -> Result:
        result = WORKER.run(job)
        if isinstance(result, ChildrenMeasured):
            # The best child turns out to be slow.
            slow = (result.latencies_ms[0] * 50, *result.latencies_ms[1:])
            return dataclasses.replace(result, latencies_ms=slow)
        return result

    budget = Budget(latency_ms=float(latencies(RANKED).max()))
    method, _ = final(OneShotConfig(), budget, work)
    (winner,) = method.noted(WinnerChosen)
    assert winner.path == RANKED[1].path
    first = method.noted(ChildMeasured)[0]
    assert first.costs["latency_ms"] == pytest.approx(
        50 * first.predicted["latency_ms"]
    )
    assert first.costs["macs"] == first.predicted["macs"]


@pytest.mark.parametrize("here", [True, False])
def test_of_several_devices_only_this_machine_is_measured(here: bool) -> None:
    devices = made_up_devices(SPACE)
    if not here:
        devices = dataclasses.replace(devices, here=None)
    model = CostModel(SPACE, devices)
    limits = {
        device: model.range(latency_on(device))[1] for device in devices.tables
    }

    def plan(method: PlannedMethod) -> Plan:
        yield from pick_finalists(
            method, RANKED, model, Budget(latency_ms=limits), OneShotConfig()
        )

    def work(job: Job) -> Result:
        result = FormulaWorker(model).run(job)
        assert isinstance(result, ChildrenMeasured)
        half = tuple(each / 2 for each in result.latencies_ms)
        return dataclasses.replace(result, latencies_ms=half)

    method = PlannedMethod(plan)
    assert len(do_all(method, work)) == here
    for event in method.noted(ChildMeasured):
        predicted, costs = event.predicted, event.costs
        assert costs["latency_ms@pi"] == predicted["latency_ms@pi"]
        assert costs["latency_ms@pixel"] == predicted["latency_ms@pixel"] / 2
        assert "latency_ms" not in costs


def test_ram_is_measured_alone_and_decides() -> None:
    model = CostModel(SPACE, counts_memory=True)
    worker = FormulaWorker(model)

    def work(job: Job) -> Result:
        result = worker.run(job)
        if isinstance(result, ChildrenMeasured):
            assert isinstance(job, MeasureChildren)
            assert (job.file, job.memory) == (False, True)
            # The best child turns out to need more than is allowed.
            return dataclasses.replace(
                result,
                latencies_ms=(),
                sizes_bytes=(),
                rams_bytes=(10**6, *result.rams_bytes[1:]),
            )
        return result

    def plan(method: PlannedMethod) -> Plan:
        yield from train_finalists(
            method,
            (
                yield from pick_finalists(
                    method, RANKED, model, budget, OneShotConfig()
                )
            ),
            model,
            budget,
            OneShotConfig(),
        )

    budget = Budget(ram_bytes=model.range("ram_bytes")[1])
    method = PlannedMethod(plan)
    do_all(method, work)
    (winner,) = method.noted(WinnerChosen)
    assert winner.path == RANKED[1].path
    assert winner.costs["ram_bytes"] <= budget.limits["ram_bytes"]
    first = method.noted(ChildMeasured)[0]
    assert first.costs["ram_bytes"] == 10**6
    assert first.costs["flash_bytes"] == first.predicted["flash_bytes"]


def test_where_none_fits_as_measured_the_closest_miss_is_named() -> None:
    limit = float(latencies(RANKED).min()) / 1.25
    with pytest.raises(
        SearchError,
        match=r"None of the 49 .* most .* ms as measured; .* misses it by 25",
    ):
        final(OneShotConfig(), Budget(latency_ms=limit))


def test_fewer_finalists_than_wanted_are_enough() -> None:
    limit = float(latencies(RANKED).min())
    num_fitting = int((latencies(RANKED) <= limit).sum())
    config = OneShotConfig(num_finalists=49)
    _, jobs = final(config, Budget(latency_ms=limit))
    trainings = [job for job in jobs if isinstance(job, TrainChild)]
    assert 0 < num_fitting < 49
    assert len(trainings) == num_fitting + (num_fitting > 1)


# Training alone.


@pytest.mark.parametrize("retrain_on_all", [True, False])
def test_a_single_finalist_is_trained_once(retrain_on_all: bool) -> None:
    config = OneShotConfig(retrain_on_all=retrain_on_all, child_epochs=7)
    method, jobs = final(config)
    (job,) = jobs
    assert job.uses_validation == retrain_on_all
    assert job.epochs == 7
    (winner,) = method.noted(WinnerChosen)
    assert winner.model_file == f"children/{job.id}.keras"
    assert winner.costs == MODEL.costs(SPACE.genotype(RANKED[0].path))


@pytest.mark.parametrize("retrain_on_all", [True, False])
def test_of_several_finalists_the_best_on_validation_wins(
    retrain_on_all: bool,
) -> None:
    config = OneShotConfig(num_finalists=5, retrain_on_all=retrain_on_all)
    method, jobs = final(config)
    rivals, again = jobs[:5], jobs[5:]
    # The contest is held on images that none of the rivals was trained on.
    assert not any(job.uses_validation for job in rivals)
    best = max(RANKED[:5], key=lambda child: WORKER.accuracy(child.genes))
    (winner,) = method.noted(WinnerChosen)
    assert winner.path == best.path
    assert winner.inherited_accuracy == best.accuracy
    if retrain_on_all:
        (last,) = again
        assert last.child == best.genes
        assert last.uses_validation
        assert winner.model_file == f"children/{last.id}.keras"
    else:
        assert again == []
    assert len(method.noted(TrainedAlone)) == len(jobs)


def test_a_finalist_whose_training_diverged_does_not_win() -> None:
    def work(job: Job) -> Result:
        result = WORKER.run(job)
        if isinstance(job, TrainChild) and job.child == RANKED[1].genes:
            assert isinstance(result, ChildTrained)
            return dataclasses.replace(result, validation_accuracy=math.nan)
        return result

    config = OneShotConfig(num_finalists=2, retrain_on_all=False)
    method, _ = final(config, work=work)
    (winner,) = method.noted(WinnerChosen)
    assert winner.path == RANKED[0].path


def test_what_may_win_goes_on_from_inherited_weights_but_no_check() -> None:
    config = OneShotConfig(num_finalists=2, num_rank_checks=2)
    _, jobs = final(config, inherits="0_train#ab")
    assert [job.inherits for job in jobs] == [None] * 2 + ["0_train#ab"] * 3


def test_a_network_of_other_cells_inherits_nothing() -> None:
    words = "'inherited', but networks of `final_cells` 20 and .* None are"
    with pytest.raises(ValueError, match=words):
        OneShotConfig(child_start="inherited", final_cells=20)


# Checking the ranking.


def test_rank_checks_are_spread_from_the_best_to_the_worst() -> None:
    config = OneShotConfig(
        num_rank_checks=4, rank_check_epochs=3, child_epochs=9
    )
    method, jobs = final(config)
    checks, last = jobs[:-1], jobs[-1]
    assert [job.child for job in checks] == [
        RANKED[rank].genes for rank in (0, 16, 32, 48)
    ]
    assert [job.epochs for job in jobs] == [3, 3, 3, 3, 9]
    assert not any(job.uses_validation for job in checks)
    assert last.child == RANKED[0].genes
    purposes = [each.purpose for each in method.noted(TrainedAlone)]
    assert purposes == [*[Purpose.RANK_CHECK] * 4, Purpose.FINAL]


def test_the_winner_does_not_depend_on_rank_checks() -> None:
    plain, _ = final(OneShotConfig())
    checked, _ = final(OneShotConfig(num_rank_checks=49))
    (one,), (other,) = plain.noted(WinnerChosen), checked.noted(WinnerChosen)
    assert one.path == other.path


@pytest.mark.parametrize("count", [0, 1])
def test_of_fewer_than_two_no_rank_can_be_checked(count: int) -> None:
    _, jobs = final(OneShotConfig(num_rank_checks=count))
    assert len(jobs) == 1


def test_there_are_no_more_rank_checks_than_children() -> None:
    _, jobs = final(OneShotConfig(num_rank_checks=1000))
    assert len(jobs) == len(RANKED) + 1


def test_files_rank_the_finalists_where_they_are_asked_for() -> None:
    config = OneShotConfig(num_finalists=3, rank_by="int8", retrain_on_all=True)
    # By Keras the first is best, by its file the last; pairs 1-3 and 2-3 turn.
    accuracies = iter([(0.9, 0.6), (0.8, 0.5), (0.7, 0.65), (0.99, None)])

    def work(job: Job) -> Result:
        result = WORKER.run(job)
        assert isinstance(result, ChildTrained)
        network, file = next(accuracies)
        return dataclasses.replace(
            result, validation_accuracy=network, file_accuracy=file
        )

    method, jobs = final(config, work=work)
    trained = [job for job in jobs if isinstance(job, TrainChild)]
    assert [job.file for job in trained] == ["int8"] * 3 + [None]
    assert trained[3].child == trained[2].child
    (winner,) = method.noted(WinnerChosen)
    assert winner.path == RANKED[2].path
    (noted,) = method.noted(FinalistsRanked)
    assert (noted.num_otherwise, noted.num_pairs) == (2, 3)
    assert noted.file_accuracies == (0.6, 0.5, 0.65)


def test_a_file_that_nobody_evaluated_ends_the_search() -> None:
    config = OneShotConfig(num_finalists=2, rank_by="int8")

    def work(job: Job) -> Result:
        result = WORKER.run(job)
        assert isinstance(result, ChildTrained)
        assert result.file_accuracy == result.validation_accuracy
        return dataclasses.replace(result, file_accuracy=None)

    with pytest.raises(SearchError, match="no accuracy of its int8 file"):
        final(config, work=work)


def test_ranking_one_finalist_by_its_file_is_refused() -> None:
    with pytest.raises(ValueError, match="`num_finalists` is 1: train 2"):
        OneShotConfig(rank_by="int8")
    with pytest.raises(ValueError, match="`rank_by` must be one of keras"):
        OneShotConfig(rank_by="int4")
