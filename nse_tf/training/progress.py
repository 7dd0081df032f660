"""How far along a long stage is: a bar in a terminal, lines in a log."""

import logging
import sys
import time
from types import TracebackType
from typing import Any, ClassVar

import tqdm

LOGGER = logging.getLogger("nse_tf")


class Progress:
    """Shows what is done of a stage, and an estimate of the time left.

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
        self._bar: tqdm.tqdm[Any] | None = None
        if sys.stderr.isatty():
            self._bar = tqdm.tqdm(
                total=total, desc=what, unit=unit, initial=done
            )

    def __enter__(self) -> "Progress":
        """Starts the clock."""
        self._started = self._said = time.monotonic()
        self._tell()
        return self

    def advance(self, count: int = 1, **facts: float) -> None:
        """Counts units as done; facts are shown beside."""
        self._done += count
        self._tell()
        if self._bar is not None:
            self._bar.set_postfix(facts, refresh=False)
            self._bar.update(count)
            return
        now = time.monotonic()
        if now - self._said >= self._every_seconds and self._done < self._total:
            self._said = now
            spent = now - self._started
            left = (
                spent
                / (self._done - self._done_before)
                * (self._total - self._done)
            )
            shown = "".join(
                f", {name} {value:.4g}" for name, value in facts.items()
            )
            LOGGER.info(
                "%s: %d of %d %s, about %s left%s",
                self._what,
                self._done,
                self._total,
                self._unit,
                spoken(left),
                shown,
            )

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
        if self._bar is not None:
            self._bar.close()
        if kind is None:
            spent = time.monotonic() - self._started
            LOGGER.info("%s: done in %s", self._what, spoken(spent))


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
