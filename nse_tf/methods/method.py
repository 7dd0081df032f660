"""The Method protocol, and methods that are written as plans.

A plan is a generator: it yields a list of jobs, is sent the list of their
results, and ends. Its whole state is the results it was sent, so saving a
search is saving those, and resuming is replaying the plan, which costs
arithmetic and no training. Nothing else can fall out of step.
"""

import abc
import contextlib
import copy
import dataclasses
import json
from collections.abc import Generator, Sequence
from typing import Any, Self, TypeVar

import numpy as np

from nse_tf.events import Entry, Event, new_entry
from nse_tf.jobs import (
    ArchitectureTrained,
    Failed,
    Job,
    Result,
    SupernetTrained,
    digest_of,
    result_from_json,
    result_to_json,
)

SCHEMA = "nse_tf.method/1"

Value = TypeVar("Value")
Kind = TypeVar("Kind", bound=Event)
Steps = Generator[Sequence[Job], list[Result], Value]
Plan = Steps[None]


@dataclasses.dataclass(frozen=True)
class Wait:
    """No job can be asked for before a job that is out gets its result."""


@dataclasses.dataclass(frozen=True)
class Done:
    """The search has ended."""


class SearchError(RuntimeError):
    """The search cannot continue; the message says why."""


class Method(abc.ABC):
    """Asks for jobs and receives their results, in any order.

    The first `ask` decides the same first job for the same settings and seed,
    and so does every later one for the same results. Telling a result twice is
    telling it once.

    Attributes:
        objective: What evaluated and trained children are compared by; one of
            `jobs.built.CHOICES["objective"]`.
        history: What the plan decided so far, as events with unique ids.
            Reports are made from it.

    Example:
        A method under the simplest loop, with a worker that does any job:

            for job in method.out:  # Left by an interrupted run.
                method.tell(job.id, worker.run(job))
            while not isinstance(job := method.ask(), Done):
                method.tell(job.id, worker.run(job))
    """

    def __init__(self, objective: str = "accuracy") -> None:
        self.objective = objective
        self.history: list[Entry] = []
        self._results: dict[str, Result] = {}
        self._asked: dict[str, str] = {}
        self._batch: list[Job] = []
        self._plan: Plan | None = None
        self._num_jobs = 0
        self._is_done = False

    @abc.abstractmethod
    def plan(self) -> Plan:
        """Yields lists of jobs; is sent the list of their results.

        It must come to the same jobs whenever it is sent the same results, and
        takes their ids from `new_job_id`. To end a search that cannot continue,
        it raises `SearchError` or lets a `ValueError` pass.
        """

    @abc.abstractmethod
    def describe(self) -> dict[str, Any]:
        """Returns all settings as a JSON value; states are matched by it."""

    @property
    def out(self) -> tuple[Job, ...]:
        """The jobs that were asked for and have no result yet."""
        return tuple(
            job
            for job in self._batch
            if job.id in self._asked and job.id not in self._results
        )

    @property
    def failed(self) -> tuple[str, ...]:
        """The ids of the failed jobs at which the plan stopped, if it did."""
        if self._plan is not None or self._is_done:
            return ()
        return tuple(
            job.id
            for job in self._batch
            if isinstance(self._results.get(job.id), Failed)
        )

    def ask(self) -> Job | Wait | Done:
        """Returns the next job, `Wait`, or `Done`.

        Raises:
            SearchError: If the search cannot continue; every later call says so
                again.
        """
        self._advance()
        if self._is_done:
            return Done()
        for job in self._batch:
            if job.id not in self._asked:
                self._asked[job.id] = digest_of(job)
                return job
        return Wait()

    @property
    def is_done(self) -> bool:
        """Whether nothing is left to ask for.

        Raises:
            SearchError: If the search cannot continue.
        """
        self._advance()
        return self._is_done

    def tell(self, job_id: str, result: Result) -> None:
        """Notes the result of a job that was asked for.

        Raises:
            KeyError: If no such job was asked for.
        """
        if job_id not in self._asked:
            raise KeyError(
                f"No job {job_id!r} was asked for; out are "
                f"{[job.id for job in self.out]}."
            )
        self._results.setdefault(job_id, result)

    def fail(self, job_id: str, error: str) -> None:
        """Notes that a job cannot be done; the plan decides what follows."""
        self.tell(job_id, Failed(error))

    def get_settings(self) -> dict[str, Any]:
        """Returns what `describe` says, as it comes back from a file."""
        settings: dict[str, Any] = json.loads(json.dumps(self.describe()))
        return settings

    def get_state(self) -> dict[str, Any]:
        """Returns the whole state as a JSON value."""
        return {
            "schema": SCHEMA,
            "settings": self.get_settings(),
            "asked": dict(self._asked),
            "results": {
                job_id: result_to_json(result)
                for job_id, result in self._results.items()
            },
        }

    def set_state(self, state: Any) -> None:
        """Resumes from a state that `get_state` returned.

        Jobs that were out then are out again, see `out`.

        Raises:
            ValueError: If it is damaged or that of other settings; says which.
        """
        schema = state.get("schema") if isinstance(state, dict) else None
        if schema != SCHEMA:
            raise ValueError(
                f"Not a method's state of schema {SCHEMA!r}: {schema!r}."
            )
        try:
            theirs, asked = dict(state["settings"]), dict(state["asked"])
            results = {
                job_id: result_from_json(value)
                for job_id, value in state["results"].items()
            }
        except (AttributeError, KeyError, TypeError) as error:
            raise ValueError(f"The state is damaged: {error!r}.") from error
        ours = self.get_settings()
        differing = [
            f"`{name}` was {theirs.get(name)!r} and is {ours.get(name)!r}"
            for name in sorted({*ours, *theirs})
            if ours.get(name) != theirs.get(name)
        ]
        if differing:
            raise ValueError(
                f"The state is that of another search: {'; '.join(differing)}."
            )
        self._results, self._asked = results, asked
        self._batch, self._plan, self._is_done = [], None, False
        with contextlib.suppress(SearchError):  # For `ask` to say.
            self._advance()

    def noted(self, kind: type[Kind]) -> list[Kind]:
        """Returns the events of one kind in the history, in order."""
        return [
            entry.event
            for entry in self.history
            if isinstance(entry.event, kind)
        ]

    def result_of(self, job_id: str) -> Result | None:
        """Returns a job's result; None as long as it was not told."""
        return self._results.get(job_id)

    def afresh(self) -> Self:
        """Returns the same search before its first job.

        What is told to one is not known to the other.
        """
        other = copy.copy(self)
        other.history, other._batch = [], []
        other._results, other._asked = {}, {}
        other._plan, other._num_jobs, other._is_done = None, 0, False
        return other

    def note(self, event: Event) -> None:
        """Adds an event to the history; for plans."""
        self.history.append(new_entry(f"{len(self.history):05d}", event))

    def new_rng(self, seed: int, purpose: int) -> np.random.Generator:
        """Returns a generator for one purpose at this point; for plans.

        It is exact by seed, purpose, and how many jobs were asked for before.
        """
        return np.random.default_rng([seed, purpose, self._num_jobs])

    def new_job_id(self, kind: str) -> str:
        """Returns an id made of order and kind; for plans."""
        self._num_jobs += 1
        return f"{self._num_jobs - 1:05d}_{kind}"

    def _advance(self) -> None:
        """Sends the plan every batch of results that is complete."""
        if self._is_done:
            return
        try:
            if self._plan is None:
                self.history, self._num_jobs = [], 0
                self._plan = self.plan()
                self._batch = self._checked(next(self._plan))
            while all(job.id in self._results for job in self._batch):
                results = [self._results[job.id] for job in self._batch]
                self._batch = self._checked(self._plan.send(results))
        except StopIteration:
            self._batch, self._is_done = [], True
        except BaseException as error:
            self._plan = None  # The next ask replays the plan to the same end.
            if isinstance(error, ValueError):
                raise SearchError(str(error)) from error
            raise

    def _checked(self, jobs: Sequence[Job]) -> list[Job]:
        """Returns jobs whose results cannot be confused.

        Raises:
            SearchError: If two share an id, or one is not what it was when it
                was asked for. Then a result would go to another job.
        """
        ids = [job.id for job in jobs]
        if len(set(ids)) < len(ids):
            raise SearchError(f"The plan gave several jobs one id: {ids}.")
        for job in jobs:
            if self._asked.get(job.id, digest := digest_of(job)) != digest:
                raise SearchError(
                    f"Job {job.id!r} is not what it was when it was asked for: "
                    "the state was written by another version of nse_tf or "
                    "numpy. Resume with that version, or start over."
                )
        return list(jobs)


def require(result: Result, kind: type[Value], job: Job) -> Value:
    """Returns a result of the wanted kind; for plans.

    Raises:
        SearchError: If the job failed, or came back with something else.
    """
    if isinstance(result, kind):
        return result
    reason = result.error if isinstance(result, Failed) else f"got {result!r}"
    raise SearchError(f"Job {job.id!r} failed, and nothing follows: {reason}")


def require_architecture(
    trained: SupernetTrained, job: Job
) -> ArchitectureTrained:
    """Returns what architecture parameters came to; for plans.

    Raises:
        SearchError: If none were trained.
    """
    if trained.architecture is None:
        raise SearchError(
            f"Job {job.id!r} came back without architecture parameters."
        )
    return trained.architecture
