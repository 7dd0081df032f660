"""One JSON line per event: what every other report is made from."""

import json
import logging
import os
import pathlib
import zlib
from collections.abc import Sequence
from typing import Any, NoReturn

from nse_tf.events import Entry
from nse_tf.spaces.sealed_files import DamagedError, set_aside

LOGGER = logging.getLogger("nse_tf")

CHECKSUM = "crc32"


class RunLog:
    """The events of a run: a file of JSON lines that only ever grows.

    A line holds an entry: its unique `id`, its kind as `event`, and the fields
    of that kind of event. One process writes at a time; others may read
    meanwhile. A line ends in a checksum of what stands before it. The file is
    read once, not at every `append`, so that an event costs the same however
    many came before.

    Args:
        path: The file; made with the first event, and its folder too.

    Attributes:
        path: The file.
    """

    def __init__(self, path: pathlib.Path) -> None:
        self.path = path
        self._ids: set[str] = set()
        self._end = -1  # Where the known lines end; no file is that short.

    def read(self) -> list[Entry]:
        """Returns all entries, in the order of writing.

        A last line that a kill or a power cut left half-written is left out,
        with a warning.

        Raises:
            DamagedError: If any other line is no event, or not the one that
                was written; names the line.
        """
        entries, _ = self._whole_lines()
        return entries

    def append(self, entries: Sequence[Entry]) -> None:
        """Writes the entries whose `id` the file does not hold yet.

        So a history may be appended again and again as it grows. The new lines
        go out in one write and are on disk when this returns. A half-written
        last line is cut off first.

        Raises:
            ValueError: If an event holds what is no JSON value; then nothing
                is written. Also see `read`.
        """
        size = self.path.stat().st_size if self.path.exists() else 0
        # The first time, or if another process has written since.
        if size != self._end:
            known, self._end = self._whole_lines()
            self._ids = {entry.id for entry in known}
        lines: dict[str, str] = {}
        for entry in entries:
            if entry.id not in self._ids and entry.id not in lines:
                lines[entry.id] = _line(entry)
        if not lines:
            return
        content = "".join(lines.values()).encode()
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("ab") as file:
            # Cuts off a half-written line; appending goes on at the new end.
            file.truncate(self._end)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        self._end += len(content)
        self._ids.update(lines)

    def repair(self, history: Sequence[Entry]) -> None:
        """Makes the file whole again by events that are known otherwise.

        Where a line is damaged, or differs from the entry of that id in the
        history, the file is kept beside and rewritten: the history, with
        all other intact entries in their positions.

        Args:
            history: Entries that must stand there, in order.
        """
        if not self.path.exists():
            return
        content = self.path.read_bytes()
        lines = content[: content.rfind(b"\n") + 1].splitlines()
        entries = [_intact(line) for line in lines]
        known = {entry.id: number for number, entry in enumerate(history)}
        if all(
            entry is not None
            and (entry.id not in known or entry == history[known[entry.id]])
            for entry in entries
        ):
            return
        merged: list[Entry] = []
        num_merged = 0  # Of the history.
        for entry in entries:
            if entry is None:  # It may have been what comes next.
                merged += history[num_merged : num_merged + 1]
                num_merged += 1
            elif entry.id not in known:
                merged.append(entry)
            # Whatever the history has before this entry was lost.
            elif known[entry.id] >= num_merged:
                merged += history[num_merged : known[entry.id] + 1]
                num_merged = known[entry.id] + 1
        merged += history[num_merged:]
        LOGGER.warning(
            "%s is damaged. Kept as %s, and written again from what the run "
            "knows otherwise.",
            self.path,
            set_aside(self.path).name,
        )
        self.append(merged)

    def _whole_lines(self) -> tuple[list[Entry], int]:
        """Returns the entries, and how many bytes they were read from."""
        try:
            content = self.path.read_bytes()
        except FileNotFoundError:
            return [], 0
        entries: list[Entry] = []
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
                entries.append(_entry_of(line))
            except (ValueError, RecursionError) as error:
                raise DamagedError(
                    f"{self.path}, line {number}, is damaged: "
                    f"{str(error).removesuffix('.')}."
                ) from error
            end += len(line)
        return entries, end


def _entry_of(line: bytes) -> Entry:
    """Returns the entry of a line.

    Raises:
        ValueError: If it holds none, or not the one that was written.
    """
    value = json.loads(line, parse_constant=_refuse_constant)
    if isinstance(value, dict):
        checksum = value.pop(CHECKSUM, None)
        if checksum not in (None, _checksum(value)):
            raise ValueError("its checksum is not that of its content")
    return Entry.from_json(value)


def _intact(line: bytes) -> Entry | None:
    """Returns the entry of a line; None if it is damaged."""
    try:
        return _entry_of(line)
    except (ValueError, RecursionError):
        return None


def _checksum(content: dict[str, Any]) -> int:
    return zlib.crc32(json.dumps(content, sort_keys=True).encode())


def _line(entry: Entry) -> str:
    try:
        content = entry.to_json()
        checksum = _checksum(content)
        return json.dumps({**content, CHECKSUM: checksum}) + "\n"
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"Event {entry.id!r} does not fit into JSON: {error}."
        ) from error


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
