"""Files that are written whole or not at all, and JSON read with care."""

import json
import os
import pathlib
import secrets
from collections.abc import Callable
from typing import Any, TypeVar

Read = TypeVar("Read")


def write_bytes(
    path: pathlib.Path,
    content: bytes,
    *,
    durable: bool = True,
    mode: int = 0o666,
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
        mode: Who may do what with the file, less what the umask takes away.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    # A file of our own: never one that is there, nor what a link points to.
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def home_expanded(path: pathlib.Path, name: str) -> pathlib.Path:
    """Returns a path with `~` replaced by the user's home directory.

    Args:
        path: Any path.
        name: What the path is called where it was given.

    Raises:
        ValueError: If it begins with `~` and there is no home directory.
    """
    try:
        return path.expanduser()
    except RuntimeError as error:
        raise ValueError(
            f"`{name}` is {path}, but there is no home directory: set HOME, or "
            f"give `{name}` (--{name}) the path of a folder."
        ) from error


def write_json(
    path: pathlib.Path,
    value: Any,
    *,
    durable: bool = True,
    mode: int = 0o666,
) -> None:
    """Writes a JSON value; refuses NaN and infinity, which JSON lacks."""
    write_bytes(path, json_bytes(value), durable=durable, mode=mode)


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
