"""Deals the jobs of a search out to workers that share no folder with it.

What starts the workers, and how jobs, files and answers reach them, is an
engine's: see `RemoteWorkers`. Here is which worker gets which job, and what
happens if one is lost.
"""

import contextlib
import dataclasses
import logging
import pathlib
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from nse_tf.distribute.identity import deciding_versions, differences
from nse_tf.distribute.leases import Leases
from nse_tf.distribute.remote_worker import WorkerParts
from nse_tf.export.machine import describe_machine
from nse_tf.jobs import Job, MeasureChildren, Result
from nse_tf.methods import SearchError
from nse_tf.terminal import printable
from nse_tf.training.progress import spoken_outlook
from nse_tf.training.sent_files import SentFiles
from nse_tf.training.weight_files import LostWeightsError

LOGGER = logging.getLogger("nse_tf")

# How long to wait for an answer at a time, and between two lines in a log.
CHECK_SECONDS = 0.2
LOG_SECONDS = 15.0
# A worker that reports nothing for so long is taken for dead.
SILENCE_SECONDS = 60.0
# The search gives up after so long without any worker.
PATIENCE_SECONDS = 600.0


@dataclasses.dataclass(frozen=True, kw_only=True)
class Joined:
    """A worker can take jobs.

    Attributes:
        worker: Its name.
        versions: See `deciding_versions`.
        processor: Name of its processor.
    """

    worker: str
    versions: Mapping[str, str]
    processor: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class Lost:
    """A worker is gone, and with it what it was doing."""

    worker: str
    reason: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class Answered:
    """A worker has done its job: the result, and the files that belong to it.

    In place of the result there may be the traceback of an error.
    """

    worker: str
    result: Result | None = None
    files: Mapping[str, bytes] = dataclasses.field(default_factory=dict)
    error: str = ""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Reported:
    """A worker lives: what it is doing, and a checkpoint of it if there is."""

    worker: str
    doing: str = ""
    job_id: str | None = None
    partial: bytes | None = None


Message = Joined | Lost | Answered | Reported


class RemoteWorkers(Protocol):
    """What an engine provides."""

    def submit(
        self, worker: str, job: Job, files: Mapping[str, pathlib.Path]
    ) -> None:
        """Sends a job to a worker that has none, with the files it reads."""

    def wait(self, seconds: float) -> Sequence[Message]:
        """Returns what workers sent, as soon as there is something.

        A worker that is `Lost` may join again under the same name.

        Raises:
            SearchError: If no worker can join any more.
        """

    def restart(self, worker: str) -> None:
        """Ends a worker that is silent, and starts it again elsewhere."""


class Engine(Protocol):
    """Starts workers for one search."""

    def workers(
        self, parts: WorkerParts
    ) -> contextlib.AbstractContextManager[RemoteWorkers]:
        """Returns workers that are ended with the context."""


class Trials(Protocol):
    """Who decides what is to be done, and remembers what was."""

    @property
    def folder(self) -> pathlib.Path:
        """The run's folder."""

    def is_over(self) -> bool:
        """Whether no job is out and none is left."""

    def outlook(self) -> tuple[float, float] | None:
        """See `LeasedTrials.outlook`."""

    def take(self, worker: str) -> Job | None:
        """Returns a job for a worker; None if there is none at present."""

    def job(self, job_id: str) -> Job:
        """Returns a job that was asked for before."""

    def finish(self, worker: str, result: Result) -> None:
        """Notes the result of a worker's job."""

    def fail(self, worker: str, error: str) -> None:
        """Notes that a worker could not do its job; it may be tried again."""

    def drop(self, worker: str) -> None:
        """Takes back the job of a worker that is gone, for another one."""

    def share_among(self, num_workers: int) -> None:
        """Says how many workers share the next generation."""


class Dealer:
    """Deals jobs out until a search is over.

    Jobs that measure latencies are done `here`, in this process, while no other
    job runs: on the machine on which cost tables and files are measured too.

    Args:
        trials: The search.
        workers: An engine's.
        here: Does a job in this process.
    """

    def __init__(
        self,
        trials: Trials,
        workers: RemoteWorkers,
        here: Callable[[Job], Result],
    ) -> None:
        self._trials, self._workers, self._here = trials, workers, here
        self._files = SentFiles(trials.folder)
        self._versions = deciding_versions()
        self._leases = Leases(SILENCE_SECONDS)
        self._idle: set[str] = set()
        # For each busy worker what it has to do, the present job last.
        self._busy: dict[str, list[Job]] = {}
        self._may_have_jobs = True

    def serve(self) -> None:
        """Deals until the search is over.

        Raises:
            SearchError: If there is no worker for `PATIENCE_SECONDS`.
            ValueError: If a worker does not fit the search.
        """
        logged = time.monotonic()
        while not self._trials.is_over():
            self._deal()
            for message in self._workers.wait(CHECK_SECONDS):
                self._take(message)
            self._look_after_workers()
            if time.monotonic() - logged >= LOG_SECONDS:
                logged = time.monotonic()
                LOGGER.info("%s", self._summary())

    def _summary(self) -> str:
        """Returns what the workers do, and how long the search will take."""
        summary = printable(self._leases.summary()) or "no worker yet"
        if (outlook := self._trials.outlook()) is None:
            return summary
        return f"{summary}; the whole search {spoken_outlook(*outlook)}"

    def _deal(self) -> None:
        """Gives each idle worker a job, as long as there are any.

        Whether there is one does not depend on who asks, and changes only with
        what workers send.
        """
        while self._idle and self._may_have_jobs:
            worker = min(self._idle)
            job = self._trials.take(worker)
            if job is None:
                self._may_have_jobs = False
                return
            self._idle.remove(worker)
            self._busy[worker] = [job]
            self._begin(worker)

    def _begin(self, worker: str) -> None:
        """Lets a worker begin the last of its jobs.

        Weights that are gone are trained again first.
        """
        job = self._busy[worker][-1]
        if isinstance(job, MeasureChildren):
            self._measure(worker, job)
            return
        try:
            names = self._files.read_by(job)
        except LostWeightsError as lost:
            if lost.job_id == job.id:
                self._end(worker, error=traceback.format_exc())
                return
            LOGGER.warning("%s They are trained again.", lost)
            self._busy[worker].append(self._trials.job(lost.job_id))
            self._begin(worker)
        except ValueError:
            self._end(worker, error=traceback.format_exc())
        else:
            files = {name: self._trials.folder / name for name in names}
            self._workers.submit(worker, self._files.pinned(job), files)

    def _measure(self, worker: str, job: MeasureChildren) -> None:
        """Does a job here, in a worker's name."""
        try:
            result = self._here(job)
        except Exception:  # The oracle decides what follows.
            self._end(worker, error=traceback.format_exc())
        else:
            self._end(worker, result)

    def _take(self, message: Message) -> None:
        match message:
            case Joined():
                self._admit(message)
            case Lost():
                LOGGER.warning(
                    "%s is gone (%s)%s",
                    message.worker,
                    printable(message.reason),
                    "; another worker does its job."
                    if message.worker in self._busy
                    else ".",
                )
                self._drop(message.worker)
            case Answered():
                self._leases.hear(message.worker)
                self._note(message)
            case Reported():
                self._leases.hear(message.worker, message.doing)
                self._keep_partial(message)

    def _admit(self, joined: Joined) -> None:
        """Takes a worker in.

        Raises:
            ValueError: If it has other versions than this process.
        """
        if found := differences(self._versions, joined.versions):
            raise ValueError(
                f"{joined.worker} does not fit the search (first this "
                f"process's, then the worker's): {found}. Install the same "
                "versions on all nodes."
            )
        if joined.processor != describe_machine().cpu:
            LOGGER.warning(
                "%s has another processor than this process, %s: a search by "
                "other workers may come to other bits.",
                joined.worker,
                printable(joined.processor),
            )
        LOGGER.info("%s joined.", joined.worker)
        self._leases.hear(joined.worker)
        self._idle.add(joined.worker)
        self._count()

    def _note(self, answer: Answered) -> None:
        """Keeps what came back of a job, and lets its worker go on."""
        jobs = self._busy.get(answer.worker)
        if jobs is None:  # It was taken for dead.
            return
        if answer.result is None:
            self._end(answer.worker, error=answer.error)
            return
        try:
            self._files.keep(jobs[-1], answer.result, dict(answer.files))
        except ValueError:
            self._end(answer.worker, error=traceback.format_exc())
            return
        if len(jobs) == 1:
            self._end(answer.worker, answer.result)
            return
        jobs.pop()  # It trained weights again that the next job builds on.
        self._begin(answer.worker)

    def _end(
        self, worker: str, result: Result | None = None, error: str = ""
    ) -> None:
        del self._busy[worker]
        self._idle.add(worker)
        self._may_have_jobs = True
        if result is None:
            self._trials.fail(worker, error)
        else:
            self._trials.finish(worker, result)

    def _keep_partial(self, report: Reported) -> None:
        """Keeps a checkpoint, from which another worker could go on."""
        jobs = self._busy.get(report.worker)
        if not jobs or report.partial is None or jobs[-1].id != report.job_id:
            return
        try:
            self._files.keep_partial(jobs[-1], report.partial)
        except ValueError as error:
            LOGGER.warning("%s: %s", report.worker, printable(str(error)))

    def _look_after_workers(self) -> None:
        for worker in self._leases.take_lapsed():
            LOGGER.warning(
                "%s was silent for %g s; another worker does its job.",
                worker,
                self._leases.seconds,
            )
            self._workers.restart(worker)
            self._drop(worker)
        if self._leases.workers:
            return
        if time.monotonic() - self._leases.last_heard > PATIENCE_SECONDS:
            raise SearchError(
                f"There was no worker for {PATIENCE_SECONDS:g} s: does the "
                "cluster have the processors and GPUs that each of them needs? "
                "Re-run the command to resume the search."
            )

    def _drop(self, worker: str) -> None:
        self._leases.leave(worker)
        self._idle.discard(worker)
        if self._busy.pop(worker, None) is not None:
            self._trials.drop(worker)
            self._may_have_jobs = True
        self._count()

    def _count(self) -> None:
        self._trials.share_among(max(1, len(self._leases.workers)))
