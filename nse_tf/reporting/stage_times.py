"""How long each stage of a run took."""

import dataclasses

from nse_tf.reporting.run_record import RunRecord

# The stage whose time the trainings are parts of.
SEARCH = "search"


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
    """Returns stages in their order, trainings as parts of the search.

    A stage that several processes worked on is listed once.
    """
    stages: dict[str, float] = {}
    for event in record.named("stage"):
        name = event["name"]
        stages[name] = stages.get(name, 0.0) + event["seconds"]
    times = []
    for name, seconds in stages.items():
        times.append(StageTime(name, seconds))
        if name == SEARCH:
            times += _trainings(record, is_part=True)
    if SEARCH not in stages:
        times += _trainings(record, is_part=False)
    return times


def _trainings(record: RunRecord, *, is_part: bool) -> list[StageTime]:
    supernet = [e["seconds"] for e in record.named("supernet_trained")]
    children = [e["seconds"] for e in record.named("child_trained")]
    return [
        StageTime(f"{what} ({len(seconds)}×)", sum(seconds), is_part)
        for what, seconds in (
            ("training the supernet", supernet),
            ("training children alone", children),
        )
        if seconds
    ]
