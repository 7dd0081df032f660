"""Saves and resumes the training of shared weights, to the epoch."""

import dataclasses
import io
import json
import pathlib
import zipfile
from typing import Any

import numpy as np

from nse_tf.spaces.files import write_bytes

SCHEMA = "nse_tf.supernet/1"
LISTS = ("weights", "momenta", "base")

# What reading a damaged archive of arrays was seen to raise.
DAMAGES = (
    OSError,
    EOFError,
    KeyError,
    RuntimeError,
    TypeError,
    ValueError,
    zipfile.BadZipFile,
)


@dataclasses.dataclass(frozen=True)
class Checkpoint:
    """All that the training of a supernet goes on from.

    Orders of data and draws of paths follow from seed and epoch, so they need
    no state.

    Attributes:
        job_id: The job that was being done.
        origin: Digest of all that decides how it goes, so that the checkpoint
            of another run is not mistaken for that of the same job.
        losses: Mean loss of each epoch of it that is done.
        weights: Values of all variables, in the supernet's order.
        momenta: Of the trainable ones.
        base: Kernels that angles are measured from.
        fingerprint: Of the space.
    """

    job_id: str
    origin: str
    losses: tuple[float, ...]
    weights: list[np.ndarray]
    momenta: list[np.ndarray]
    base: list[np.ndarray]
    fingerprint: str

    def save(self, path: pathlib.Path) -> None:
        """Writes the checkpoint, whole or not at all."""
        about = {
            "schema": SCHEMA,
            "job_id": self.job_id,
            "origin": self.origin,
            "losses": list(self.losses),
            "fingerprint": self.fingerprint,
            "counts": {name: len(getattr(self, name)) for name in LISTS},
        }
        arrays = {"about": np.frombuffer(json.dumps(about).encode(), np.uint8)}
        for name in LISTS:
            for index, value in enumerate(getattr(self, name)):
                arrays[f"{name}_{index}"] = value
        content = io.BytesIO()
        np.savez(content, **arrays)  # type: ignore[arg-type]
        write_bytes(path, content.getvalue())

    @classmethod
    def load(cls, path: pathlib.Path) -> "Checkpoint":
        """Returns the checkpoint of a file.

        Raises:
            ValueError: If the file is damaged or of another kind.
        """
        try:
            with path.open("rb") as file, np.load(file) as arrays:
                about: dict[str, Any] = json.loads(arrays["about"].tobytes())
                if about["schema"] != SCHEMA:
                    raise ValueError(f"it is of schema {about['schema']!r}")
                lists = {
                    name: [
                        arrays[f"{name}_{index}"]
                        for index in range(about["counts"][name])
                    ]
                    for name in LISTS
                }
                return cls(
                    job_id=about["job_id"],
                    origin=about["origin"],
                    losses=tuple(about["losses"]),
                    fingerprint=about["fingerprint"],
                    **lists,
                )
        except DAMAGES as error:
            raise ValueError(
                f"{path} is no checkpoint of schema {SCHEMA!r} that can be "
                f"read: {error}. Start anew in another folder."
            ) from error
