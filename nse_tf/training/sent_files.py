"""The files that a job reads and leaves, for workers that share no folder."""

import dataclasses
import hashlib
import pathlib

from nse_tf.jobs import (
    ChildTrained,
    EvaluateChildren,
    Job,
    Result,
    SupernetTrained,
    TrainChild,
    TrainSupernet,
)
from nse_tf.spaces.files import write_bytes
from nse_tf.spaces.sealed_files import DamagedError
from nse_tf.training.checkpoints import Checkpoint
from nse_tf.training.weight_files import WeightFiles


class SentFiles:
    """Which files of a folder a job needs, and which it leaves there.

    Both sides ask it: who deals jobs out, about the run's folder, and who does
    them, about a folder of its own that has only what was sent.

    Args:
        folder: The run's folder, or the one that stands for it.
    """

    def __init__(self, folder: pathlib.Path) -> None:
        self._folder = folder
        self._weights = WeightFiles(folder / "supernet")
        self._children = WeightFiles(folder / "children")
        # So that a file is checked once, not for each of a thousand workers.
        self._intact: dict[str, tuple[int, int]] = {}

    def pinned(self, job: Job) -> Job:
        """Returns a job with the weights named that None stands for.

        A worker may hold others than those that were trained last.
        """
        if isinstance(job, EvaluateChildren) and job.supernet is None:
            return dataclasses.replace(job, supernet=self._weights.latest())
        return job

    def read_by(self, job: Job) -> tuple[str, ...]:
        """Returns the files that a job reads, relative to the folder.

        Raises:
            LostWeightsError: If weights that it builds on are not there.
            ValueError: If they are others than it names.
        """
        paths = list(self._built_on(job))
        files = self._files(job)
        if files is not None:
            own = (files.finished(job.id), files.partial(job.id))
            paths += [path for path in own if path.exists()]
        return tuple(
            path.relative_to(self._folder).as_posix() for path in paths
        )

    def left_by(self, job: Job, result: Result) -> tuple[str, ...]:
        """Returns the files that hold a part of a job's result."""
        match result:
            case SupernetTrained():
                return (self._name(self._weights.finished(job.id)),)
            case ChildTrained():
                return (self._name(self._model(job)),)
        return ()

    def partial(self, job: Job) -> pathlib.Path | None:
        """Returns where a job keeps what it came to so far, if it does."""
        files = self._files(job)
        return None if files is None else files.partial(job.id)

    def keep(self, job: Job, result: Result, sent: dict[str, bytes]) -> None:
        """Takes the files that a job left with another process.

        Raises:
            ValueError: If one is missing, damaged, or not what the result says.
        """
        for name in self.left_by(job, result):
            if name not in sent:
                raise ValueError(f"Job {job.id!r} came back without {name}.")
            if isinstance(result, SupernetTrained):
                weights = Checkpoint.from_bytes(sent[name], name)
                found, wanted = weights.digest, result.weights_sha256
                if weights.job_id != job.id or found != wanted:
                    raise DamagedError(_others(job, name))
                self._weights.keep(weights, is_finished=True)
            elif isinstance(result, ChildTrained):
                digest = hashlib.sha256(sent[name]).hexdigest()
                if digest != result.model_sha256 or name != result.model_file:
                    raise DamagedError(_others(job, name))
                write_bytes(self._folder / name, sent[name])
                self._children.drop_partial(job.id)

    def keep_partial(self, job: Job, content: bytes) -> None:
        """Takes what a job came to so far with another process.

        Raises:
            ValueError: If it is damaged, or of another job.
        """
        path = self.partial(job)
        if path is None:
            raise ValueError(f"Job {job.id!r} leaves nothing half-way.")
        name = self._name(path)
        if Checkpoint.from_bytes(content, name).job_id != job.id:
            raise DamagedError(_others(job, name))
        write_bytes(path, content)

    def _files(self, job: Job) -> WeightFiles | None:
        """Returns where a training keeps its checkpoints."""
        match job:
            case TrainSupernet():
                return self._weights
            case TrainChild():
                return self._children
        return None

    def _built_on(self, job: Job) -> tuple[pathlib.Path, ...]:
        """Returns the finished weights that a job builds on."""
        found: tuple[str | None, ...] = ()
        match job:
            case TrainSupernet() if job.start.source != "fresh":
                found = (job.start.weights or self._weights.latest(),)
            case EvaluateChildren():
                found = (job.supernet or self._weights.latest(),)
            case TrainChild():
                teacher = job.teacher
                found = (job.inherits, teacher.weights if teacher else None)
        return tuple(
            self._intact_file(each) for each in dict.fromkeys(found) if each
        )

    def _intact_file(self, reference: str) -> pathlib.Path:
        """Returns the file of finished weights, which is as it was written."""
        path = self._weights.finished(reference.partition("#")[0])
        if not path.exists() or self._intact.get(reference) != _stamp(path):
            self._weights.load_finished(reference)
            self._intact[reference] = _stamp(path)
        return path

    def _model(self, job: Job) -> pathlib.Path:
        return self._children.folder / f"{job.id}.keras"

    def _name(self, path: pathlib.Path) -> str:
        return path.relative_to(self._folder).as_posix()


def _stamp(path: pathlib.Path) -> tuple[int, int]:
    about = path.stat()
    return about.st_mtime_ns, about.st_size


def _others(job: Job, name: str) -> str:
    return f"What came back of job {job.id!r} as {name} is not what it made."
