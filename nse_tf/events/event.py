"""What every event is, and numbers as events hold them."""

import dataclasses
import math
from collections.abc import Iterable


@dataclasses.dataclass(frozen=True, kw_only=True)
class Event:
    """Something that a search or a run decided, found or finished.

    Events have an exact JSON form; see `Entry`. Numbers that are not known,
    such as the accuracy of a child whose evaluation failed, are None, so that
    equal events compare equal, which NaN would not.
    """


@dataclasses.dataclass(frozen=True, kw_only=True)
class JobDone(Event):
    """A job came back.

    Attributes:
        job: Id of the job.
        seconds: Time it took.
    """

    job: str
    seconds: float


def known(value: float) -> float | None:
    """Returns a number as events hold it: None if it is not finite."""
    return float(value) if math.isfinite(value) else None


def all_known(values: Iterable[float]) -> tuple[float | None, ...]:
    """Returns numbers as events hold them: None where not finite."""
    return tuple(map(known, values))


def table_of_known(
    rows: Iterable[Iterable[float]],
) -> tuple[tuple[float | None, ...], ...]:
    """Returns rows of numbers as events hold them: None where not finite."""
    return tuple(map(all_known, rows))
