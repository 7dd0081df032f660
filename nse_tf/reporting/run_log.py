"""One JSON line per event: what every other report is made from."""

import json
import logging
import os
import pathlib
import zlib
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from nse_tf.spaces.sealed_files import DamagedError, set_aside

LOGGER = logging.getLogger("nse_tf")

Event = dict[str, Any]

CHECKSUM = "crc32"


class RunLog:
    """The events of a run: a file of JSON lines that only ever grows.

    Every event is an object with a unique `id` and the name of an `event`. One
    process writes at a time; others may read meanwhile. A line ends in a
    checksum of what stands before it. The file is read once, not at every
    `append`, so that an event costs the same however many came before.

    Args:
        path: The file; made with the first event, and its folder too.

    Attributes:
        path: The file.
    """

    def __init__(self, path: pathlib.Path) -> None:
        self.path = path
        self._ids: set[str] = set()
        self._end = -1  # Where the known lines end; no file is that short.

    def read(self) -> list[Event]:
        """Returns all events, in the order of writing.

        A last line that a kill or a power cut left half-written is left out,
        with a warning.

        Raises:
            DamagedError: If any other line is no event, or not the one that
                was written; names the line.
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
        size = self.path.stat().st_size if self.path.exists() else 0
        if size != self._end:
            known, self._end = self._whole_lines()
            self._ids = {event["id"] for event in known}
        lines: dict[str, str] = {}
        for event in events:
            if not _is_event(event) or event["id"] not in self._ids:
                line = _line(event)
                lines.setdefault(event["id"], line)
        if not lines:
            return
        content = "".join(lines.values()).encode()
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("ab") as file:
            file.truncate(self._end)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        self._end += len(content)
        self._ids.update(lines)

    def repair(self, history: Sequence[Event]) -> None:
        """Makes the file whole again by events that are known otherwise.

        Where a line is damaged, or tells another story of an event of the
        history, the file is kept beside and written anew: the history, with
        all other events that are intact at their places.

        Args:
            history: Events that must stand there, in order.
        """
        if not self.path.exists():
            return
        content = self.path.read_bytes()
        lines = content[: content.rfind(b"\n") + 1].splitlines()
        events = [_intact(line) for line in lines]
        known = {event["id"]: number for number, event in enumerate(history)}
        if all(
            event is not None
            and (
                event["id"] not in known or event == history[known[event["id"]]]
            )
            for event in events
        ):
            return
        merged: list[Event] = []
        num_told = 0
        for event in events:
            if event is None:  # It may have told what comes next.
                merged += history[num_told : num_told + 1]
                num_told += 1
            elif event["id"] not in known:
                merged.append(event)
            elif known[event["id"]] >= num_told:
                merged += history[num_told : known[event["id"]] + 1]
                num_told = known[event["id"]] + 1
        merged += history[num_told:]
        LOGGER.warning(
            "%s is damaged. Kept as %s, and written again from what the run "
            "knows otherwise.",
            self.path,
            set_aside(self.path).name,
        )
        self.append(merged)

    def _whole_lines(self) -> tuple[list[Event], int]:
        """Returns the events, and how many bytes they were read from."""
        try:
            content = self.path.read_bytes()
        except FileNotFoundError:
            return [], 0
        events: list[Event] = []
        end = 0
        for number, line in enumerate(content.splitlines(keepends=True), 1):
            if not line.endswith(b"\n"):
                LOGGER.warning(
                    "%s: left out line %d, the last, which was not written to "
                    "its end",
                    self.path,
                    number,
                )
                break
            try:
                events.append(_event_of(line))
            except (ValueError, RecursionError) as error:
                raise DamagedError(
                    f"{self.path}, line {number}, is damaged: {error}."
                ) from error
            end += len(line)
        return events, end


def _event_of(line: bytes) -> Event:
    """Returns the event that a line tells.

    Raises:
        ValueError: If it tells none, or not the one that was written.
    """
    event = json.loads(line, parse_constant=_refuse_constant)
    if not _is_event(event):
        raise ValueError("it is no event, for lack of texts `id` and `event`")
    if event.pop(CHECKSUM, None) not in (None, _checksum(event)):
        raise ValueError("its checksum is not that of its content")
    return dict(event)


def _intact(line: bytes) -> Event | None:
    """Returns the event that a line tells; None if it is damaged."""
    try:
        return _event_of(line)
    except (ValueError, RecursionError):
        return None


def _checksum(event: Mapping[str, Any]) -> int:
    content = {name: event[name] for name in event if name != CHECKSUM}
    return zlib.crc32(json.dumps(content, sort_keys=True).encode())


def _line(event: Mapping[str, Any]) -> str:
    if not _is_event(event):
        raise ValueError(
            f"`events` has {event!r}; an event is an object with the texts "
            "`id` and `event`."
        )
    try:
        json.dumps(event, allow_nan=False)
        return json.dumps({**event, CHECKSUM: _checksum(event)}) + "\n"
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
