"""How long a search will still take, by a rehearsal and by what jobs took."""

import logging
import time
from collections import defaultdict
from collections.abc import Callable
from typing import NamedTuple

from nse_tf.jobs import (
    EvaluateChildren,
    Failed,
    Job,
    MeasureChildren,
    Result,
    TrainChild,
    TrainSupernet,
)
from nse_tf.methods.method import Method
from nse_tf.methods.rehearsal import rehearse

LOGGER = logging.getLogger("nse_tf")

# An image in training passes through a network forward and backward, where the
# second takes about twice as long.
_TRAINING_PASSES = 3
# Converting a file and running it counts as so many images, until it was timed.
_MEASURING_PASSES = 3_000
# What can be told of a job without progress: it is not done before it is.
_MOST_DONE = 0.95


class Outlook(NamedTuple):
    """What is to be expected of a search.

    Attributes:
        share: Of its whole time, what has passed: from 0 to 1.
        seconds_left: Until its end.
    """

    share: float
    seconds_left: float


class Forecast:
    """Tells how long a search will still take.

    A rehearsal names its jobs. How long a kind of job takes for each image that
    passes through a network is learned from those that were done, by this
    process or an earlier one; a kind that was not done yet counts like the
    others. A search that takes another turn than in its rehearsal, for instance
    since a supernet trains on, is rehearsed anew from there.

    Args:
        method: Whose jobs are done; is left as it is.
        answer: Makes up results, as a `FormulaWorker` does.
        num_train: Training images.
        num_validation: Validation images.
        later_seconds: What follows after the search, by a guess.
        clock: Returns the time, in seconds.
    """

    def __init__(
        self,
        method: Method,
        answer: Callable[[Job], Result],
        num_train: int,
        num_validation: int,
        later_seconds: float = 0.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._method, self._answer = method, answer
        self._num_train, self._num_validation = num_train, num_validation
        self._later_seconds, self._clock = later_seconds, clock
        self._began = clock()
        self._running: dict[str, tuple[Job, float]] = {}
        self._seconds: defaultdict[str, float] = defaultdict(float)
        self._passes: defaultdict[str, float] = defaultdict(float)
        self._parts: defaultdict[str, float] = defaultdict(
            float
        )  # What shards did, by job.
        self._spent_here = 0.0
        self._expected: dict[str, Job] = {}
        for job, result in self._rehearsed():
            if result is None:
                self._expected[job.id] = job
            elif not isinstance(result, Failed):
                self._learn(job, result.seconds)
        self._spent_before = sum(self._seconds.values())

    def begin(self, job: Job, whole_id: str) -> None:
        """Notes that a job, or a shard of one, is being done.

        Args:
            job: What is done.
            whole_id: Id of the job that it is, or is a shard of.
        """
        self._running[job.id] = job, self._clock()
        if whole_id not in self._expected:
            self._expected = {
                each.id: each
                for each, result in self._rehearsed()
                if result is None
            }

    def end(self, job_id: str, whole_id: str, result: Result) -> None:
        """Notes what a job, or a shard of one, came back with.

        Args:
            job_id: What was done.
            whole_id: See `begin`.
            result: What the method was, or will be, told.
        """
        job, _ = self._running.pop(job_id, (None, 0.0))
        if job is not None and not isinstance(result, Failed):
            self._learn(job, result.seconds)
            self._spent_here += result.seconds
            whole = self._expected.get(whole_id, job)
            part = self._passes_of(job) / self._passes_of(whole)
            self._parts[whole_id] += part
        if self._method.result_of(whole_id) is not None:
            self._expected.pop(whole_id, None)
            # A job of a killed process ends here without having begun here.
            self._parts.pop(whole_id, None)

    def outlook(
        self, share: float | None = None, seconds_left: float = 0.0
    ) -> Outlook | None:
        """Returns what is to be expected; None before anything is known.

        Args:
            share: What is done of the one job that is being done, from 0 to 1;
                None if that is not known, or there are several.
            seconds_left: Until that job's end, where `share` is known.
        """
        now = self._clock()
        elapsed = {each: now - at for each, (_, at) in self._running.items()}
        seconds_of = self._timing(share, seconds_left)
        if seconds_of is None:
            return None
        left = sum(map(seconds_of, self._expected.values()))
        left -= sum(
            seconds_of(self._expected[whole]) * done
            for whole, done in self._parts.items()
            if whole in self._expected
        )
        for job, _ in self._running.values():
            seconds = seconds_of(job)
            if share is None:
                left -= min(_MOST_DONE * seconds, elapsed[job.id])
            else:
                left += seconds_left - seconds
        spent = self._spent_here + sum(elapsed.values())
        # Several workers do more than a second of work in a second.
        workers = max(1.0, spent / max(now - self._began, 1e-9))
        left = max(0.0, left) / workers + self._later_seconds
        spent = self._spent_before + spent / workers
        return Outlook(spent / (spent + left), left)

    def _timing(
        self, share: float | None, seconds_left: float
    ) -> Callable[[Job], float] | None:
        """Returns how many seconds a job takes; None if nothing is known.

        See `outlook` for the arguments. What is being done tells only of a kind
        of which nothing was done before.
        """
        passes, seconds = self._passes.copy(), self._seconds.copy()
        if share is not None and len(self._running) == 1:
            ((job, _),) = self._running.values()
            if _kind_of(job) not in passes and share > 0:
                passes[_kind_of(job)] = (1 - share) * self._passes_of(job)
                seconds[_kind_of(job)] = seconds_left
        if not sum(seconds.values()):
            return None
        overall = sum(seconds.values()) / sum(passes.values())

        def seconds_of(job: Job) -> float:
            kind = _kind_of(job)
            rate = seconds[kind] / passes[kind] if passes[kind] else overall
            return rate * self._passes_of(job)

        return seconds_of

    def _rehearsed(self) -> list[tuple[Job, Result | None]]:
        """Returns the jobs of a rehearsal, up to where one broke off.

        A method of a user's own may take no result that is made up. The search
        itself is none the worse for it: its time is not told.
        """
        jobs: list[tuple[Job, Result | None]] = []
        try:
            jobs.extend(rehearse(self._method, self._answer))
        except Exception:
            LOGGER.debug("The rehearsal broke off:", exc_info=True)
        return jobs

    def _learn(self, job: Job, seconds: float) -> None:
        """Adds a job to those whose time is known."""
        self._passes[_kind_of(job)] += self._passes_of(job)
        self._seconds[_kind_of(job)] += seconds

    def _passes_of(self, job: Job) -> float:
        """Returns the passes of images forward through a network in a job."""
        match job:
            case TrainSupernet():
                return job.epochs * self._num_train * _TRAINING_PASSES
            case EvaluateChildren():
                images = job.calibration_images + self._num_validation
                return len(job.children) * images
            case MeasureChildren():
                return len(job.children) * _MEASURING_PASSES
            case TrainChild():
                images = self._num_train
                if job.uses_validation:
                    images += self._num_validation
                return job.epochs * images * _TRAINING_PASSES


def _kind_of(job: Job) -> str:
    """Returns a name for jobs whose time for an image is about the same."""
    if isinstance(job, TrainSupernet):
        rule = job.architecture.rule if job.architecture else "alone"
        return f"{job.KIND} {job.weights.rule} {rule}"
    return job.KIND
