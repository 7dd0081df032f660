"""How long each stage of a run took."""

import dataclasses

from nse_tf.events import (
    EvaluationFinished,
    JobDone,
    StageTimed,
    StageTrained,
    SupernetWarmedUp,
    TrainedAlone,
)
from nse_tf.reporting.run_record import RunRecord
from nse_tf.reporting.units import duration

# The stage whose time that of the jobs is part of.
SEARCH = "search"

# What jobs do, and the events of those that are done.
_JOBS: dict[str, type[JobDone]] = {
    "warming the supernet up": SupernetWarmedUp,
    "training the supernet": StageTrained,
    "evaluating children": EvaluationFinished,
    "training children alone": TrainedAlone,
}


@dataclasses.dataclass(frozen=True)
class StageTime:
    """One stage, or a part of one.

    Attributes:
        name: For people.
        seconds: Time it took, over all processes that worked on it.
        is_part: Whether it counts within the stage above it.
    """

    name: str
    seconds: float
    is_part: bool = False


def stage_times(record: RunRecord) -> list[StageTime]:
    """Returns stages in their order, jobs as parts of the search.

    A stage that several processes worked on is listed once.
    """
    stages: dict[str, float] = {}
    for event in record.named(StageTimed):
        stages[event.name] = stages.get(event.name, 0.0) + event.seconds
    times = []
    for name, seconds in stages.items():
        times.append(StageTime(name, seconds))
        if name == SEARCH:
            times += _jobs(record, is_part=True)
    if SEARCH not in stages:
        times += _jobs(record, is_part=False)
    return times


def stage_lines(record: RunRecord) -> list[str]:
    """Returns a line of text for each stage; parts are indented."""
    times = stage_times(record)
    return [
        f"{'  ' * each.is_part}{each.name}: {duration(each.seconds)}"
        for each in times
    ]


def _jobs(record: RunRecord, *, is_part: bool) -> list[StageTime]:
    times = []
    for what, kind in _JOBS.items():
        seconds = [event.seconds for event in record.named(kind)]
        if seconds:
            times.append(
                StageTime(f"{what} ({len(seconds)}×)", sum(seconds), is_part)
            )
    return times
