from nse_tf.events import (
    EvaluationFinished,
    Event,
    Purpose,
    StageTimed,
    StageTrained,
    SupernetWarmedUp,
    TrainedAlone,
)
from nse_tf.reporting.run_record import RunRecord
from nse_tf.reporting.stage_times import StageTime, stage_lines, stage_times


def record_of(*events: Event) -> RunRecord:
    return RunRecord(name="made up", events=events)


def stage(name: str, seconds: float) -> Event:
    return StageTimed(name=name, seconds=seconds)


def trained(seconds: float) -> Event:
    return StageTrained(job="a", seconds=seconds, stage=0, losses=())


def evaluated(seconds: float) -> Event:
    return EvaluationFinished(job="a", seconds=seconds, num_children=5)


def test_jobs_are_parts_of_the_search() -> None:
    record = record_of(
        stage("cost table", 3.0),
        SupernetWarmedUp(job="a", seconds=1.0, num_cells=3, losses=()),
        trained(10.0),
        trained(5.0),
        evaluated(2.5),
        evaluated(0.5),
        TrainedAlone(
            job="a",
            seconds=4.0,
            path=(0,),
            purpose=Purpose.FINAL,
            uses_validation=False,
            inherited_accuracy=0.5,
            validation_accuracy=0.75,
            losses=(),
            model_file="a.keras",
            model_sha256="",
        ),
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
    record = record_of(trained(10.0))
    assert stage_times(record) == [
        StageTime("training the supernet (1×)", 10.0)
    ]


def test_a_stage_in_several_pieces_is_listed_once() -> None:
    record = record_of(stage("export", 2.0), stage("export", 3.0))
    assert stage_times(record) == [StageTime("export", 5.0)]


def test_lines_indent_what_is_part_of_another_stage() -> None:
    record = record_of(
        trained(10.0),
        stage("search", 75.0),
        stage("export", 2.0),
    )
    assert [line.split(":")[0] for line in stage_lines(record)] == [
        "search",
        "  training the supernet (1×)",
        "export",
    ]
