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
    """Replaces a file in one step, so that no reader sees half of it.

    Missing folders are made. The content is on disk before the name points to
    it, so that a power cut leaves the old file or the new one.

    Args:
        path: The file.
        content: What it is to hold.
        durable: Whether to wait for the disk. Without it a power cut, though
            no kill, may leave anything: for what can be made again.
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
    """Writes a JSON value; NaN and infinity, which JSON lacks, are refused."""
    write_bytes(path, json_bytes(value), durable=durable)


def json_bytes(value: Any) -> bytes:
    """Returns what `write_json` writes."""
    return (json.dumps(value, indent=1, allow_nan=False) + "\n").encode()


def json_line(value: Any) -> bytes:
    """Returns a JSON value in one line: many times as fast to make."""
    return (json.dumps(value, allow_nan=False) + "\n").encode()


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
