"""Files that are written whole or not at all, and JSON read with care."""

import json
import os
import pathlib
import tempfile
from collections.abc import Callable
from typing import Any, TypeVar

Read = TypeVar("Read")


def write_bytes(
    path: pathlib.Path, content: bytes, *, durable: bool = True
) -> None:
    """Replaces a file in one step, so that no reader sees half of the content.

    Missing folders are made. The content is on disk before the name refers to
    it, so that a power cut leaves the old file or the new one.

    Args:
        path: The file.
        content: The new content.
        durable: Whether to wait for the disk. Without it a power cut, though
            not a killed process, may leave anything; only for files that can
            be made again.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(
        dir=path.parent, prefix=f".{path.name}."
    )
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        pathlib.Path(temporary).chmod(0o644)
        pathlib.Path(temporary).replace(path)
    finally:
        pathlib.Path(temporary).unlink(missing_ok=True)


def write_json(path: pathlib.Path, value: Any, *, durable: bool = True) -> None:
    """Writes a JSON value; refuses NaN and infinity, which JSON lacks."""
    write_bytes(path, json_bytes(value), durable=durable)


def json_bytes(value: Any) -> bytes:
    """Returns what `write_json` writes."""
    return (json.dumps(value, indent=1, allow_nan=False) + "\n").encode()


def json_line(value: Any) -> bytes:
    """Returns a JSON value in one line, which is much faster than indented."""
    return (json.dumps(value, allow_nan=False) + "\n").encode()


def read_json(path: pathlib.Path, read: Callable[[Any], Read]) -> Read:
    """Returns what `read` returns for a file's JSON value.

    Raises:
        ValueError: If the file is not JSON, or `read` refuses the value; the
            message begins with the path.
    """
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} is not JSON: {error}.") from error
    try:
        return read(value)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
