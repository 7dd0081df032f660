import dataclasses
import pathlib

import pytest

from nse_tf.jobs import ChildrenEvaluated, EvaluateChildren
from nse_tf.trials.job_files import (
    error_path,
    finished_result,
    read_job,
    read_result,
    write_job,
    write_result,
)

JOB = EvaluateChildren(
    id="00003_evaluate_children",
    children=(((0,), (2,)),),
    calibration_images=100,
)
# Not a float32: keras-tuner's own wire would round it.
RESULT = ChildrenEvaluated(
    accuracies=(0.1234567890123, float("nan")), seconds=1 / 3
)


def test_a_job_comes_back(tmp_path: pathlib.Path) -> None:
    write_job(tmp_path, JOB)
    assert read_job(tmp_path, JOB.id) == JOB


def test_a_missing_job_is_named(tmp_path: pathlib.Path) -> None:
    with pytest.raises(ValueError, match=r"no job file .*00003_evaluate"):
        read_job(tmp_path, JOB.id)


def test_a_result_comes_back_exactly(tmp_path: pathlib.Path) -> None:
    write_job(tmp_path, JOB)
    reference = write_result(tmp_path, JOB.id, RESULT)
    assert repr(read_result(tmp_path, reference)) == repr(RESULT)


def test_a_missing_result_is_named(tmp_path: pathlib.Path) -> None:
    for reference in (f"{JOB.id}#00", ""):
        with pytest.raises(ValueError, match="no result file"):
            read_result(tmp_path, reference)


def test_an_altered_result_is_refused(tmp_path: pathlib.Path) -> None:
    write_job(tmp_path, JOB)
    reference = write_result(tmp_path, JOB.id, RESULT)
    path = tmp_path / "results" / f"{JOB.id}.json"
    path.write_text(path.read_text().replace("0.12", "0.92"))
    with pytest.raises(ValueError, match="is not the file that its trial"):
        read_result(tmp_path, reference)


def test_a_result_that_a_killed_run_left_is_found(
    tmp_path: pathlib.Path,
) -> None:
    assert finished_result(tmp_path, JOB.id) is None
    write_job(tmp_path, JOB)
    reference = write_result(tmp_path, JOB.id, RESULT)
    assert finished_result(tmp_path, JOB.id) == reference


def test_the_result_of_another_job_is_refused(tmp_path: pathlib.Path) -> None:
    write_job(tmp_path, JOB)
    write_result(tmp_path, JOB.id, RESULT)
    write_job(tmp_path, dataclasses.replace(JOB, calibration_images=7))
    with pytest.raises(ValueError, match="answers another job"):
        finished_result(tmp_path, JOB.id)


def test_a_damaged_result_is_kept_aside_and_not_taken(
    tmp_path: pathlib.Path, caplog: pytest.LogCaptureFixture
) -> None:
    write_job(tmp_path, JOB)
    write_result(tmp_path, JOB.id, RESULT)
    path = tmp_path / "results" / f"{JOB.id}.json"
    path.write_bytes(path.read_bytes()[:-30])
    damaged = path.read_bytes()
    assert finished_result(tmp_path, JOB.id) is None
    assert "the job is done again" in caplog.text
    (aside,) = path.parent.iterdir()
    assert aside.read_bytes() == damaged


def test_a_damaged_job_is_named(tmp_path: pathlib.Path) -> None:
    write_job(tmp_path, JOB)
    path = tmp_path / "jobs" / f"{JOB.id}.json"
    path.write_text(path.read_text().replace("100", "900"))
    with pytest.raises(ValueError, match=r"evaluate_children\.json is damaged"):
        read_job(tmp_path, JOB.id)


@pytest.mark.parametrize("an_id", ["../jobs/1", "a/b", "..\\x", "/etc/x", "\0"])
def test_an_id_from_the_wire_leads_to_no_other_folder(
    tmp_path: pathlib.Path, an_id: str
) -> None:
    for use in (
        lambda: read_job(tmp_path, an_id),
        lambda: write_result(tmp_path, an_id, RESULT),
        lambda: read_result(tmp_path, f"{an_id}#0"),
        lambda: error_path(tmp_path, an_id),
    ):
        with pytest.raises(ValueError, match="is no id of a job or trial"):
            use()


def test_a_result_of_another_job_is_refused(tmp_path: pathlib.Path) -> None:
    write_job(tmp_path, JOB)
    reference = write_result(tmp_path, JOB.id, RESULT)
    assert read_result(tmp_path, reference, JOB.id)
    with pytest.raises(ValueError, match="refers to a result of '00003"):
        read_result(tmp_path, reference, "00004_train_child")
