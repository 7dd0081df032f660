"""JSON files with a checksum that shows whether they were damaged.

A missing file and a damaged one are different: the first is a beginning, the
second a loss that must be reported.
"""

import hashlib
import json
import logging
import pathlib
from typing import Any

from nse_tf.spaces.files import json_line, write_bytes

LOGGER = logging.getLogger("nse_tf")

SEAL = "sha256"


class DamagedError(ValueError):
    """A file has other content than was written; the message names it."""


def sealed(value: dict[str, Any]) -> dict[str, Any]:
    """Returns a JSON object with a checksum of its other fields."""
    return {**value, SEAL: _checksum(value)}


def sealed_bytes(value: dict[str, Any]) -> bytes:
    """Returns what `write_sealed` writes."""
    return json_line(sealed(value))


def unsealed(value: Any, path: pathlib.Path) -> dict[str, Any]:
    """Returns the JSON object that `sealed` got.

    Raises:
        DamagedError: If the checksum is missing or wrong; names the path.
    """
    if not isinstance(value, dict) or SEAL not in value:
        raise DamagedError(f"{path} is damaged: it has no checksum.")
    content = {name: each for name, each in value.items() if name != SEAL}
    if value[SEAL] != _checksum(content):
        raise DamagedError(
            f"{path} is damaged: its checksum is not that of its content."
        )
    return content


def write_sealed(
    path: pathlib.Path, value: dict[str, Any], *, durable: bool = True
) -> None:
    """Writes a JSON object with its checksum, whole or not at all."""
    write_bytes(path, sealed_bytes(value), durable=durable)


def read_sealed(path: pathlib.Path) -> dict[str, Any]:
    """Returns the JSON object that `write_sealed` wrote.

    Raises:
        DamagedError: If the file holds something else.
        FileNotFoundError: If there is none.
    """
    try:
        value = json.loads(path.read_bytes())
    # Flipped bits may also nest brackets too deeply for the parser.
    except (ValueError, RecursionError) as error:
        raise DamagedError(f"{path} is damaged: {error}.") from error
    return unsealed(value, path)


def write_twice(path: pathlib.Path, value: dict[str, Any]) -> None:
    """Writes a sealed file and a hidden copy, for what cannot be made again."""
    # The copy first, so that a file that exists has one, even after a kill
    # between the two.
    write_sealed(_twin(path), value)
    write_sealed(path, value)


def read_either(path: pathlib.Path) -> dict[str, Any]:
    """Returns what `write_twice` wrote; repairs a damaged file by its copy.

    The damaged file is kept under another name, and a warning says so.

    Raises:
        DamagedError: If both are damaged, or the copy is gone.
        FileNotFoundError: If there is no such file.
    """
    try:
        return read_sealed(path)
    except DamagedError as error:
        try:
            value = read_sealed(_twin(path))
        except (FileNotFoundError, DamagedError):
            # The message is to name the file, not its hidden copy.
            raise error from None
        LOGGER.warning(
            "%s Kept as %s; the copy in %s is intact and was used.",
            error,
            set_aside(path).name,
            _twin(path).name,
        )
        write_bytes(path, sealed_bytes(value))
        return value


def require_intact(path: pathlib.Path, sha256: str) -> None:
    """Refuses a file whose hash is not the recorded one.

    Raises:
        DamagedError: If it has another hash, or is missing.
    """
    if not path.exists():
        raise DamagedError(f"{path} is gone. Start over in another folder.")
    if hashlib.sha256(path.read_bytes()).hexdigest() != sha256:
        raise DamagedError(
            f"{path} is damaged: it is not the file that was written. Start "
            "over in another folder."
        )


def set_aside(path: pathlib.Path) -> pathlib.Path:
    """Renames a damaged file, so that nothing is lost; returns its new path."""
    number = 1
    while (aside := path.with_name(f"{path.name}.damaged{number}")).exists():
        number += 1
    return path.rename(aside)


def _twin(path: pathlib.Path) -> pathlib.Path:
    return path.with_name(f".{path.name}.copy")


def _checksum(value: dict[str, Any]) -> str:
    # Sorted, so that the seal does not depend on the order of keys; NaN is
    # refused, since it is not JSON.
    text = json.dumps(value, sort_keys=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()
