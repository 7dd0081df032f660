"""The laws of methods hold for ours, and are broken by unsound ones."""

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from nse_tf.costs import Budget, CostModel, latency_on
from nse_tf.events import Entry, RunFailed, RunFinished
from nse_tf.evolution import EXPLORERS, ExplorerConfig
from nse_tf.jobs import (
    EvaluateChildren,
    Failed,
    Job,
    RateSchedule,
    Result,
    SupernetTrained,
    TrainSupernet,
)
from nse_tf.methods import (
    FairNAS,
    FairNASConfig,
    Method,
    OneShotConfig,
    OneShotSearch,
    Plan,
    SearchError,
)
from nse_tf.methods.method import require
from nse_tf.shrinking import ShrinkSchedule
from nse_tf.spaces import SearchSpace
from nse_tf.testing import METHOD_LAWS, FormulaWorker
from tests.costs.strategies import made_up_devices, made_up_table
from tests.methods.small_search import explored_in, searched
from tests.shrinking.chains import chain
from tests.spaces.tiny_widths import HALVES

Law = Callable[
    [Callable[[int], Method], Callable[[Job], Result], SearchSpace], None
]

SPACE = chain(5, has_identity=True)
MODEL = CostModel(SPACE, made_up_table(SPACE))
WORKER = FormulaWorker(MODEL)

QUICK = OneShotConfig(
    exploring=ExplorerConfig(num_children=34, population=16, batch=8),
    shrinking=ShrinkSchedule(drop_per_stage=9, stop_size=500),
    children_per_operator=20,
    children_per_job=5,
)
CONFIGS = {
    **{
        explorer: dataclasses.replace(QUICK, explorer=explorer)
        for explorer in EXPLORERS
    },
    "whole": dataclasses.replace(QUICK, shrinking=None),
    "contest": dataclasses.replace(QUICK, num_finalists=3),
}


def middle(name: str) -> float:
    """Returns the limit in the middle of a cost's range."""
    low, high = MODEL.range(name)
    return (low + high) / 2


@pytest.mark.parametrize("law", METHOD_LAWS, ids=lambda law: law.__name__)
@pytest.mark.parametrize("name", CONFIGS)
def test_one_shot_search_keeps_every_law(name: str, law: Law) -> None:
    def make(seed: int) -> Method:
        config = dataclasses.replace(CONFIGS[name], seed=seed)
        return OneShotSearch(MODEL, Budget(macs=middle("macs")), config)

    law(make, WORKER.run, SPACE)


@pytest.mark.parametrize("law", METHOD_LAWS, ids=lambda law: law.__name__)
def test_one_shot_search_of_widths_keeps_every_law(law: Law) -> None:
    model = CostModel(HALVES)
    low, high = model.range("macs")
    exploring = ExplorerConfig(num_children=12, population=6)

    def make(seed: int) -> Method:
        config = dataclasses.replace(
            CONFIGS["whole"], seed=seed, exploring=exploring
        )
        return OneShotSearch(model, Budget(macs=(low + high) / 2), config)

    law(make, FormulaWorker(model).run, HALVES)


@pytest.mark.parametrize("law", METHOD_LAWS, ids=lambda law: law.__name__)
def test_one_shot_search_of_an_earlier_supernet_keeps_every_law(
    law: Law,
) -> None:
    earlier = explored_in(*searched(MODEL, config=QUICK, work=WORKER.run))

    def make(seed: int) -> Method:
        config = dataclasses.replace(QUICK, seed=seed)
        budget = Budget(macs=middle("macs"))
        return OneShotSearch(MODEL, budget, config, earlier)

    law(make, WORKER.run, SPACE)


@pytest.mark.parametrize("law", METHOD_LAWS, ids=lambda law: law.__name__)
def test_one_shot_search_on_measured_latency_keeps_every_law(law: Law) -> None:
    def make(seed: int) -> Method:
        budget = Budget(latency_ms=middle("latency_ms"))
        return OneShotSearch(
            MODEL, budget, dataclasses.replace(QUICK, seed=seed)
        )

    law(make, WORKER.run, SPACE)


@pytest.mark.parametrize("law", METHOD_LAWS, ids=lambda law: law.__name__)
def test_one_shot_search_on_two_devices_keeps_every_law(law: Law) -> None:
    model = CostModel(SPACE, made_up_devices(SPACE))
    limits = {
        device: sum(model.range(latency_on(device))) / 2
        for device in ("pixel", "pi")
    }

    def make(seed: int) -> Method:
        config = dataclasses.replace(QUICK, seed=seed)
        return OneShotSearch(model, Budget(latency_ms=limits), config)

    law(make, FormulaWorker(model).run, SPACE)


@pytest.mark.parametrize("law", METHOD_LAWS, ids=lambda law: law.__name__)
@pytest.mark.parametrize("explorer", ["evolution", "nsga2"])
def test_fairnas_keeps_every_law(explorer: str, law: Law) -> None:
    config = FairNASConfig.like(dataclasses.replace(QUICK, explorer=explorer))

    def make(seed: int) -> Method:
        return FairNAS(
            MODEL,
            Budget(macs=middle("macs")),
            dataclasses.replace(config, seed=seed),
        )

    law(make, WORKER.run, SPACE)


class _Sound(Method):
    """Trains twice, then evaluates two children at once."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self.seed = seed

    def describe(self) -> dict[str, Any]:
        return {"seed": self.seed}

    def plan(self) -> Plan:
        for epochs in (1, 2):
            job = self._training(epochs)
            (result,) = yield [job]
            require(result, SupernetTrained, job)
        lot = [self._evaluation(), self._evaluation()]
        results = yield lot
        yield [self._training(3)]
        kinds = [type(result).__name__ for result in results]
        self.note(RunFailed(error=str(kinds)))

    def _training(self, epochs: int) -> TrainSupernet:
        return TrainSupernet(
            id=self.new_job_id(TrainSupernet.KIND),
            active=SPACE.active,
            epochs=epochs,
            schedule=RateSchedule(first=0.1),
            seed=self.seed,
        )

    def _evaluation(self) -> EvaluateChildren:
        return EvaluateChildren(
            id=self.new_job_id(EvaluateChildren.KIND),
            children=(tuple((indices[0],) for indices in SPACE.active),),
            calibration_images=self.seed,
        )


@pytest.mark.parametrize("law", METHOD_LAWS, ids=lambda law: law.__name__)
def test_a_sound_method_of_a_few_lines_keeps_every_law(law: Law) -> None:
    law(_Sound, WORKER.run, SPACE)


class _HasItsOwnChance(_Sound):
    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.seed = int(np.random.default_rng().integers(2**62))


class _IgnoresItsSeed(_Sound):
    def _training(self, epochs: int) -> TrainSupernet:
        return dataclasses.replace(super()._training(epochs), seed=0)

    def _evaluation(self) -> EvaluateChildren:
        return dataclasses.replace(super()._evaluation(), calibration_images=0)


class _LeavesTheSpace(_Sound):
    def _training(self, epochs: int) -> TrainSupernet:
        active = tuple((9,) for _ in SPACE.active)
        return dataclasses.replace(super()._training(epochs), active=active)


class _CountsItsTurns(_Sound):
    """Decides by something that is no part of the state."""

    num_turns = 0

    def ask(self) -> Any:
        self.num_turns += 1
        return super().ask()

    def _training(self, epochs: int) -> TrainSupernet:
        return dataclasses.replace(
            super()._training(epochs), seed=self.num_turns
        )


class _LosesJobs(_Sound):
    def set_state(self, state: Any) -> None:
        super().set_state({**state, "asked": {}, "results": {}})


class _MindsTheOrder(_Sound):
    def plan(self) -> Plan:
        yield from super().plan()
        self.note(RunFailed(error=str(list(self._results))))


class _BelievesTheLast(_Sound):
    def tell(self, job_id: str, result: Result) -> None:
        self._results.pop(job_id, None)
        super().tell(job_id, result)

    def plan(self) -> Plan:
        results = yield [self._training(1)]
        if isinstance(results[0], Failed):
            yield [self._training(2)]


class _TakesAnyResult(_Sound):
    def tell(self, job_id: str, result: Result) -> None:
        self._results[job_id] = result


class _TakesAnyState(_Sound):
    def set_state(self, state: Any) -> None:
        del state


class _GoesOnAfterTheEnd(_Sound):
    def ask(self) -> Any:
        return self._training(4) if self._is_done else super().ask()


class _ChangesHistory(_Sound):
    def plan(self) -> Plan:
        self.note(RunFinished())
        yield [self._training(1)]
        self.history[0] = Entry("0", RunFinished())


class _GivesUp(_Sound):
    def plan(self) -> Plan:
        results = yield [self._evaluation()]
        if not isinstance(results[0], Failed):
            yield [self._training(1)]


class _IgnoresFailures(_Sound):
    def plan(self) -> Plan:
        for epochs in (1, 2):
            yield [self._training(epochs)]


class _HidesFailures(_Sound):
    def ask(self) -> Any:
        try:
            return super().ask()
        except SearchError as error:
            raise SearchError("It failed.") from error


@pytest.mark.parametrize(
    ("law_name", "make", "words"),
    [
        ("equal_seeds_ask_for_equal_jobs", _HasItsOwnChance, "same seed"),
        ("other_seeds_ask_for_other_jobs", _IgnoresItsSeed, "0 and 1"),
        ("jobs_lie_in_the_space", _LeavesTheSpace, r"\(9,\)"),
        ("resumes_from_its_state", _LosesJobs, "out are"),
        ("resumes_from_its_state", _CountsItsTurns, "every turn"),
        ("the_order_of_telling_changes_nothing", _MindsTheOrder, "history"),
        ("telling_twice_is_telling_once", _BelievesTheLast, "told twice"),
        ("an_unknown_job_is_refused", _TakesAnyResult, "was taken"),
        ("stays_done", _GoesOnAfterTheEnd, "then asked for"),
        ("a_state_of_another_search_is_refused", _TakesAnyState, "was taken"),
        ("the_history_only_grows", _ChangesHistory, "was changed"),
        ("a_failed_evaluation_is_survived", _GivesUp, "any more"),
        ("a_failed_training_ends_it_clearly", _IgnoresFailures, "returned"),
        ("a_failed_training_ends_it_clearly", _HidesFailures, "mention"),
    ],
)
def test_an_unsound_method_breaks_its_law(
    law_name: str, make: Callable[[int], Method], words: str
) -> None:
    (law,) = (each for each in METHOD_LAWS if each.__name__ == law_name)
    with pytest.raises(AssertionError, match=words):
        law(make, WORKER.run, SPACE)
