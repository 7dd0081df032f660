"""The pitfalls of keras-tuner 1.4.8, and what shows that ours avoids each.

Each was seen to happen there. Those that another test shows already are named.
"""

import importlib.metadata
import json
import os
import pathlib
import re
from typing import Any

import keras_tuner
import numpy as np
import pytest

from nse_tf.tuners import Evolution, SupernetTuner
from tests.supernet.choice_models import dense_model
from tests.tuners.tiny_search import SPACE, make_oracle, make_tuner

# Pitfall, and the test that shows it avoided.
SHOWN = {
    "P1 a plain install cannot search": "pitfalls::tensorboard_is_required",
    "P2 a changed space is ignored after reloading": (
        "pitfalls::a_changed_space_is_refused"
    ),
    "P3 `tuner_id` breaks resuming": "pitfalls::a_tuner_id_resumes",
    "P4 seed 0 is random": "oracle_laws::our_oracles_keep_the_laws",
    "P5 missing values are drawn unseeded": (
        "evolution_oracle::every_active_value_is_chosen_and_no_other"
    ),
    "P6 a retry after NaN never recovers": (
        "oracle_laws::our_oracles_keep_the_laws"
    ),
    "P7 a list of objectives is summed": (
        "pitfalls::a_list_of_objectives_is_a_front"
    ),
    "P8 numpy values cannot be saved": (
        "oracle_laws::our_oracles_keep_the_laws"
    ),
    "P9 choices take no tuples": (
        "hyperparameters::every_block_is_a_choice_of_its_op_names"
    ),
    "P10 a truncated state file ends the project": (
        "pitfalls::a_damaged_file_is_named"
    ),
    "P11 an error leaves the lock closed": (
        "oracle_laws::our_oracles_keep_the_laws"
    ),
    "P12 too many failures hang the chief": (
        "pareto_workers::too_many_failures_end_the_chief_with_the_error"
    ),
    "P13 a killed worker leaves the chief waiting for ever": (
        "many_workers::what_a_silent_worker_did_is_done_by_another_and_counts"
        "_once"
    ),
    "P14 `overwrite` on a worker deletes the chief's folder": (
        "pitfalls::a_worker_overwrites_nothing"
    ),
    "P15 a worker sees next to nothing of its oracle": (
        "pareto_workers::the_front_is_reported_through_a_chief"
    ),
    "P16 the wire rounds and reorders": (
        "oracles::a_result_that_does_not_hold_fails_its_trial"
    ),
    "P17 a worker without work asks without a pause": (
        "pitfalls::who_has_no_work_asks_ever_more_rarely"
    ),
    "P18 the best trials are padded with failed ones": (
        "oracle_laws::our_oracles_keep_the_laws"
    ),
    "P19 the score is a mean, the model one execution's": (
        "pitfalls::every_execution_is_kept"
    ),
    "P20 the constructor builds a model per condition": (
        "pitfalls::constructors_build_no_more_than_one_model"
    ),
    "P21 the cost of saving grows with the trials": (
        "oracles::every_job_is_a_trial_and_the_end_is_stopped"
    ),
    "P22 memory grows with the trials of a process": (
        "pitfalls::a_process_does_only_so_many_trials"
    ),
    "P23 weight sharing clashes with clearing sessions": (
        "space_hypermodel::stock_tuners_search_a_shrunk_space_with_inherited"
        "_weights"
    ),
    "P24 a finished project returns at once, without a word": (
        "pitfalls::what_is_reloaded_is_said"
    ),
}


@pytest.mark.parametrize("pitfall", SHOWN)
def test_what_shows_a_pitfall_avoided_is_there(pitfall: str) -> None:
    file, name = SHOWN[pitfall].split("::")
    (path,) = pathlib.Path("tests").glob(f"*/{file}_test.py")
    assert f"def test_{name}(" in path.read_text(encoding="utf-8")


def build_model(hp: Any) -> Any:
    """Returns the model of a user who knows nothing of us."""
    model = dense_model()
    hp.Choice("letter", LETTERS)
    hp.Int("number", 1, 100)
    return model


LETTERS = ["a", "b", "c"]


class Judge(Evolution):
    """Judges hyperparameters by arithmetic."""

    def run_trial(self, trial: Any, *args: Any, **kwargs: Any) -> Any:
        """Returns two numbers that pull in opposite directions."""
        number = trial.hyperparameters.get("number")
        return {"val_accuracy": number / 100, "macs": np.float32(number)}


def tuner_in(folder: pathlib.Path, **changes: Any) -> Judge:
    """Returns a tuner of two objectives."""
    return Judge(
        build_model,
        **{
            "objective": ["val_accuracy", "macs"],
            "max_trials": 4,
            "seed": 0,
            "directory": str(folder),
            "project_name": "it",
            **changes,
        },
    )


def test_tensorboard_is_required() -> None:
    """keras-tuner imports it, and TensorFlow brings it no more."""
    required = importlib.metadata.requires("nse-tf") or []
    assert any(re.match("tensorboard", each) for each in required)
    assert importlib.metadata.version("tensorboard")


def test_a_changed_space_is_refused(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tuner_in(tmp_path).search(verbose=0)
    monkeypatch.setitem(globals(), "LETTERS", ["a", "b"])
    with pytest.raises(
        ValueError, match=r"'letter' is .*\['a', 'b'\].*but .*\['a', 'b', 'c'\]"
    ):
        tuner_in(tmp_path)


def test_a_tuner_id_resumes(tmp_path: pathlib.Path) -> None:
    tuner_in(tmp_path, tuner_id="w7").search(verbose=0)
    again = tuner_in(tmp_path, tuner_id="w7")
    assert len(again.oracle.trials) == 4
    assert again.remaining_trials == 0


def test_a_list_of_objectives_is_a_front(tmp_path: pathlib.Path) -> None:
    """All four trade one for the other; by their sum one would win."""
    tuner = tuner_in(tmp_path)
    tuner.search(verbose=0)
    front = tuner.pareto_trials()
    assert len(front) == 4
    numbers = [trial.hyperparameters.get("number") for trial in front]
    assert numbers == sorted(numbers, reverse=True)
    assert front == tuner.oracle.pareto_trials()
    trace = tuner.oracle.hypervolume_trace({"val_accuracy": 0, "macs": 100})
    assert (np.diff(trace) >= 0).all()


@pytest.mark.parametrize("damage", ["", '{"ongoing', "[1, 2]"])
def test_a_damaged_file_is_named(tmp_path: pathlib.Path, damage: str) -> None:
    tuner_in(tmp_path).search(verbose=0)
    path = tmp_path / "it" / "oracle.json"
    path.write_text(damage)
    with pytest.raises(ValueError, match=re.escape(str(path))):
        tuner_in(tmp_path)
    assert path.read_text() == damage  # Nothing is deleted.


def test_a_worker_overwrites_nothing(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tuner_in(tmp_path).search(verbose=0)
    for name, value in (
        ("KERASTUNER_TUNER_ID", "worker0"),
        ("KERASTUNER_ORACLE_IP", "127.0.0.1"),
        ("KERASTUNER_ORACLE_PORT", "1"),
    ):
        monkeypatch.setitem(os.environ, name, value)
    monkeypatch.setattr(
        "keras_tuner.src.distribute.oracle_client.OracleClient", lambda o: o
    )
    tuner_in(tmp_path, overwrite=True)
    assert (tmp_path / "it" / "oracle.json").exists()
    monkeypatch.undo()
    tuner_in(tmp_path, overwrite=True)
    assert not (tmp_path / "it" / "oracle.json").exists()


def test_a_process_does_only_so_many_trials(
    tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tuner = tuner_in(tmp_path, trials_per_process=3)
    tuner.search(verbose=1)
    assert len(tuner.oracle.end_order) == 3
    assert "start it again to resume" in capsys.readouterr().out
    again = tuner_in(tmp_path, trials_per_process=3)
    again.search(verbose=0)
    whole = tuner_in(tmp_path / "whole")
    whole.search(verbose=0)
    assert [
        again.oracle.trials[each].hyperparameters.values
        for each in again.oracle.end_order
    ] == [
        whole.oracle.trials[each].hyperparameters.values
        for each in whole.oracle.end_order
    ]
    with pytest.raises(ValueError, match="must be at least 1, not 0"):
        tuner_in(tmp_path, trials_per_process=0)


def test_who_has_no_work_asks_ever_more_rarely(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []
    monkeypatch.setattr("time.sleep", pauses.append)
    tuner = make_tuner(tmp_path / "run")
    for _ in range(9):
        tuner.pre_create_trial()
    assert pauses == [0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 2.0, 2.0]


def test_every_execution_is_kept(tmp_path: pathlib.Path) -> None:
    """keras-tuner saves the best model of all and shows the mean score."""
    tuner = Evolution(
        dense_model(),
        max_trials=1,
        executions_per_trial=2,
        directory=str(tmp_path),
        project_name="it",
    )
    images = np.zeros((4, 8, 8, 1), np.float32)
    labels = np.arange(4) % 3
    tuner.search(
        images, labels, validation_data=(images, labels), epochs=1, verbose=0
    )
    (trial,) = tuner.oracle.get_best_trials()
    path = pathlib.Path(tuner.get_trial_dir(trial.trial_id)) / "executions.json"
    kept = json.loads(path.read_text())
    found = [each["val_accuracy"][0] for each in kept]
    assert trial.score == pytest.approx(np.mean(found))


def test_constructors_build_no_more_than_one_model(
    tmp_path: pathlib.Path,
) -> None:
    built = []

    def build(hp: keras_tuner.HyperParameters) -> Any:
        built.append(hp)
        return build_model(hp)

    Judge(build, directory=str(tmp_path), project_name="one")
    assert len(built) == 1
    tuner = make_tuner(tmp_path / "shared")
    assert isinstance(tuner, SupernetTuner)
    assert tuner.hypermodel._num_built.total() == 0


def test_what_is_reloaded_is_said(
    tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tuner_in(tmp_path).search(verbose=1)
    assert "Resuming" not in capsys.readouterr().out
    tuner_in(tmp_path).search(verbose=1)
    assert "with 4 trials; " in capsys.readouterr().out


def test_max_trials_of_all_kinds_and_the_default_objective() -> None:
    oracle = make_oracle(pathlib.Path("unused"), max_trials=None)
    assert oracle.remaining_trials() is None
    assert str(oracle.objective) == (
        'Objective(name="val_accuracy", direction="max")'
    )
    assert oracle.space == SPACE
