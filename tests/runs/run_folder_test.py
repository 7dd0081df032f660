import json
import pathlib
from typing import Any

import numpy as np
import pytest

from nse_tf.datasets import ImageData
from nse_tf.events import RunFinished, StageTimed
from nse_tf.runs.run_folder import RunFolder
from tests.supernet.tiny_spaces import tiny_space
from tests.training.tiny_data import image_data

SETTINGS: dict[str, Any] = {"seed": 0, "max_macs": 1e6}
DATA = image_data()


def begun(path: pathlib.Path, data: ImageData = DATA) -> RunFolder:
    """Returns a folder where a run has begun."""
    folder = RunFolder(path)
    folder.begin(SETTINGS, data, tiny_space())
    return folder


@pytest.mark.parametrize("exists", [True, False])
def test_a_new_run_may_have_an_empty_folder(
    tmp_path: pathlib.Path, exists: bool
) -> None:
    path = tmp_path / "run"
    if exists:
        path.mkdir()
    assert not RunFolder(path).check(SETTINGS)
    assert path.exists() == exists


def test_a_run_of_the_same_settings_resumes(tmp_path: pathlib.Path) -> None:
    assert begun(tmp_path).check(dict(SETTINGS))


def test_a_run_of_other_settings_is_refused_saying_what_differs(
    tmp_path: pathlib.Path,
) -> None:
    folder = begun(tmp_path)
    with pytest.raises(ValueError, match="other settings") as refused:
        folder.check({"seed": 1, "method": "random"})
    for part in (
        "seed was 0 and is 1",
        "method was 'not given' and is 'random'",
        "max_macs was 1000000.0 and is 'not given'",
        "--run_dir",
    ):
        assert part in str(refused.value)


def test_a_folder_of_something_else_is_refused_and_left_alone(
    tmp_path: pathlib.Path,
) -> None:
    (tmp_path / "thesis.txt").write_text("all of it")
    with pytest.raises(ValueError, match="is not empty and holds no run"):
        RunFolder(tmp_path).check(SETTINGS)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_file_in_place_of_the_folder_is_refused(
    tmp_path: pathlib.Path,
) -> None:
    path = tmp_path / "run"
    path.write_text("a file")
    with pytest.raises((OSError, ValueError), match="run"):
        RunFolder(path).check(SETTINGS)
    assert path.read_text() == "a file"


def test_a_damaged_config_is_read_from_its_copy(
    tmp_path: pathlib.Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = begun(tmp_path)
    for damage in ("{", "{}", "[]"):
        (tmp_path / "config.json").write_text(damage)
        assert folder.check(SETTINGS)
    assert caplog.text.count("is intact and was used") == 3


def test_a_damaged_config_without_a_copy_is_refused_by_name(
    tmp_path: pathlib.Path,
) -> None:
    folder = begun(tmp_path)
    (tmp_path / ".config.json.copy").unlink()
    for damage in ("{", "{}", "[]"):
        (tmp_path / "config.json").write_text(damage)
        with pytest.raises(ValueError, match=r"config\.json is damaged"):
            folder.check(SETTINGS)


def test_a_run_of_another_version_is_refused_with_both_named(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = begun(tmp_path)
    monkeypatch.setattr("nse_tf.distribute.identity.__version__", "0.2.99")
    with pytest.raises(ValueError, match=r"nse_tf was '.*' and is '0\.2\.99'"):
        folder.check(SETTINGS)


def test_a_run_that_0_1_began_is_refused_before_its_settings_are_read(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("nse_tf.runs.run_folder.__version__", "0.1.0")
        folder = begun(tmp_path)
    with pytest.raises(ValueError, match=r"begun by nse_tf 0\.1\.0, and") as it:
        folder.check({"former_name": 1})
    assert str(it.value).count(".\n") == 0
    assert "install nse_tf 0.1.0 to finish it" in str(it.value)


def test_the_config_says_what_made_the_run(tmp_path: pathlib.Path) -> None:
    begun(tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    assert config["schema"] == "nse_tf.config/1"
    assert config["settings"] == SETTINGS
    assert config["data"] == {
        "name": "bars",
        "train": 60,
        "validation": 30,
        "test": 6,
        "classes": ["top", "middle", "bottom"],
        "image_shape": [8, 8, 1],
        "unreadable": 0,
        "fingerprint": DATA.fingerprint(),
    }
    assert config["space"] == "tiny"
    assert {"nse_tf", "tensorflow", "numpy"} <= config["versions"].keys()


def test_other_images_are_refused(tmp_path: pathlib.Path) -> None:
    folder = begun(tmp_path)
    folder.check_data(image_data())
    other = image_data()
    np.asarray(other.train.images)[0] ^= 1
    with pytest.raises(ValueError, match="The images of 'bars' are not those"):
        folder.check_data(other)


def test_a_run_is_finished_by_its_result(tmp_path: pathlib.Path) -> None:
    folder = begun(tmp_path)
    assert not folder.is_finished
    folder.best.mkdir()
    assert not folder.is_finished
    (folder.best / "result.json").write_text("{}")
    assert folder.is_finished


def test_a_stage_is_timed_if_it_ends_well(tmp_path: pathlib.Path) -> None:
    folder = RunFolder(tmp_path)
    with folder.stage("good"):
        pass
    with pytest.raises(KeyError), folder.stage("bad"):
        raise KeyError
    folder.note(RunFinished())
    events = [entry.event for entry in folder.log.read()]
    assert [type(each) for each in events] == [StageTimed, RunFinished]
    assert isinstance(events[0], StageTimed)
    assert events[0].name == "good"
    assert 0 <= events[0].seconds < 1
