import pathlib
import shutil

import pytest

from nse_tf.events import (
    Event,
    GenerationEvaluated,
    RunFailed,
    RunFinished,
    SpaceAtStage,
    StageTimed,
)
from nse_tf.methods import OneShotSearch
from nse_tf.reporting.run_log import RunLog
from nse_tf.reporting.run_record import RunRecord, Status, read_record
from nse_tf.spaces.files import write_json
from tests.reporting.made_up_run import begin_run

SPACE = SpaceAtStage(stage=0, active=((0,),), size=1, num_operators=1)
GENERATION = GenerationEvaluated(
    generation=0, paths=((0,),), accuracies=(0.5,), costs={}
)
FAILED = RunFailed(error="no space left")
STAGE = StageTimed(name="export", seconds=1.0)


@pytest.mark.parametrize(
    ("events", "status"),
    [
        ((), Status.UNFINISHED),
        ((SPACE, GENERATION), Status.UNFINISHED),
        ((SPACE, FAILED), Status.FAILED),
        ((SPACE, FAILED, GENERATION), Status.UNFINISHED),
        ((SPACE, FAILED, STAGE, RunFinished()), Status.FINISHED),
    ],
)
def test_an_error_counts_while_it_comes_last(
    events: tuple[Event, ...], status: Status
) -> None:
    record = RunRecord(name="made up", events=events)
    assert record.status is status
    assert (record.failure is not None) == (status is Status.FAILED)


def test_events_are_found_by_kind() -> None:
    record = RunRecord(name="made up", events=(SPACE, GENERATION, STAGE))
    assert record.named(StageTimed) == [STAGE]
    assert record.last(SpaceAtStage) == SPACE
    assert record.last(RunFailed) is None


def test_the_whole_folder_is_read(
    run_dir: pathlib.Path, method: OneShotSearch
) -> None:
    record = read_record(run_dir)
    assert record.name == "digits"
    noted = method.noted(Event)
    assert list(record.events[: len(noted)]) == noted
    assert record.space == method.space
    assert record.settings["max_macs"] == 8e5
    assert record.status is Status.FINISHED
    assert set(record.artifacts) == {
        "export.json",
        "genotype.json",
        "latency.json",
        "result.json",
    }


def test_what_is_not_there_yet_is_none(
    tmp_path: pathlib.Path, method: OneShotSearch
) -> None:
    begin_run(tmp_path, method)
    record = read_record(tmp_path)
    assert record.result is None
    assert record.export is None
    assert record.artifacts == {}


def test_a_run_of_the_library_has_no_config(
    tmp_path: pathlib.Path, method: OneShotSearch
) -> None:
    RunLog(tmp_path / "log.jsonl").append(method.history)
    record = read_record(tmp_path)
    assert record.config is None
    assert record.settings == {}


def test_a_missing_folder_is_refused(tmp_path: pathlib.Path) -> None:
    with pytest.raises(ValueError, match="nowhere': no such folder"):
        read_record(tmp_path / "nowhere")


def test_a_folder_of_no_run_is_refused(tmp_path: pathlib.Path) -> None:
    (tmp_path / "photo.jpg").touch()
    with pytest.raises(ValueError, match="holds no run"):
        read_record(tmp_path)


@pytest.mark.parametrize(
    "name", ["config.json", "best/export.json", "best/result.json"]
)
def test_a_file_of_another_schema_is_refused_by_name(
    name: str, run_dir: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(run_dir, folder)
    write_json(folder / name, {"schema": "other/1"})
    with pytest.raises(ValueError, match=rf"{name}: Not of schema 'nse_tf"):
        read_record(folder)


def test_a_file_without_a_field_is_refused_by_name(
    run_dir: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(run_dir, folder)
    write_json(folder / "best" / "result.json", {"schema": "nse_tf.result/1"})
    with pytest.raises(ValueError, match=r"result\.json: Damaged: .*genotype"):
        read_record(folder)
