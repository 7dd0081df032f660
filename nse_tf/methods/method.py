"""The Method protocol, and methods that are written as plans.

A plan is a generator: it yields a list of jobs, is sent the list of their
results, and ends. Its whole state is the results it was sent, so saving a
search is saving those, and resuming is replaying the plan, which costs
arithmetic and no training. Nothing else can fall out of step.
"""

import abc
import dataclasses
from collections.abc import Generator, Sequence
from typing import Any

from nse_tf.jobs import Failed, Job, Result, result_from_json, result_to_json

Plan = Generator[Sequence[Job], list[Result], None]


@dataclasses.dataclass(frozen=True)
class Wait:
    """All jobs that can be asked for now are out; tell one, then ask again."""


@dataclasses.dataclass(frozen=True)
class Done:
    """The search has ended."""


class SearchError(RuntimeError):
    """The search cannot go on; the message says why."""


class Method(abc.ABC):
    """Asks for jobs and is told their results, in any order.

    The first `ask` decides the same first job for the same settings and seed,
    and so does every later one for the same results. Telling a result twice is
    telling it once.

    Attributes:
        history: What the plan decided so far: JSON values with a unique `id`
            and an `event` each. Reports are made from it.

    Example:
        A method under the simplest loop, with a worker that does any job:

            while not isinstance(job := method.ask(), Done):
                method.tell(job.id, worker.run(job))
    """

    def __init__(self) -> None:
        self.history: list[dict[str, Any]] = []
        self._results: dict[str, Result] = {}
        self._asked: set[str] = set()
        self._batch: list[Job] = []
        self._plan: Plan | None = None
        self._is_done = False

    @abc.abstractmethod
    def plan(self) -> Plan:
        """Yields lists of jobs; is sent the list of their results."""

    @abc.abstractmethod
    def describe(self) -> dict[str, Any]:
        """Returns all settings as a JSON value; states are matched by it."""

    def ask(self) -> Job | Wait | Done:
        """Returns the next job, `Wait`, or `Done`.

        Raises:
            SearchError: If the search cannot go on.
        """
        if not self._is_done:
            self._advance()
        if self._is_done:
            return Done()
        for job in self._batch:
            if job.id not in self._asked and job.id not in self._results:
                self._asked.add(job.id)
                return job
        return Wait()

    def tell(self, job_id: str, result: Result) -> None:
        """Notes the result of a job that was asked for.

        Raises:
            KeyError: If no such job was asked for.
        """
        if job_id not in self._asked:
            raise KeyError(
                f"No job {job_id!r} was asked for; out are "
                f"{sorted(self._asked - set(self._results))}."
            )
        self._results.setdefault(job_id, result)

    def fail(self, job_id: str, error: str) -> None:
        """Notes that a job cannot be done; the plan decides what follows."""
        self.tell(job_id, Failed(error))

    def get_state(self) -> dict[str, Any]:
        """Returns the whole state as a JSON value."""
        return {
            "schema": "nse_tf.method/1",
            "settings": self.describe(),
            "asked": sorted(self._asked),
            "results": {
                job_id: result_to_json(result)
                for job_id, result in self._results.items()
            },
        }

    def set_state(self, state: Any) -> None:
        """Goes on from a state that `get_state` returned.

        Raises:
            ValueError: If it is the state of other settings; says which.
        """
        if (
            not isinstance(state, dict)
            or state.get("schema") != "nse_tf.method/1"
        ):
            raise ValueError(
                "Not a method's state of schema 'nse_tf.method/1'."
            )
        ours, theirs = self.describe(), state["settings"]
        differing = [
            f"{name} was {theirs.get(name)!r} and is {ours.get(name)!r}"
            for name in sorted({*ours, *theirs})
            if ours.get(name) != theirs.get(name)
        ]
        if differing:
            raise ValueError(
                "The state is that of another search: "
                + "; ".join(differing)
                + "."
            )
        self._results = {
            job_id: result_from_json(value)
            for job_id, value in state["results"].items()
        }
        self._asked = set(state["asked"]) | set(self._results)
        self._batch, self._plan, self._is_done = [], None, False
        self._advance()

    def note(self, event: str, /, **facts: Any) -> None:
        """Adds an event to the history; for plans."""
        number = len(self.history)
        self.history.append(
            {"id": f"{number:05d}_{event}", "event": event, **facts}
        )

    def _advance(self) -> None:
        """Sends the plan every batch of results that is complete."""
        try:
            if self._plan is None:
                self.history = []
                self._plan = self.plan()
                self._batch = list(next(self._plan))
            while all(job.id in self._results for job in self._batch):
                results = [self._results[job.id] for job in self._batch]
                self._batch = list(self._plan.send(results))
        except StopIteration:
            self._batch, self._is_done = [], True
        except BaseException:
            self._plan = None  # The next ask replays the plan to the same end.
            raise
