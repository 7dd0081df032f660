"""Oracles that are reloaded: after a stop, a kill, a full disk."""

import dataclasses
import errno
import pathlib
from typing import Any

import pytest
from keras_tuner.engine.trial import TrialStatus

from nse_tf.costs import Budget
from nse_tf.reporting import RunLog
from tests.tuners.tiny_search import (
    CONFIG,
    do,
    do_trials,
    is_open,
    job_of,
    make_oracle,
)


def test_a_reloaded_search_resumes_to_the_same_end(
    tmp_path: pathlib.Path,
) -> None:
    whole = make_oracle(tmp_path / "whole")
    jobs = [job_of(each) for each in do_trials(whole)]
    for num_done in range(len(jobs) + 1):
        folder = tmp_path / f"after_{num_done}"
        before = make_oracle(folder)
        do_trials(before, num_done)
        before.save()
        after = make_oracle(folder)
        after.reload()
        assert [job_of(each) for each in do_trials(after)] == jobs[num_done:]
        assert after.method.history == whole.method.history
        assert list(after.trials) == list(whole.trials)
        assert [job_of(each) for each in after.get_best_trials(2)] == [
            job_of(each) for each in whole.get_best_trials(2)
        ]


def test_an_ongoing_trial_is_retried_and_not_asked_twice(
    folder: pathlib.Path,
) -> None:
    before = make_oracle(folder)
    do_trials(before, 1)
    ongoing = before.create_trial("tuner0")
    after = make_oracle(folder)
    after.reload()
    again = after.create_trial("tuner0")
    assert again.trial_id == ongoing.trial_id
    assert job_of(again) == job_of(ongoing)
    do(after, again)
    assert job_of(after.create_trial("tuner0")) == "00002_evaluate_children"


def killed() -> None:
    raise KeyboardInterrupt


def test_a_trial_that_a_kill_kept_out_of_the_state_is_asked_for_again(
    folder: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed after the trial's file was written, before it counted."""
    before = make_oracle(folder)
    do_trials(before, 1)
    with monkeypatch.context() as patch:
        patch.setattr(before.storage.table, "commit", killed)
        with pytest.raises(KeyboardInterrupt):
            before.create_trial("tuner0")
    before.storage.table.close()
    assert (folder / "trial_0001" / "trial.json").exists()
    after = make_oracle(folder)
    after.reload()
    assert list(after.trials) == ["0000"]
    trial = after.create_trial("tuner0")
    assert (trial.trial_id, job_of(trial)) == ("0001", "00001_train_supernet")


def test_the_state_of_another_search_is_refused(folder: pathlib.Path) -> None:
    do_trials(make_oracle(folder), 1)
    other = make_oracle(
        folder, config=dataclasses.replace(CONFIG, search_epochs=7)
    )
    with pytest.raises(ValueError, match="`search_epochs` was 1 and is 7"):
        other.reload()
    budgeted = make_oracle(folder, budget=Budget(macs=1e6))
    with pytest.raises(ValueError, match="`budget` was"):
        budgeted.reload()


def test_a_project_that_0_1_began_is_refused_whatever_is_in_it(
    folder: pathlib.Path,
) -> None:
    oracle = make_oracle(folder)
    do_trials(oracle, 1)
    table = oracle.storage.table
    table._connection.execute("DELETE FROM facts WHERE name = 'version'")
    table._connection.execute("UPDATE results SET told = 'of another form'")
    other = make_oracle(
        folder, config=dataclasses.replace(CONFIG, search_epochs=7)
    )
    other._storage = oracle.storage  # Whose checksums are not asked again.
    with pytest.raises(ValueError, match=r"run was begun by nse_tf 0\.1, and"):
        other.reload()


def test_what_was_killed_right_after_its_claim_begins_anew(
    folder: pathlib.Path,
) -> None:
    killed = make_oracle(folder)
    killed.claim({"batch": 20})
    killed.storage.table.close()
    again = make_oracle(folder)
    again.reload()
    with pytest.raises(ValueError, match="batch was 20 and is 30"):
        again.claim({"batch": 30})
    again.claim({"batch": 20})
    (trial,) = do_trials(again, 1)
    assert trial.hyperparameters.values["job"] == "00000_train_supernet"


def test_a_lost_table_without_any_result_begins_anew(
    folder: pathlib.Path, caplog: pytest.LogCaptureFixture
) -> None:
    oracle = make_oracle(folder)
    do_trials(oracle, 2)
    (folder / "results.sqlite").unlink()
    again = make_oracle(folder)
    again.reload()
    assert "trains only what is not there" in caplog.text
    assert (folder / "results.sqlite").exists()
    # Nothing is left but the space, and the first job follows.
    assert again.method.history == oracle.method.history[:1]
    values = again.create_trial("tuner0").hyperparameters.values
    assert values["job"] == "00000_train_supernet"


@pytest.mark.parametrize("seed", [0, 3])
def test_a_seed_is_kept_and_is_the_method_s(
    folder: pathlib.Path, seed: int
) -> None:
    oracle = make_oracle(folder, seed=seed)
    assert oracle.seed == oracle.method.describe()["seed"] == seed
    do_trials(oracle, 1)
    again = make_oracle(folder, seed=seed)
    again.reload()
    assert again.seed == seed
    assert again.get_state()["seed"] == seed
    with pytest.raises(ValueError, match="`seed` was"):
        make_oracle(folder, seed=seed + 1).reload()


def test_the_log_has_each_event_once_after_resuming(
    folder: pathlib.Path,
) -> None:
    do_trials(make_oracle(folder), 4)
    for _ in range(2):
        oracle = make_oracle(folder)
        oracle.reload()
        do_trials(oracle)
    assert RunLog(folder / "log.jsonl").read() == oracle.method.history


def test_a_full_disk_ends_the_search_and_loses_nothing(
    folder: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = make_oracle(folder.with_name("whole"))
    do_trials(whole)
    oracle = make_oracle(folder)
    done = do_trials(oracle, 3)

    def full(*args: Any, **kwargs: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", str(folder))

    with monkeypatch.context() as patch:
        patch.setattr(pathlib.Path, "replace", full)
        assert oracle.create_trial("tuner0").status == TrialStatus.STOPPED
    assert "No space left" in str(oracle.failure)
    assert is_open(oracle)
    oracle.storage.table.close()
    again = make_oracle(folder)
    again.reload()
    do_trials(again)
    assert again.method.history == whole.method.history
    assert list(again.trials) == list(whole.trials)
    assert len(done) == 3


def test_a_log_damaged_meanwhile_ends_the_search_and_is_repaired_by_the_next(
    folder: pathlib.Path,
) -> None:
    oracle = make_oracle(folder)
    do_trials(oracle, 1)
    log = folder / "log.jsonl"
    log.write_text("oh\n" + log.read_text())
    assert oracle.create_trial("tuner0").status == TrialStatus.STOPPED
    assert "line 1, is damaged" in str(oracle.failure)
    assert is_open(oracle)
    again = make_oracle(folder)
    again.reload()
    do_trials(again)
    assert RunLog(log).read() == again.method.history
