"""How long a search will take, reckoned by hand."""

from typing import Any

import pytest

from nse_tf.distribute.shards import shard_of
from nse_tf.jobs import (
    ChildrenEvaluated,
    ChildTrained,
    EvaluateChildren,
    Failed,
    Job,
    RateSchedule,
    Result,
    SupernetTrained,
    TrainChild,
    TrainSupernet,
)
from nse_tf.methods import Method, Plan
from nse_tf.methods.forecast import Forecast, Outlook

CHILD = ((0,),)
# 10 epochs of 100 images, forward and backward: 3,000 passes.
SUPERNET = 3_000
# 10 children on 50 validation images: 500 passes.
CHILDREN = 500
# 5 epochs of 100 images, forward and backward: 1,500 passes.
ALONE = 1_500


class ThreeJobs(Method):
    """Trains a supernet, again where no child of it is right, and a child."""

    def describe(self) -> dict[str, Any]:
        """Returns no settings."""
        return {}

    def plan(self) -> Plan:
        """Asks for a training, an evaluation and a training alone."""
        (found,) = yield [self._supernet()]
        (found,) = yield [self._children()]
        assert isinstance(found, ChildrenEvaluated)
        if not max(found.accuracies):
            yield [self._supernet()]
            yield [self._children()]
        yield [
            TrainChild(
                id=self.new_job_id("train_child"),
                child=CHILD,
                epochs=5,
                uses_validation=False,
                inherited_accuracy=0.5,
                seed=0,
            )
        ]

    def _supernet(self) -> Job:
        return TrainSupernet(
            id=self.new_job_id("train_supernet"),
            active=((0, 1),),
            epochs=10,
            schedule=RateSchedule(first=0.1),
            seed=0,
        )

    def _children(self) -> Job:
        return EvaluateChildren(
            id=self.new_job_id("evaluate_children"),
            children=(CHILD,) * 10,
            calibration_images=0,
        )


class Clock:
    """A clock that stands still until it is set forward."""

    now = 100.0

    def __call__(self) -> float:
        """Returns the time."""
        return self.now


def result_of(job: Job, seconds: float, accuracy: float = 0.5) -> Result:
    """Returns a result that took so long."""
    match job:
        case TrainSupernet():
            return SupernetTrained(
                losses=(1.0,) * job.epochs,
                angle_sums=(),
                backbone_sums=(0.0, 1.0, 1.0),
                seconds=seconds,
                weights_sha256="0" * 64,
            )
        case EvaluateChildren():
            return ChildrenEvaluated(
                accuracies=(accuracy,) * len(job.children), seconds=seconds
            )
        case TrainChild():
            return ChildTrained(
                losses=(1.0,) * job.epochs,
                validation_accuracy=accuracy,
                model_file="child.keras",
                model_sha256="0" * 64,
                seconds=seconds,
            )
    raise ValueError(job)


class Run:
    """A search, its forecast, and a clock that its jobs set forward."""

    def __init__(self, method: Method | None = None, later: float = 0) -> None:
        self.method, self.clock = method or ThreeJobs(), Clock()
        self.forecast = Forecast(
            self.method,
            lambda job: result_of(job, seconds=0.0),
            num_train=100,
            num_validation=50,
            later_seconds=later,
            clock=self.clock,
        )

    def begin(self) -> Job:
        """Asks for a job and begins it."""
        job = self.method.ask()
        assert isinstance(job, Job)
        self.forecast.begin(job, job.id)
        return job

    def end(self, job: Job, seconds: float, accuracy: float = 0.5) -> None:
        """Ends a job that began just now."""
        self.clock.now += seconds
        result = result_of(job, seconds, accuracy)
        self.method.tell(job.id, result)
        self.forecast.end(job.id, job.id, result)


def test_nothing_is_told_before_anything_is_known() -> None:
    run = Run()
    assert run.forecast.outlook() is None
    run.begin()
    run.clock.now += 5
    assert run.forecast.outlook() is None
    assert run.forecast.outlook(share=0.0, seconds_left=0.0) is None


def test_a_part_of_the_first_job_tells_of_all() -> None:
    run = Run(later=7)
    run.begin()
    run.clock.now += 15  # For half of it: a hundredth of a second a pass.
    left = (SUPERNET / 2 + CHILDREN + ALONE) / 100 + 7
    assert run.forecast.outlook(0.5, seconds_left=15) == pytest.approx(
        (15 / (15 + left), left)
    )


def test_each_kind_has_its_own_rate_once_it_was_done() -> None:
    run = Run()
    run.end(run.begin(), seconds=30)
    assert run.forecast.outlook() == pytest.approx((0.6, 20.0))
    run.end(run.begin(), seconds=2.5)
    # 32.5 seconds for 3,500 passes, and the child is of a kind not done yet.
    left = ALONE * 32.5 / 3_500
    assert run.forecast.outlook() == pytest.approx((32.5 / (32.5 + left), left))
    job = run.begin()
    run.clock.now += 40
    outlook = run.forecast.outlook(0.25, seconds_left=3 * 40)
    assert outlook is not None
    assert outlook.seconds_left == pytest.approx(3 * 40)
    run.end(job, seconds=120)
    assert run.forecast.outlook() == Outlook(1.0, 0.0)


def test_another_turn_is_rehearsed_anew() -> None:
    run = Run()
    run.end(run.begin(), seconds=30)
    run.end(run.begin(), seconds=5, accuracy=0.0)
    assert isinstance(run.begin(), TrainSupernet)
    outlook = run.forecast.outlook(0.1, seconds_left=27)
    assert outlook is not None
    assert outlook.seconds_left == pytest.approx(27 + 5 + ALONE * 35 / 3_500)


def test_a_resumed_search_knows_what_it_took_before() -> None:
    first = Run()
    first.end(first.begin(), seconds=30)
    loaded = ThreeJobs()
    loaded.set_state(first.method.get_state())
    run = Run(loaded)
    assert run.forecast.outlook() == pytest.approx((0.6, 20.0))
    run.begin()
    run.clock.now += 2
    outlook = run.forecast.outlook(0.5, seconds_left=4)
    assert outlook is not None
    # 30 s for 3,000 passes, and 4 for the second half of the children's.
    assert outlook.seconds_left == pytest.approx(4 + ALONE * 34 / 3_250)


def test_shards_of_two_workers_take_half_the_time() -> None:
    run = Run()
    run.end(run.begin(), seconds=30)
    whole = run.method.ask()
    assert isinstance(whole, EvaluateChildren)
    shards = [shard_of(whole, index, 2) for index in range(2)]
    for shard in shards:
        run.forecast.begin(shard, whole.id)
    run.clock.now += 60
    for shard in shards:
        run.forecast.end(shard.id, whole.id, result_of(shard, seconds=60))
    # 150 seconds of work in 90, and only the child is left; the method does not
    # know its children's accuracies yet.
    outlook = run.forecast.outlook()
    assert outlook is not None
    left = ALONE * 150 / 3_500 * 90 / 150
    assert outlook.seconds_left == pytest.approx(left)


def test_a_job_without_progress_is_not_done_before_it_is() -> None:
    run = Run()
    run.end(run.begin(), seconds=30)
    run.begin()
    run.clock.now += 1_000  # Where 5 were expected.
    outlook = run.forecast.outlook()
    assert outlook is not None
    assert outlook.seconds_left > 15


class Choosy(ThreeJobs):
    """Takes no result that is made up."""

    def plan(self) -> Plan:
        """Asks for a training, and looks closely at what comes back."""
        (found,) = yield [self._supernet()]
        assert isinstance(found, SupernetTrained)
        assert found.seconds > 0
        yield [self._children()]


def test_a_method_that_cannot_be_rehearsed_is_searched_all_the_same() -> None:
    run = Run(Choosy())
    run.end(run.begin(), seconds=30)
    run.end(run.begin(), seconds=5)
    assert run.method.is_done
    assert run.forecast.outlook() == Outlook(1.0, 0.0)


def test_a_failed_job_teaches_nothing() -> None:
    run = Run()
    run.end(run.begin(), seconds=30)
    job = run.begin()
    run.forecast.end(job.id, job.id, Failed("gone"))
    assert run.forecast.outlook() == pytest.approx((0.6, 20.0))


def test_a_job_that_a_killed_process_began_ends_here() -> None:
    run = Run()
    run.end(run.begin(), seconds=30)
    job = run.method.ask()
    assert isinstance(job, EvaluateChildren)
    run.end(job, seconds=5)
    # What it took is not counted, since it may have been done before.
    assert run.forecast.outlook() == pytest.approx((30 / 45, 15.0))
