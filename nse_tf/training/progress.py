"""How far along a long stage is: a bar in a terminal, lines in a log."""

import contextlib
import logging
import sys
import time
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any, ClassVar

import tqdm

LOGGER = logging.getLogger("nse_tf")

# Returns the share of a whole search that has passed, and the seconds that are
# left of it, by the same of its present stage; None before it is known.
Whole = Callable[[float, float], tuple[float, float] | None]


class Progress:
    """Shows what is done of a stage, and an estimate of the time left.

    The same is shown of the whole search that the stage is part of, if there is
    one: by a second bar, or in the same line.

    Example:
        with Progress("training the supernet", total=40, unit="epochs") as bar:
            for epoch in range(40):
                bar.advance(loss=train(epoch))

    Args:
        what: The stage, for people.
        total: How many units it has.
        unit: What is counted, in the plural.
        done: How many are done already, by an earlier run.
        every_seconds: Between two lines in a log.

    Attributes:
        present: What this process is at, in a few words, for others to tell.
    """

    present: ClassVar[str] = ""
    _whole: ClassVar[Whole | None] = None
    _whole_name: ClassVar[str] = ""

    @classmethod
    @contextlib.contextmanager
    def within(
        cls, whole: Whole, name: str = "the whole search"
    ) -> Iterator[None]:
        """Shows of what the stages in here are part of.

        Args:
            whole: Tells what is left of it.
            name: What it is called.
        """
        before = cls._whole, cls._whole_name
        cls._whole, cls._whole_name = whole, name
        try:
            yield
        finally:
            cls._whole, cls._whole_name = before

    def __init__(
        self,
        what: str,
        total: int,
        unit: str,
        done: int = 0,
        every_seconds: float = 15.0,
    ) -> None:
        self._what, self._total, self._unit = what, total, unit
        self._done = self._done_before = done
        self._every_seconds = every_seconds
        # What was done after the first unit, and when.
        self._first: tuple[int, float] | None = None
        self._bar: tqdm.tqdm[Any] | None = None
        self._whole_bar: tqdm.tqdm[Any] | None = None
        if sys.stderr.isatty():
            self._bar = tqdm.tqdm(
                total=total, desc=what, unit=unit, initial=done
            )
            if Progress._whole is not None:
                self._whole_bar = _new_whole_bar(Progress._whole_name)

    def __enter__(self) -> "Progress":
        """Starts the clock."""
        self._started = self._said = time.monotonic()
        self._tell()
        return self

    def advance(self, count: int = 1, **facts: float) -> None:
        """Counts units as done; facts are shown beside."""
        self._done += count
        self._tell()
        if self._first is None:
            self._first = self._done, time.monotonic()
        if self._bar is not None:
            self._bar.set_postfix(facts, refresh=False)
            self._bar.update(count)
            self._show_whole()
            return
        now = time.monotonic()
        if now - self._said >= self._every_seconds and self._done < self._total:
            self._said = now
            shown = "".join(
                f", {name} {value:.4g}" for name, value in facts.items()
            )
            LOGGER.info(
                "%s: %d of %d %s, about %s left%s%s",
                self._what,
                self._done,
                self._total,
                self._unit,
                spoken(self._seconds_left()),
                shown,
                self._spoken_whole(),
            )

    def _seconds_left(self) -> float:
        """Returns the time that what is left takes, at the pace so far.

        The first unit is left out once there are others: it takes longer, since
        what it runs is traced and compiled.
        """
        done, since = self._done_before, self._started
        if self._first is not None and self._first[0] < self._done:
            done, since = self._first
        pace = (time.monotonic() - since) / (self._done - done)
        return pace * (self._total - self._done)

    def _outlook(self) -> tuple[float, float] | None:
        """Returns what is known of the whole search, see `Whole`."""
        if Progress._whole is None:
            return None
        share = self._done / max(1, self._total)
        return Progress._whole(share, self._seconds_left())

    def _show_whole(self) -> None:
        """Brings the bar of the whole search up to date."""
        if self._whole_bar is None or (found := self._outlook()) is None:
            return
        share, seconds_left = found
        self._whole_bar.n = round(share, 3)
        self._whole_bar.set_postfix_str(f"about {spoken(seconds_left)} left")

    def _spoken_whole(self) -> str:
        """Returns the end of a line that tells of the whole search."""
        if (found := self._outlook()) is None:
            return ""
        return f"; {Progress._whole_name} {spoken_outlook(*found)}"

    def _tell(self) -> None:
        Progress.present = (
            f"{self._what}, {self._done} of {self._total} {self._unit}"
        )

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Says how long it took, if it ended well."""
        Progress.present = ""
        if self._whole_bar is not None:
            self._whole_bar.close()
        if self._bar is not None:
            self._bar.close()
        if kind is None:
            spent = time.monotonic() - self._started
            LOGGER.info("%s: done in %s", self._what, spoken(spent))


def _new_whole_bar(name: str) -> "tqdm.tqdm[Any]":
    """Returns a bar below that of a stage, which goes when that one ends."""
    return tqdm.tqdm(
        total=1.0,
        desc=name,
        bar_format="{desc}: {percentage:3.0f}%|{bar}| {postfix}",
        position=1,
        leave=False,
    )


def spoken_outlook(share: float, seconds_left: float) -> str:
    """Returns how far along a search is.

    Args:
        share: What has passed of its time, from 0 to 1.
        seconds_left: Until its end.
    """
    return f"{share:.0%}, about {spoken(seconds_left)} left"


def spoken(seconds: float) -> str:
    """Returns a time span as people say it."""
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return (
        f"{minutes} min"
        if minutes < 60
        else f"{minutes // 60} h {minutes % 60} min"
    )
