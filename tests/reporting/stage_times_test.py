from typing import Any

from nse_tf.reporting.run_record import RunRecord
from nse_tf.reporting.stage_times import StageTime, stage_lines, stage_times


def record_of(*events: dict[str, Any]) -> RunRecord:
    return RunRecord("made up", events=events)


def stage(name: str, seconds: float) -> dict[str, Any]:
    return {"event": "stage", "name": name, "seconds": seconds}


def trained(event: str, seconds: float) -> dict[str, Any]:
    return {"event": event, "seconds": seconds}


def test_jobs_are_parts_of_the_search() -> None:
    record = record_of(
        stage("cost table", 3.0),
        trained("supernet_warmed_up", 1.0),
        trained("supernet_trained", 10.0),
        trained("supernet_trained", 5.0),
        trained("children_evaluated", 2.5),
        trained("children_evaluated", 0.5),
        trained("child_trained", 4.0),
        stage("search", 25.0),
        stage("export", 2.0),
    )
    assert stage_times(record) == [
        StageTime("cost table", 3.0),
        StageTime("search", 25.0),
        StageTime("warming the supernet up (1×)", 1.0, is_part=True),
        StageTime("training the supernet (2×)", 15.0, is_part=True),
        StageTime("evaluating children (2×)", 3.0, is_part=True),
        StageTime("training children alone (1×)", 4.0, is_part=True),
        StageTime("export", 2.0),
    ]


def test_before_the_search_ends_trainings_stand_alone() -> None:
    record = record_of(trained("supernet_trained", 10.0))
    assert stage_times(record) == [
        StageTime("training the supernet (1×)", 10.0)
    ]


def test_a_stage_in_several_pieces_is_listed_once() -> None:
    record = record_of(stage("export", 2.0), stage("export", 3.0))
    assert stage_times(record) == [StageTime("export", 5.0)]


def test_lines_indent_what_is_part_of_another_stage() -> None:
    record = record_of(
        trained("supernet_trained", 10.0),
        stage("search", 75.0),
        stage("export", 2.0),
    )
    assert [line.split(":")[0] for line in stage_lines(record)] == [
        "search",
        "  training the supernet (1×)",
        "export",
    ]
