import json
import pathlib
import shutil
from typing import Any

import pytest

from nse_tf.methods import OneShotSearch
from nse_tf.reporting.run_log import RunLog
from nse_tf.reporting.run_record import RunRecord, Status, read_record
from nse_tf.spaces.files import write_json
from tests.reporting.made_up_run import begin_run


def record_of(*events: str) -> RunRecord:
    named: list[dict[str, Any]] = [
        {"id": str(number), "event": event}
        for number, event in enumerate(events)
    ]
    return RunRecord("made up", events=tuple(named))


@pytest.mark.parametrize(
    ("events", "status"),
    [
        ((), Status.UNFINISHED),
        (("space", "generation"), Status.UNFINISHED),
        (("space", "error"), Status.FAILED),
        (("space", "error", "generation"), Status.UNFINISHED),
        (("space", "error", "stage", "finished"), Status.FINISHED),
    ],
)
def test_an_error_counts_while_it_is_the_last_word(
    events: tuple[str, ...], status: Status
) -> None:
    assert record_of(*events).status is status


def test_the_whole_folder_is_read(
    run_dir: pathlib.Path, method: OneShotSearch
) -> None:
    record = read_record(run_dir)
    assert record.name == "digits"
    history = json.loads(json.dumps(method.history))
    assert list(record.events[: len(history)]) == history
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


def test_a_foreign_folder_is_refused(tmp_path: pathlib.Path) -> None:
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
