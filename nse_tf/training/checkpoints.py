"""Saves and resumes the training of weights, to the epoch."""

import dataclasses
import hashlib
import io
import json
import pathlib
import zipfile
from collections.abc import Sequence
from typing import Any

import numpy as np

from nse_tf.spaces.files import write_bytes
from nse_tf.spaces.sealed_files import DamagedError

SCHEMA = "nse_tf.checkpoint/3"
LISTS = (
    "weights",
    "momenta",
    "base",
    "architecture",
    "course",
    "averages",
    "best",
    "loss_scale",
)

# After the archive: this and the SHA-256 of all before it. Readers of archives
# pass over what follows one.
MARK = b"sha256:"

# What reading another archive of arrays was seen to raise.
DAMAGES = (
    OSError,
    EOFError,
    KeyError,
    RuntimeError,
    TypeError,
    ValueError,
    zipfile.BadZipFile,
)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """All that the training of a supernet, or of a child, resumes from.

    Orders of data and draws of paths follow from seed and epoch, so they need
    no state.

    Attributes:
        job_id: The job that was being done.
        config_digest: Digest of all that decides how it goes, so that the
            checkpoint of another run is not mistaken for that of the same job.
        losses: Mean loss of each epoch of it that is done.
        weights: Values of all variables, in the supernet's order.
        momenta: Those of the trainable variables.
        base: Kernels that angles are measured from; none for a child.
        fingerprint: Fingerprint of the space.
        architecture: Architecture parameters and their optimizer's state; none
            where the job trains none.
        course: Losses, drops and history of the architecture parameters in the
            job; none where it trains none.
        active: The candidates that there are weights for, block by block;
            empty where all have some.
        averages: Moving averages of weights, where a child keeps some.
        best: The best weights of a child so far, where it keeps them.
        loss_scale: State of the scale of the loss, where there is one.
    """

    job_id: str
    config_digest: str
    losses: tuple[float, ...]
    weights: list[np.ndarray]
    momenta: list[np.ndarray]
    base: list[np.ndarray]
    fingerprint: str
    architecture: list[np.ndarray] = dataclasses.field(default_factory=list)
    course: list[np.ndarray] = dataclasses.field(default_factory=list)
    active: list[tuple[int, ...]] = dataclasses.field(default_factory=list)
    averages: list[np.ndarray] = dataclasses.field(default_factory=list)
    best: list[np.ndarray] = dataclasses.field(default_factory=list)
    loss_scale: list[np.ndarray] = dataclasses.field(default_factory=list)

    @property
    def digest(self) -> str:
        """SHA-256 of the job, its losses and all arrays, bit for bit."""
        found = hashlib.sha256(
            json.dumps([self.job_id, list(self.losses)]).encode()
        )
        for name in LISTS:
            for value in getattr(self, name):
                # With types and shapes, or bytes could change arrays unnoticed.
                found.update(f"{name} {value.dtype} {value.shape}".encode())
                found.update(np.ascontiguousarray(value).tobytes())
        return found.hexdigest()

    def assign_to(
        self, variables: Sequence[Any], momenta: Sequence[Any] | None = None
    ) -> None:
        """Gives weights, and momenta to what is trained on.

        Raises:
            ValueError: If there are more or fewer of them.
        """
        pairs = [(variables, self.weights)]
        if momenta is not None:
            pairs.append((momenta, self.momenta))
        for wanted, found in pairs:
            for variable, value in zip(wanted, found, strict=True):
                variable.assign(value)

    def save(self, path: pathlib.Path) -> None:
        """Writes the checkpoint, whole or not at all."""
        write_bytes(path, self.to_bytes())

    def to_bytes(self) -> bytes:
        """Returns the checkpoint as the content of a file."""
        about = {
            "schema": SCHEMA,
            "job_id": self.job_id,
            "config_digest": self.config_digest,
            "losses": list(self.losses),
            "fingerprint": self.fingerprint,
            "counts": {name: len(getattr(self, name)) for name in LISTS},
            "active": self.active,
        }
        # As an array of bytes, which is read without pickle.
        arrays = {"about": np.frombuffer(json.dumps(about).encode(), np.uint8)}
        for name in LISTS:
            for index, value in enumerate(getattr(self, name)):
                arrays[f"{name}_{index}"] = value
        archive = io.BytesIO()
        np.savez(archive, **arrays)  # type: ignore[arg-type]
        content = archive.getvalue()
        seal = hashlib.sha256(content).hexdigest()
        return content + MARK + seal.encode()

    @classmethod
    def load(cls, path: pathlib.Path) -> "Checkpoint":
        """Returns the checkpoint of a file.

        Raises:
            DamagedError: If the file is not as it was written, or of another
                kind.
        """
        return cls.from_bytes(path.read_bytes(), str(path))

    @classmethod
    def from_bytes(cls, sealed: bytes, source: str) -> "Checkpoint":
        """Returns the checkpoint of a file's content.

        Args:
            sealed: What `to_bytes` returned.
            source: Where it comes from, for messages.

        Raises:
            DamagedError: See `load`.
        """
        # The last one: arrays may hold the mark's bytes, too.
        content, mark, seal = sealed.rpartition(MARK)
        if not mark or seal.decode(errors="replace") != (
            hashlib.sha256(content).hexdigest()
        ):
            raise DamagedError(
                f"{source} is no checkpoint that can be read: its checksum is "
                "not that of its content."
            )
        try:
            with np.load(io.BytesIO(content)) as arrays:
                about: dict[str, Any] = json.loads(arrays["about"].tobytes())
                if about["schema"] != SCHEMA:
                    raise ValueError(f"it is of schema {about['schema']!r}")
                lists = {
                    name: [
                        arrays[f"{name}_{index}"]
                        for index in range(about["counts"].get(name, 0))
                    ]
                    for name in LISTS
                }
                return cls(
                    job_id=about["job_id"],
                    config_digest=about["config_digest"],
                    losses=tuple(about["losses"]),
                    fingerprint=about["fingerprint"],
                    active=[tuple(row) for row in about.get("active", [])],
                    **lists,
                )
        except DAMAGES as error:
            raise DamagedError(
                f"{source} is no checkpoint of schema {SCHEMA!r} that can be "
                f"read: {error}. Start anew in another folder."
            ) from error
