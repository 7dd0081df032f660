"""One JSON line per event: what every other report is made from."""

import json
import logging
import os
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

LOGGER = logging.getLogger("nse_tf")

Event = dict[str, Any]


class RunLog:
    """The events of a run: a file of JSON lines that only ever grows.

    Every event is an object with a unique `id` and the name of an `event`. One
    process writes at a time; others may read meanwhile.

    Args:
        path: The file; made with the first event, and its folder too.

    Attributes:
        path: The file.
    """

    def __init__(self, path: pathlib.Path) -> None:
        self.path = path

    def read(self) -> list[Event]:
        """Returns all events, in the order of writing.

        A last line that a kill or a power cut left half-written is left out,
        with a warning.

        Raises:
            ValueError: If any other line is no event; names the line.
        """
        events, _ = self._whole_lines()
        return events

    def append(self, events: Sequence[Mapping[str, Any]]) -> None:
        """Writes the events whose `id` the file does not hold yet.

        So a history may be appended again and again as it grows. The new lines
        go out in one write and are on disk when this returns. A half-written
        last line is cut off first.

        Raises:
            ValueError: If an event lacks its `id` or `event`, holds NaN or
                infinity, or is no JSON value; then nothing is written. Also
                see `read`.
        """
        known, whole = self._whole_lines()
        ids = {event["id"] for event in known}
        lines = []
        for event in events:
            line = _line(event)
            if event["id"] not in ids:
                ids.add(event["id"])
                lines.append(line)
        if not lines:
            return
        if whole and not whole.endswith(b"\n"):
            lines.insert(0, "\n")
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("ab") as file:
            file.truncate(len(whole))
            file.write("".join(lines).encode())
            file.flush()
            os.fsync(file.fileno())

    def _whole_lines(self) -> tuple[list[Event], bytes]:
        """Returns the events, and the bytes that they were read from."""
        try:
            content = self.path.read_bytes()
        except FileNotFoundError:
            return [], b""
        events: list[Event] = []
        end = 0
        for number, line in enumerate(content.splitlines(keepends=True), 1):
            try:
                event = json.loads(line, parse_constant=_refuse_constant)
            except (ValueError, RecursionError) as error:
                if end + len(line) < len(content):
                    raise ValueError(
                        f"{self.path}, line {number}, is damaged: {error}."
                    ) from error
                LOGGER.warning(
                    "%s: left out line %d, the last, which was not written to "
                    "its end",
                    self.path,
                    number,
                )
                break
            if not _is_event(event):
                raise ValueError(
                    f"{self.path}, line {number}, is no event: it lacks the "
                    "texts `id` and `event`."
                )
            events.append(event)
            end += len(line)
        return events, content[:end]


def _line(event: Mapping[str, Any]) -> str:
    if not _is_event(event):
        raise ValueError(
            f"`events` has {event!r}; an event is an object with the texts "
            "`id` and `event`."
        )
    try:
        return json.dumps(event, allow_nan=False) + "\n"
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"`events` has {event['id']!r}, which JSON cannot hold: {error}."
        ) from error


def _is_event(value: Any) -> bool:
    return isinstance(value, Mapping) and all(
        isinstance(value.get(name), str) for name in ("id", "event")
    )


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
