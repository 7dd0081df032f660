"""Bit-exact digests of what a run's folder holds of a search's outcome.

Files are read as what they are, archives of arrays and JSON, without this
package, so that a folder written by another version can be read as well.
"""

import hashlib
import io
import json
import pathlib
import re
import zipfile
from collections.abc import Iterator
from typing import Any

import h5py
import numpy as np

# Arrays that describe a checkpoint and are no weights.
DESCRIPTIONS = ("about", "epoch")
NUM_HEX_DIGITS = 16


def folder_digests(folder: pathlib.Path) -> dict[str, str]:
    """Returns the digests of a run's folder, by what they are digests of.

    Those of arrays are of the sorted multiset of the arrays' own: the order in
    which a file has them, and their names, do not matter.
    """
    return dict(
        [
            *_checkpoints(folder),
            *_children(folder),
            *_decisions(folder),
        ]
    )


def array_digest(values: np.ndarray) -> str:
    """Returns the SHA-256 of an array: type, shape and all bits."""
    values = np.ascontiguousarray(values)
    head = f"{values.dtype}{values.shape}".encode()
    return hashlib.sha256(head + values.tobytes()).hexdigest()


def multiset_digest(digests: list[str]) -> str:
    """Returns the digest of digests in any order, and how many they are."""
    joined = "".join(sorted(digests)).encode()
    return f"{_short(joined)} of {len(digests)} arrays"


def _checkpoints(folder: pathlib.Path) -> Iterator[tuple[str, str]]:
    """Yields weights, momenta and bases of each training of shared weights."""
    for path in sorted(folder.glob("**/*.npz")):
        if path.name.endswith(".part.npz"):
            continue  # What an interrupted training would resume from.
        by_kind: dict[str, list[str]] = {}
        with np.load(path) as arrays:
            for name in arrays.files:
                # `weights_12`, or `fixed/layer/kernel`.
                kind = re.split(r"[_/]|\d", name)[0]
                if kind not in DESCRIPTIONS:
                    found = by_kind.setdefault(kind, [])
                    found.append(array_digest(arrays[name]))
        # The number of a job and not its kind, which may be renamed.
        training = path.stem.split("_")[0]
        for kind, digests in by_kind.items():
            yield f"{training} {kind}", multiset_digest(digests)


def _children(folder: pathlib.Path) -> Iterator[tuple[str, str]]:
    """Yields the weights of each child."""
    for path in sorted(folder.glob("**/*.keras")):
        digests: list[str] = []

        def add(_: str, entry: Any, found: list[str] = digests) -> None:
            if isinstance(entry, h5py.Dataset):
                found.append(array_digest(np.asarray(entry)))

        with zipfile.ZipFile(path) as archive:
            content = io.BytesIO(archive.read("model.weights.h5"))
        with h5py.File(content, "r") as weights:
            weights.visititems(add)
        name = path.relative_to(folder).as_posix()
        yield name, multiset_digest(digests)


def _decisions(folder: pathlib.Path) -> Iterator[tuple[str, str]]:
    """Yields genotypes, active candidates of spaces, and rows of scores."""
    for path in sorted(folder.glob("**/genotype.json")):
        content = json.loads(path.read_text())
        yield "genotype", json.dumps(content.get("genes", content))
    for path in sorted(folder.glob("space*.json")):
        active = json.loads(path.read_text())["active"]
        yield path.name, _short(json.dumps(active).encode())
    for path in sorted(folder.glob("rows.csv")):
        yield path.name, _short(path.read_bytes())


def _short(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:NUM_HEX_DIGITS]
