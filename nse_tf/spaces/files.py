"""Files that are written whole or not at all, and JSON read with care."""

import json
import os
import pathlib
import tempfile
from collections.abc import Callable
from typing import Any, TypeVar

Read = TypeVar("Read")


def write_bytes(path: pathlib.Path, content: bytes) -> None:
    """Replaces a file in one step, so that no reader sees half of it.

    Missing folders are made. The content is on disk before the name points to
    it, so that a power cut leaves the old file or the new one.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(
        dir=path.parent, prefix=f".{path.name}."
    )
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        pathlib.Path(temporary).chmod(0o644)
        pathlib.Path(temporary).replace(path)
    finally:
        pathlib.Path(temporary).unlink(missing_ok=True)


def write_json(path: pathlib.Path, value: Any) -> None:
    """Writes a JSON value; NaN and infinity, which JSON lacks, are refused."""
    text = json.dumps(value, indent=1, allow_nan=False)
    write_bytes(path, (text + "\n").encode())


def read_json(path: pathlib.Path, read: Callable[[Any], Read]) -> Read:
    """Returns what `read` makes of a file's JSON value.

    Raises:
        ValueError: If the file is not JSON, or whatever `read` refuses; either
            way the message begins with the path.
    """
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} is not JSON: {error}.") from error
    try:
        return read(value)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
