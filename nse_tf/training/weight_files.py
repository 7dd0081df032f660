"""Where weights lie while they are trained and after: a file for each job.

A file that is damaged is set aside, never deleted, and the training that made
it goes back to what is intact.
"""

import hashlib
import io
import json
import logging
import pathlib
import tempfile
import zipfile
from typing import Any

import keras

from nse_tf.spaces.files import write_bytes
from nse_tf.spaces.sealed_files import DamagedError, set_aside
from nse_tf.training.checkpoints import Checkpoint

LOGGER = logging.getLogger("nse_tf")

# In the form of Keras; the first that a zip archive knows.
NO_DATE = "1980-01-01@00:00:00"
# What Keras calls the address of an object that several layers share.
_SHARED = "shared_object_id"


class LostWeightsError(ValueError):
    """The weights of a finished training are gone; to be trained again.

    Attributes:
        job_id: The training's job.
    """

    def __init__(self, job_id: str, path: pathlib.Path) -> None:
        super().__init__(
            f"The weights of job {job_id!r} are not there: {path}."
        )
        self.job_id = job_id


class WeightFiles:
    """The checkpoints of jobs in one folder.

    Args:
        folder: Where they lie; made with the first one.

    Attributes:
        folder: As given.
    """

    def __init__(self, folder: pathlib.Path) -> None:
        self.folder = folder

    def finished(self, job_id: str) -> pathlib.Path:
        """Returns the path of what a job came to."""
        return self.folder / f"{job_id}.npz"

    def partial(self, job_id: str) -> pathlib.Path:
        """Returns the path of what a job came to before it was broken off."""
        return self.folder / f"{job_id}.part.npz"

    def latest(self) -> str | None:
        """Returns the id of the last job that was finished, if any."""
        return max(self._finished_ids(), default=None)

    def load(self, job_id: str) -> Checkpoint | None:
        """Returns as far as a job came, as far as files are intact."""
        for path in (self.finished(job_id), self.partial(job_id)):
            if path.exists():
                try:
                    return Checkpoint.load(path)
                except DamagedError as error:
                    LOGGER.warning(
                        "%s Kept as %s; the training resumes from what "
                        "is intact.",
                        error,
                        set_aside(path).name,
                    )
        return None

    def load_finished(self, reference: str) -> Checkpoint:
        """Returns the weights that a reference names; see `jobs.weights_of`.

        Raises:
            LostWeightsError: If they are missing or damaged.
            ValueError: If they are others than the reference names.
        """
        job_id, _, digest = reference.partition("#")
        if not self.finished(job_id).exists():
            raise LostWeightsError(job_id, self.finished(job_id))
        kept = self.load(job_id)
        if kept is None or not self.finished(job_id).exists():
            raise LostWeightsError(job_id, self.finished(job_id))
        if digest and kept.digest != digest:
            raise ValueError(
                f"{self.finished(job_id)} holds weights {kept.digest[:12]}, "
                f"not {digest[:12]} as the search knows them: they come from "
                "another run, or from a machine or a number of threads that "
                "computes other bits. Start anew in another folder."
            )
        return kept

    def keep(self, checkpoint: Checkpoint, *, is_finished: bool) -> None:
        """Writes a checkpoint; of finished ones before it, keeps the last.

        Without the last one, a damaged file would send training back to its
        very beginning.
        """
        job_id = checkpoint.job_id
        if not is_finished:
            checkpoint.save(self.partial(job_id))
            return
        checkpoint.save(self.finished(job_id))
        self.drop_partial(job_id)
        for older in sorted(x for x in self._finished_ids() if x < job_id)[:-1]:
            self.finished(older).unlink(missing_ok=True)

    def drop_partial(self, job_id: str) -> None:
        """Removes what a job came to half-way, which is not needed any more."""
        self.partial(job_id).unlink(missing_ok=True)

    def _finished_ids(self) -> list[str]:
        return [
            path.stem
            for path in self.folder.glob("*.npz")
            if not path.name.startswith(".") and not path.stem.endswith(".part")
        ]


def save_model(model: keras.Model, path: pathlib.Path) -> str:
    """Writes a model whole or not at all; returns the file's SHA-256."""
    content = model_bytes(model)
    write_bytes(path, content)
    return hashlib.sha256(content).hexdigest()


def model_bytes(model: keras.Model) -> bytes:
    """Returns a model as a `.keras` file: of equal models the same bytes.

    Keras writes down when it saved, as does the zip archive, and where in
    memory objects lie that several layers share.
    """
    with tempfile.TemporaryDirectory() as folder:
        saved = pathlib.Path(folder) / "model.keras"
        model.save(saved)
        content = io.BytesIO()
        with (
            zipfile.ZipFile(saved) as parts,
            zipfile.ZipFile(content, "w") as timeless,
        ):
            for name in parts.namelist():
                part = parts.read(name)
                if name == "metadata.json":
                    facts = {**json.loads(part), "date_saved": NO_DATE}
                    part = json.dumps(facts).encode()
                if name == "config.json":
                    config = _renumbered(json.loads(part), {})
                    part = json.dumps(config).encode()
                timeless.writestr(zipfile.ZipInfo(name), part)
    return content.getvalue()


def _renumbered(value: Any, numbers: dict[int, int]) -> Any:
    """Returns a configuration whose shared objects are counted from 0.

    Args:
        value: The configuration, or a part of it.
        numbers: The number of each object that was met; grows.
    """
    if isinstance(value, dict):
        return {
            key: numbers.setdefault(each, len(numbers))
            if key == _SHARED and isinstance(each, int)
            else _renumbered(each, numbers)
            for key, each in value.items()
        }
    if isinstance(value, list):
        return [_renumbered(each, numbers) for each in value]
    return value
