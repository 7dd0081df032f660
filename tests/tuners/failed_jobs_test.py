"""Jobs that fail: once, twice, and again by the same command."""

import itertools
import pathlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from nse_tf.jobs import Failed
from nse_tf.methods import SearchError
from nse_tf.training.supernet_training import SupernetTraining
from nse_tf.trials.job_files import result_path, write_result
from nse_tf.tuners import SearchOracle
from tests.training.tiny_data import image_data
from tests.tuners.tiny_search import (
    do_trials,
    fail,
    job_of,
    make_oracle,
    make_tuner,
)

LOST = "MemoryError: 3 GB of 2\n  training=True"


@pytest.fixture
def folder(tmp_path: pathlib.Path) -> pathlib.Path:
    return tmp_path / "run"


def end_of(oracle: SearchOracle) -> Any:
    """Returns what a search came to."""
    return oracle.method.history, [
        job_of(each) for each in oracle.trials.values()
    ]


def test_a_job_that_fails_once_is_tried_again(
    folder: pathlib.Path, caplog: pytest.LogCaptureFixture
) -> None:
    oracle, whole = make_oracle(folder), make_oracle(folder.parent / "whole")
    do_trials(whole)
    fail(oracle, oracle.create_trial("tuner0"), LOST)
    assert caplog.messages == [
        "Job 00000_train_supernet failed with MemoryError: 3 GB of 2; it is "
        "tried again, from its last checkpoint if it has one."
    ]
    do_trials(oracle)
    assert oracle.failure is None
    assert end_of(oracle) == end_of(whole)


@pytest.mark.parametrize("num_done", [0, 1])
def test_what_ended_a_search_is_tried_again_by_the_same_command(
    folder: pathlib.Path, num_done: int
) -> None:
    """Whatever job it was; a second failure ends the search again."""
    whole = make_oracle(folder.parent / "whole")
    do_trials(whole)
    oracle = make_oracle(folder)
    for attempt in range(2):
        if attempt:
            oracle = make_oracle(folder)
            oracle.reload()
        oracle.claim({})
        if not attempt:
            do_trials(oracle, num_done)
        failing = oracle.create_trial("tuner0")
        fail(oracle, failing, LOST)
        again = oracle.create_trial("tuner0")
        assert job_of(again) == job_of(failing)
        fail(oracle, again, LOST)
        assert oracle.create_trial("tuner0").status == "STOPPED"
        assert isinstance(oracle.failure, SearchError)
        assert "MemoryError: 3 GB of 2" in str(oracle.failure)
        assert "training=True" not in str(oracle.failure).splitlines()[0]
    after = make_oracle(folder)
    after.reload()
    after.claim({})
    assert not result_path(folder, job_of(failing)).exists()
    do_trials(after)
    assert after.failure is None
    assert end_of(after) == end_of(whole)


def test_a_tolerated_failure_stays(folder: pathlib.Path) -> None:
    """The search went on from there, so that it cannot be taken back."""
    oracle = make_oracle(folder, max_retries_per_trial=0)
    do_trials(oracle, 2)
    failing = oracle.create_trial("tuner0")
    fail(oracle, failing, LOST)
    do_trials(oracle)
    assert oracle.failure is None
    after = make_oracle(folder)
    after.reload()
    after.claim({})
    assert end_of(after) == end_of(oracle)
    assert after.get_trial(failing.trial_id).status == "FAILED"


def test_a_failed_shard_is_tried_again_and_the_others_are_not(
    folder: pathlib.Path,
) -> None:
    oracle = make_oracle(folder, max_consecutive_failed_trials=99)
    do_trials(oracle, 1)
    oracle.storage.forget_failures(())
    trial = oracle.create_trial("tuner0")
    reference = write_result(folder, job_of(trial), Failed("made up"))
    trial.hyperparameters.values["result"] = reference
    trial.status = "COMPLETED"
    oracle.end_trial(trial)  # Told by a file, as after a damaged table.
    oracle.save()
    known = [row.job for row in oracle.storage.table.results()]
    assert known[-1] == job_of(trial)
    oracle.storage.forget_failures([known[-1]])
    table = oracle.storage.table
    assert [row.job for row in table.results()] == known[:-1]
    assert [row.ended for row in table.trials()] == [0, None]


def failing_once(
    plain: Callable[..., None],
) -> Callable[[Any, Callable[[float], None]], None]:
    """Returns `SupernetTraining.run`, which fails after its first epoch."""
    calls = itertools.count()

    def run(self: Any, after_epoch: Callable[[float], None]) -> None:
        def failing(loss: float) -> None:
            after_epoch(loss)
            if next(calls) == 0:
                raise MemoryError("no memory\n  training=True")

        plain(self, failing)

    return run


@pytest.mark.slow
def test_a_passing_error_in_a_training_changes_no_bit(
    folder: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It resumes from the checkpoint after the first epoch, in place."""
    data = image_data()
    weights = []
    for name in ("whole", "run"):
        tuner = make_tuner(folder.parent / name, max_trials=1)
        if name == "run":
            run = failing_once(SupernetTraining.run)
            monkeypatch.setattr(SupernetTraining, "run", run)
        tuner.search(data.train, validation_data=data.validation, verbose=0)
        assert tuner._worker is not None
        supernet = tuner._worker.supernet()
        weights.append([each.numpy() for each in supernet.variables])
    assert "failed with MemoryError: no memory; it is tried" in caplog.text
    for mine, theirs in zip(*weights, strict=True):
        np.testing.assert_array_equal(mine, theirs)
