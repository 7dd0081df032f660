"""Messages between two processes of this package: a JSON value and bytes."""

import dataclasses
import json
from typing import Any, BinaryIO


@dataclasses.dataclass(frozen=True)
class Message:
    """What one process sends to another.

    Attributes:
        value: A JSON object.
        parts: Bytes that belong to it.
    """

    value: dict[str, Any]
    parts: tuple[bytes, ...] = ()


def send(stream: BinaryIO, message: Message) -> None:
    """Writes a message to a pipe.

    Raises:
        BrokenPipeError: If nobody reads it.
    """
    sizes = [len(part) for part in message.parts]
    header = json.dumps({"value": message.value, "sizes": sizes})
    stream.write(header.encode() + b"\n")
    for part in message.parts:
        stream.write(part)
    stream.flush()


def receive(stream: BinaryIO) -> Message | None:
    """Reads a message; None if the other process ended before its end."""
    line = stream.readline()
    if not line.endswith(b"\n"):
        return None
    header = json.loads(line)
    parts = tuple(stream.read(size) for size in header["sizes"])
    if [len(part) for part in parts] != header["sizes"]:
        return None
    return Message(header["value"], parts)
