"""A worker that shares no folder with the search: files come and go with jobs.

It runs where an engine started it. Nothing in here knows how it is called.
"""

import collections
import concurrent.futures
import dataclasses
import hashlib
import json
import logging
import pathlib
import tempfile
import traceback
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from nse_tf.datasets import ImageData, ImageSet
from nse_tf.distribute.identity import deciding_versions
from nse_tf.export.machine import describe_machine
from nse_tf.jobs import Job, job_from_json, result_to_json
from nse_tf.spaces import SearchSpace
from nse_tf.spaces.files import write_bytes
from nse_tf.supernet import Networks
from nse_tf.training import ChildRecipe, SupernetRecipe, Worker
from nse_tf.training.callbacks import FileEvaluator
from nse_tf.training.progress import Progress
from nse_tf.training.sent_files import SentFiles
from nse_tf.training.teaching import TeacherFile
from nse_tf.training.trainings import Trainings

LOGGER = logging.getLogger("nse_tf")
_THREAD = "nse_tf_job"
MOST_LINES = 50
FOLDERS = ("supernet", "children")

Content = npt.NDArray[np.uint8]
# Files by name: the SHA-256 of each, and what `fetch` makes its content of.
Sent = Mapping[str, tuple[str, Any]]


@dataclasses.dataclass(frozen=True, kw_only=True)
class WorkerParts:
    """What a worker is made of, wherever it is made.

    Attributes:
        space: The full space of the search.
        networks: Makes its networks.
        data: Training and validation images.
        supernet_recipe: How shared weights are trained.
        child_recipe: How a child is trained alone.
        evaluate_file: See `training.Worker`.
        callbacks: See `training.Worker`; each worker gets a copy.
        teacher: See `training.Worker`.
    """

    space: SearchSpace
    networks: Networks
    data: ImageData
    supernet_recipe: SupernetRecipe
    child_recipe: ChildRecipe
    evaluate_file: FileEvaluator | None = None
    callbacks: Sequence[keras.callbacks.Callback] = ()
    teacher: TeacherFile | None = None

    @property
    def num_bytes(self) -> int:
        """Bytes of all images."""
        data = self.data
        parts = {id(part): part for part in (data.train, data.validation)}
        return sum(part.images.nbytes for part in parts.values())

    def trainings(self, strategy: tf.distribute.Strategy | None) -> Trainings:
        """Returns how its jobs train.

        Args:
            strategy: Shares each batch among devices; None trains on one.
        """
        return Trainings(
            space=self.space,
            networks=self.networks,
            data=self.data,
            supernet_recipe=self.supernet_recipe,
            child_recipe=self.child_recipe,
            strategy=strategy,
            teacher=self.teacher,
        )

    def worker(
        self,
        folder: pathlib.Path,
        make: Callable[..., Any] = Worker,
        **more: Any,
    ) -> Any:
        """Returns what does jobs in a folder.

        Args:
            folder: The run's folder, or the one that stands for it.
            make: Makes it; takes the arguments of `training.Worker`.
            **more: Further arguments of it.
        """
        return make(
            self.space,
            self.data,
            folder,
            self.supernet_recipe,
            self.child_recipe,
            networks=self.networks,
            evaluate_file=self.evaluate_file,
            callbacks=self.callbacks,
            teacher=self.teacher,
            **more,
        )

    def in_memory(self) -> "WorkerParts":
        """Returns the same with images as arrays, none of them in a file.

        The test part is left out: no job looks at it.
        """
        data = self.data
        validation = _read(data.validation)
        read = dataclasses.replace(
            data,
            train=_read(data.train),
            validation=validation,
            test=validation,
        )
        return dataclasses.replace(self, data=read)


def _read(images: ImageSet) -> ImageSet:
    return ImageSet(np.asarray(images.images), images.labels)


class RemoteWorker:
    """Does the jobs that it is sent, in a folder of its own.

    Args:
        parts: What it is made of.
        compute_threads: Threads of TensorFlow; None leaves them to it.
        fetch: Returns the content of a file that was sent.
        make_worker: Makes what does the jobs.
    """

    def __init__(
        self,
        parts: WorkerParts,
        compute_threads: int | None,
        fetch: Callable[[Any], Content],
        make_worker: Callable[..., Any] = Worker,
    ) -> None:
        if compute_threads is not None:
            threading = tf.config.threading
            threading.set_intra_op_parallelism_threads(compute_threads)
            threading.set_inter_op_parallelism_threads(compute_threads)
        self._fetch = fetch
        self._scratch = tempfile.TemporaryDirectory(
            prefix="nse_tf_worker_", ignore_cleanup_errors=True
        )
        self._folder = pathlib.Path(self._scratch.name)
        self._files = SentFiles(self._folder)
        self._there: dict[str, str] = {}
        self._job: Job | None = None
        self._reported: tuple[str, int] | None = None
        self._lines = _LastLines()
        LOGGER.addHandler(self._lines)
        # Keras keeps a state for each thread; jobs must share one.
        self._thread = concurrent.futures.ThreadPoolExecutor(
            max_workers=1, thread_name_prefix=_THREAD
        )
        self._worker = parts.worker(self._folder, make_worker)

    def join(self) -> dict[str, Any]:
        """Returns what decides whether it fits the search."""
        return {
            "versions": deciding_versions(),
            "processor": describe_machine().cpu,
        }

    def run(self, job_text: str, sent: Sent) -> dict[str, Any]:
        """Does a job.

        Args:
            job_text: The job, as JSON.
            sent: The files that it reads, and no others.

        Returns:
            `result` as JSON and the `files` that belong to it, or the traceback
            of an `error`; and `lines` to log.
        """
        return self._thread.submit(self._done, job_text, sent).result()

    def _done(self, job_text: str, sent: Sent) -> dict[str, Any]:
        job = job_from_json(json.loads(job_text))
        try:
            self._receive(sent)
            self._job, self._reported = job, None
            result = self._worker.run(job)
            files = {
                name: self._content(name)
                for name in self._files.left_by(job, result)
            }
        except Exception:  # Who deals the jobs decides what follows.
            return {
                "error": traceback.format_exc(),
                "lines": self._lines.take(),
            }
        finally:
            self._job = None
        return {
            "result": json.dumps(result_to_json(result)),
            "files": files,
            "lines": self._lines.take(),
        }

    def report(self) -> dict[str, Any]:
        """Returns what it is `doing`, and a `partial` checkpoint if it is new.

        May be called while it does a job.
        """
        job = self._job
        return {
            "doing": Progress.present,
            "job": None if job is None else job.id,
            "partial": None if job is None else self._news(job),
            "lines": self._lines.take(),
        }

    def leave(self) -> None:
        """Removes its folder; a job that is not done has no end then."""
        LOGGER.removeHandler(self._lines)
        self._thread.shutdown(wait=False, cancel_futures=True)
        self._scratch.cleanup()

    def _receive(self, sent: Sent) -> None:
        """Makes the folder hold what was sent, and no other weights."""
        for folder in FOLDERS:
            for path in (self._folder / folder).glob("*"):
                name = path.relative_to(self._folder).as_posix()
                if name not in sent or self._there.get(name) != sent[name][0]:
                    path.unlink()
                    self._there.pop(name, None)
        for name, (digest, handle) in sent.items():
            if name not in self._there:
                write_bytes(self._folder / name, bytes(self._fetch(handle)))
                self._there[name] = digest

    def _content(self, name: str) -> Content:
        content = (self._folder / name).read_bytes()
        self._there[name] = hashlib.sha256(content).hexdigest()
        return np.frombuffer(content, np.uint8)

    def _news(self, job: Job) -> Content | None:
        """Returns a job's checkpoint if none that is as new was returned."""
        path = self._files.partial(job)
        if path is None:
            return None
        try:
            stamp = job.id, path.stat().st_mtime_ns
            if stamp == self._reported:
                return None
            content = path.read_bytes()
        except FileNotFoundError:  # None yet, or the job has just ended.
            return None
        self._reported = stamp
        return np.frombuffer(content, np.uint8)


class _LastLines(logging.Handler):
    """Keeps the warnings of jobs, for who deals them to log."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._lines: collections.deque[str] = collections.deque(
            maxlen=MOST_LINES
        )

    def emit(self, record: logging.LogRecord) -> None:
        """Keeps a line, if it is of a job."""
        if (record.threadName or "").startswith(_THREAD):
            self._lines.append(record.getMessage())

    def take(self) -> list[str]:
        """Returns the lines since the last call."""
        lines: list[str] = []
        while self._lines:
            lines.append(self._lines.popleft())
        return lines
