"""Images that were decoded once, kept as one uint8 array file."""

import contextlib
import hashlib
import os
import pathlib
import secrets
import shutil
from collections.abc import Callable, Iterable, Sequence

import numpy as np
import numpy.typing as npt
import tqdm

from nse_tf.spaces.files import home_expanded

# Larger files are mapped, not read: they may not fit into memory.
MAPPED_FROM_BYTES = 2**30
# Up to so many bytes of files are read whole to tell them apart: about 0.3 s.
DIGESTED_UP_TO_BYTES = 2**28

# The label of an image that could not be decoded; its pixels are zeros.
UNREADABLE = -1

Shape = tuple[int, int, int, int]
Rows = Iterable[tuple[npt.NDArray[np.uint8] | None, int]]


def default_cache_dir() -> pathlib.Path:
    """Returns the default folder of decoded images: `~/.cache/nse_tf/datasets`.

    `XDG_CACHE_HOME`, if set, stands for `~/.cache`.
    """
    home = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache")
    return home_expanded(home / "nse_tf" / "datasets", "cache_dir")


def files_key(
    root: pathlib.Path, paths: Sequence[pathlib.Path], *settings: object
) -> str:
    """Returns a name for what decoding these files under these settings gives.

    It changes with any path below `root`, size or time of change, and, up to
    256 MiB, with any byte. That `root` itself moved does not matter.
    """
    digest = hashlib.sha256(repr(settings).encode())
    statuses = {path: path.stat() for path in sorted(paths)}
    total = sum(status.st_size for status in statuses.values())
    for path, status in statuses.items():
        name = path.relative_to(root).as_posix()
        line = (name, status.st_size, status.st_mtime_ns)
        digest.update(repr(line).encode())
        if total <= DIGESTED_UP_TO_BYTES:
            # What cannot be read now is tried again anyway.
            with contextlib.suppress(OSError):
                digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:32]


def load_or_decode(
    entry: pathlib.Path, decode: Callable[[], tuple[Shape, Rows]]
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int32]]:
    """Returns images `(n, height, width, channels)` and labels `(n,)`.

    Args:
        entry: The folder that keeps them. If it is missing, it is made: whole,
            or, if anything fails, not at all.
        decode: Called then; returns the shape of all images, and every image
            with its label, or None with any label where there is none to read.

    Returns:
        The images, read-only and mapped if they are over 1 GiB, and the labels
        with `UNREADABLE` for those without an image.
    """
    if not entry.is_dir():
        _write_entry(entry, *decode())
    file = entry / "images.npy"
    is_large = file.stat().st_size > MAPPED_FROM_BYTES
    images = np.load(
        file, mmap_mode="r" if is_large else None, allow_pickle=False
    )
    return images, np.load(entry / "labels.npy", allow_pickle=False)


def _write_entry(entry: pathlib.Path, shape: Shape, rows: Rows) -> None:
    entry.parent.mkdir(parents=True, exist_ok=True)
    unfinished = entry.with_name(f".{entry.name}.{secrets.token_hex(8)}")
    unfinished.mkdir()
    try:
        labels = _write_images(unfinished / "images.npy", shape, rows)
        with (unfinished / "labels.npy").open("wb") as file:
            np.save(file, labels, allow_pickle=False)
            file.flush()
            os.fsync(file.fileno())
        unfinished.rename(entry)
    except OSError:
        # Another process may have finished the same entry first: then take it.
        if not entry.is_dir():
            raise
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def _write_images(
    path: pathlib.Path, shape: Shape, rows: Rows
) -> npt.NDArray[np.int32]:
    """Writes row by row, so that no more than a few images are in memory.

    Not through a mapped file: a full disk would kill the process there, and is
    an ordinary OSError here.
    """
    labels = []
    nothing = np.zeros(shape[1:], np.uint8)
    bar = tqdm.tqdm(
        rows, "Decoding", shape[0], unit=" images", delay=1.0, disable=None
    )
    with path.open("wb") as file:
        header = {"descr": "|u1", "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(file, header)
        for image, label in bar:
            if image is not None and image.shape != shape[1:]:
                raise ValueError(
                    f"An image has the shape {image.shape}, not {shape[1:]}: "
                    "give `image_size`, so that all are resized alike."
                )
            file.write((nothing if image is None else image).tobytes())
            labels.append(UNREADABLE if image is None else label)
        if len(labels) != shape[0]:
            raise ValueError(
                f"Expected {shape[0]} images, but {len(labels)} came: the "
                "source is damaged; prepare it again."
            )
        file.flush()
        os.fsync(file.fileno())
    return np.asarray(labels, np.int32)
