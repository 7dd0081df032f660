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


@dataclasses.dataclass(frozen=True)
class Checkpoint:
    """All that the training of a supernet goes on from.

    Orders of data and draws of paths follow from seed and epoch, so they need
    no state.

    Attributes:
        job_id: The job that was being done.
        losses: Mean loss of each epoch of it that is done.
        weights: Values of all variables, in the supernet's order.
        momenta: Of the trainable ones.
        base: Kernels that angles are measured from.
        fingerprint: Of the space.
    """

    job_id: str
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
            "losses": list(self.losses),
            "fingerprint": self.fingerprint,
        }
        arrays = {"about": np.frombuffer(json.dumps(about).encode(), np.uint8)}
        for name in ("weights", "momenta", "base"):
            for index, value in enumerate(getattr(self, name)):
                arrays[f"{name}_{index:05d}"] = value
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
            with np.load(path, allow_pickle=False) as arrays:
                about: dict[str, Any] = json.loads(arrays["about"].tobytes())
                lists = {
                    name: [
                        arrays[key]
                        for key in sorted(arrays.files)
                        if key.startswith(name)
                    ]
                    for name in ("weights_", "momenta_", "base_")
                }
        except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
            raise ValueError(
                f"{path} is no checkpoint that can be read ({error}). Remove "
                "it to train the supernet anew."
            ) from error
        if about.get("schema") != SCHEMA:
            raise ValueError(
                f"{path} has schema {about.get('schema')!r}, not {SCHEMA!r}."
            )
        return cls(
            about["job_id"],
            tuple(about["losses"]),
            lists["weights_"],
            lists["momenta_"],
            lists["base_"],
            about["fingerprint"],
        )
