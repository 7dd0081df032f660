"""An engine whose workers are objects of this process, and do arithmetic."""

import contextlib
import dataclasses
import hashlib
import json
import pathlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from nse_tf.costs import CostModel
from nse_tf.distribute.dealing import (
    Answered,
    Joined,
    Message,
    RemoteWorkers,
)
from nse_tf.distribute.remote_worker import RemoteWorker, WorkerParts
from nse_tf.jobs import (
    ChildTrained,
    EvaluateChildren,
    Job,
    Result,
    SupernetTrained,
    TrainSupernet,
    job_to_json,
    result_from_json,
)
from nse_tf.spaces.files import write_bytes
from nse_tf.testing import FormulaWorker
from nse_tf.training.checkpoints import Checkpoint
from nse_tf.training.weight_files import WeightFiles
from tests.tuners.tiny_search import SPACE

WIDTH = 3


class FilingWorker:
    """Does jobs by arithmetic; reads and writes the files that they name."""

    def __init__(
        self, space: Any, data: Any, folder: pathlib.Path, *_: Any, **more: Any
    ) -> None:
        del space, data, more
        self._folder = folder
        self._weights = WeightFiles(folder / "supernet")
        self._arithmetic = FormulaWorker(CostModel(SPACE))

    def run(self, job: Job) -> Result:
        """Returns a job's result."""
        result = self._arithmetic.run(job)
        match job, result:
            case TrainSupernet(), SupernetTrained():
                if job.start.weights is not None:
                    self._weights.load_finished(job.start.weights)
                weights = checkpoint(job.id)
                self._weights.keep(weights, is_finished=True)
                return dataclasses.replace(
                    result, weights_sha256=weights.digest
                )
            case EvaluateChildren(), _:
                assert job.supernet is not None
                self._weights.load_finished(job.supernet)
            case _, ChildTrained():
                content = job.id.encode()
                write_bytes(self._folder / result.model_file, content)
                digest = hashlib.sha256(content).hexdigest()
                return dataclasses.replace(result, model_sha256=digest)
        return result


def checkpoint(job_id: str) -> Checkpoint:
    """Returns weights that no two jobs have in common."""
    return Checkpoint(
        job_id=job_id,
        config_digest="",
        losses=(1.0,),
        weights=[np.frombuffer(job_id.encode(), np.uint8)],
        momenta=[],
        base=[],
        fingerprint=SPACE.fingerprint,
    )


Submitted = tuple[str, Job, frozenset[str]]


class Here:
    """An engine whose workers are objects of this process.

    Args:
        num_workers: How many.
        instead: Is asked before each job; returns what comes in its place.
    """

    def __init__(
        self,
        num_workers: int = WIDTH,
        instead: Callable[[int, str, Job], list[Message] | None] = (
            lambda *_: None
        ),
    ) -> None:
        self.submitted: list[Submitted] = []
        self.restarted: list[str] = []
        self.fetched: list[str] = []
        self._num_workers, self._instead = num_workers, instead

    @contextlib.contextmanager
    def workers(self, parts: WorkerParts) -> Iterator[RemoteWorkers]:
        """Makes workers of their parts."""
        self._parts = parts.in_memory()
        self._workers: dict[str, RemoteWorker] = {}
        names = [f"worker-{i}" for i in range(self._num_workers)]
        self._messages: list[Message] = [self.joined(name) for name in names]
        try:
            yield self
        finally:
            for worker in self._workers.values():
                worker.leave()

    def joined(self, name: str) -> Joined:
        """Starts a worker of that name."""
        if name in self._workers:
            self._workers[name].leave()
        self._workers[name] = RemoteWorker(
            self._parts, None, self._fetch, FilingWorker
        )
        return Joined(worker=name, **self._workers[name].join())

    def _fetch(self, path: pathlib.Path) -> Any:
        self.fetched.append(path.name)
        return np.frombuffer(path.read_bytes(), np.uint8)

    def submit(
        self, worker: str, job: Job, files: Mapping[str, pathlib.Path]
    ) -> None:
        """Does a job at once."""
        self.submitted.append((worker, job, frozenset(files)))
        instead = self._instead(len(self.submitted), worker, job)
        if instead is not None:
            self._messages += instead
            return
        sent = {
            name: (hashlib.sha256(path.read_bytes()).hexdigest(), path)
            for name, path in files.items()
        }
        answer = self._workers[worker].run(json.dumps(job_to_json(job)), sent)
        if "error" in answer:
            message = Answered(worker=worker, error=answer["error"])
        else:
            message = Answered(
                worker=worker,
                result=result_from_json(json.loads(answer["result"])),
                files={k: v.tobytes() for k, v in answer["files"].items()},
            )
        self._messages.append(message)

    def wait(self, seconds: float) -> list[Message]:
        """Returns what there is."""
        del seconds
        messages, self._messages = self._messages, []
        return messages

    def restart(self, worker: str) -> None:
        """Starts a worker again."""
        self.restarted.append(worker)
        self._messages.append(self.joined(worker))

    @property
    def ids(self) -> list[str]:
        """The jobs in the order in which they were sent."""
        return [job.id for _, job, _ in self.submitted]
