"""Files of a run that are damaged: noticed, kept, made again."""

import pathlib
import shutil

import pytest

from tests.tuners.tiny_search import do_trials, job_of, make_oracle


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """A run that was broken off after five of its eight trials."""
    folder = tmp_path_factory.mktemp("runs") / "run"
    oracle = make_oracle(folder)
    do_trials(oracle, 5)
    oracle.storage.table.close()
    return folder


@pytest.fixture
def folder(whole: pathlib.Path, tmp_path: pathlib.Path) -> pathlib.Path:
    return pathlib.Path(shutil.copytree(whole, tmp_path / "run"))


FILES = (
    "oracle.json",
    "trial_0001/trial.json",
    "jobs/00002_evaluate_children.json",
    "results/00000_train_supernet.json",
    "log.jsonl",
    "space_001.json",
)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("damage", ["cut", "flipped", "gone"])
def test_a_file_that_follows_from_the_table_is_made_again(
    folder: pathlib.Path, name: str, damage: str
) -> None:
    path = folder / name
    content = path.read_bytes()
    if damage == "gone":
        path.unlink()
    elif damage == "cut":
        path.write_bytes(content[: len(content) // 2])
    else:
        middle = len(content) // 2
        path.write_bytes(
            content[:middle]
            + bytes([content[middle] ^ 1])
            + content[middle + 1 :]
        )
    oracle = make_oracle(folder)
    oracle.reload()
    done = [job_of(each) for each in do_trials(oracle)]
    assert done[0] == "00005_evaluate_children"
    assert len(done) == 3
    assert path.read_bytes().startswith(content)


@pytest.mark.parametrize("size", [None, 0, 100, 8192])
def test_a_table_that_is_damaged_is_made_again_from_the_results(
    folder: pathlib.Path, caplog: pytest.LogCaptureFixture, size: int | None
) -> None:
    """None stands for a table that is gone."""
    undamaged = make_oracle(folder)
    undamaged.reload()
    wanted = list(undamaged.storage.table.results())
    children = list(undamaged.storage.table.children())
    undamaged.storage.table.close()
    path = folder / "results.sqlite"
    damaged = path.read_bytes()[:size]
    path.unlink()
    if size is not None:
        path.write_bytes(damaged)
    oracle = make_oracle(folder)
    oracle.reload()
    if size is None:
        assert f"{path} is gone; the search reads the results" in caplog.text
    else:
        assert "results.sqlite is damaged" in caplog.text
        kept = folder / "results.sqlite.damaged1"
        assert kept.read_bytes() == damaged
    do_trials(oracle, 5)
    assert list(oracle.storage.table.results()) == wanted
    assert list(oracle.storage.table.children()) == children


def test_a_table_made_again_still_refuses_another_search(
    folder: pathlib.Path,
) -> None:
    (folder / "results.sqlite").write_bytes(b"")
    with pytest.raises(ValueError, match="`seed` was 0 and is 1"):
        make_oracle(folder, seed=1).reload()


def test_a_run_of_another_identity_is_refused_with_both_sides(
    folder: pathlib.Path,
) -> None:
    before = make_oracle(folder)
    before.reload()
    before.claim({"batch": 20})
    before.claim({"batch": 20})
    before.save()
    before.storage.table.close()
    after = make_oracle(folder)
    after.reload()
    with pytest.raises(ValueError, match="batch was 20 and is 30"):
        after.claim({"batch": 30})


def test_a_folder_that_is_deleted_meanwhile_is_named(
    folder: pathlib.Path,
) -> None:
    oracle = make_oracle(folder)
    oracle.reload()
    trial = oracle.create_trial("tuner0")
    shutil.rmtree(folder)
    # A worker may have made it again, to write a checkpoint.
    folder.mkdir()
    with pytest.raises(ValueError, match=rf"{folder}.* is gone: .*--run_dir"):
        oracle.end_trial(trial.trial_id, "INVALID")
