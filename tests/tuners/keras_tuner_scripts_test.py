"""Scripts written for keras-tuner, with another import."""

import pathlib
import threading
from typing import Any

import keras
import keras_tuner
import numpy as np
import pytest
from keras_tuner.engine.trial import Trial, TrialStatus

from nse_tf.trials.base_tuner import BaseTuner
from nse_tf.trials.fit_arguments import read_fit_arguments
from nse_tf.tuners import Evolution, EvolutionOracle
from tests.supernet.choice_models import dense_model
from tests.tuners.tiny_search import make_oracle, make_tuner


class Distance(Evolution):
    """Returns one number: how far x is from 3."""

    def run_trial(self, trial: Trial, *args: Any, **kwargs: Any) -> Any:
        """Returns the distance."""
        return abs(trial.hyperparameters.Float("x", -10, 10) - 3)


class Broken(Evolution):
    """Fails in every trial."""

    def run_trial(self, trial: Trial, *args: Any, **kwargs: Any) -> Any:
        """Raises an error of several lines."""
        trial.hyperparameters.Float("x", 0, 1)
        raise MemoryError("no memory\ntraining=True")


class Locked(keras.callbacks.Callback):
    """A callback that cannot be copied."""

    def __init__(self) -> None:
        super().__init__()
        self.lock = threading.Lock()


def place(folder: pathlib.Path, **more: Any) -> dict[str, Any]:
    """Returns where a tuner keeps its files."""
    return {"directory": str(folder), "project_name": "it", "seed": 0, **more}


def build(hp: keras_tuner.HyperParameters) -> Any:
    """Returns a model of two hyperparameters."""
    hp.Int("units", 2, 16)
    hp.Choice("rate", [0.1, 0.01])
    return dense_model()


class Stock(Evolution):
    """Scores by the rate alone."""

    def run_trial(self, trial: Trial, *args: Any, **kwargs: Any) -> Any:
        """Returns the rate."""
        return {"val_loss": trial.hyperparameters.get("rate")}


def test_one_number_without_an_objective_is_minimized(
    tmp_path: pathlib.Path,
) -> None:
    tuner = Distance(max_trials=40, **place(tmp_path))
    tuner.search(verbose=0)
    distances = [each.score for each in tuner.oracle.trials.values()]
    (best,) = tuner.oracle.get_best_trials()
    assert best.score == min(distances)
    assert abs(best.hyperparameters.get("x") - 3) == min(distances) < 2
    # A project that needs no hypermodel is also resumed without one.
    again = Distance(max_trials=41, **place(tmp_path))
    again.search(verbose=0)
    assert len(again.oracle.trials) == 41


def test_a_space_of_ours_is_searched_for_the_validation_accuracy(
    tmp_path: pathlib.Path,
) -> None:
    objective = Evolution(dense_model(), **place(tmp_path)).oracle.objective
    assert (objective.name, objective.direction) == ("val_accuracy", "max")


def test_hyperparameters_that_override_are_resumed(
    tmp_path: pathlib.Path,
) -> None:
    """Also one of another type, or with one value; a third is refused."""

    def tuner(num_trials: int, most: float = 0.02) -> Stock:
        hp = keras_tuner.HyperParameters()
        hp.Float("rate", 0.01, most)
        hp.Fixed("units", 4)
        return Stock(
            build,
            objective="val_loss",
            max_trials=num_trials,
            hyperparameters=hp,
            tune_new_entries=False,
            **place(tmp_path),
        )

    tuner(2).search(verbose=0)
    again = tuner(4)
    again.search(verbose=0)
    rates = [
        each.hyperparameters.get("rate")
        for each in again.oracle.trials.values()
    ]
    assert len(set(rates)) == 4
    assert 0.01 <= min(rates) <= max(rates) <= 0.02
    with pytest.raises(ValueError, match=r"'rate' is .*0\.03.*but .*0\.02"):
        tuner(4, most=0.03)


def test_hyperparameters_do_not_override_a_shared_space(
    tmp_path: pathlib.Path,
) -> None:
    hp = keras_tuner.HyperParameters()
    block = make_oracle(tmp_path / "run").space.blocks[0]
    hp.Choice(block.name, [block.candidates[0].name])
    with pytest.raises(ValueError, match=rf"makes '{block.name}'.*restrict"):
        make_tuner(tmp_path / "run", hyperparameters=hp)


def test_a_missing_objective_is_refused_with_what_is_reported(
    tmp_path: pathlib.Path,
) -> None:
    images, labels = np.zeros((4, 8, 8, 1), np.float32), np.arange(4) % 3
    tuner = Evolution(
        dense_model(),
        objective=keras_tuner.Objective("val_f1", "max"),
        **place(tmp_path),
    )
    with pytest.raises(keras_tuner.errors.FatalValueError, match="'val_loss'"):
        tuner.search(
            images, labels, validation_data=(images, labels), verbose=0
        )


def test_a_search_that_only_failed_says_so(
    tmp_path: pathlib.Path, caplog: pytest.LogCaptureFixture
) -> None:
    Broken(max_trials=2, **place(tmp_path)).search(verbose=0)
    assert caplog.messages == [
        f"None of the 2 trials in {tmp_path / 'it'} ended well; the last "
        "failed with MemoryError: no memory"
    ]


def test_no_hypermodel_is_refused(tmp_path: pathlib.Path) -> None:
    with pytest.raises(ValueError, match="Received `hypermodel=None`"):
        Evolution(**place(tmp_path))
    with pytest.raises(ValueError, match="Received `hypermodel=None`"):
        BaseTuner(EvolutionOracle(), directory=str(tmp_path))


def test_a_callback_that_cannot_be_copied_is_refused_at_once(
    tmp_path: pathlib.Path,
) -> None:
    tuner = Distance(**place(tmp_path))
    with pytest.raises(keras_tuner.errors.FatalValueError, match="deep-copyab"):
        tuner.search(callbacks=[Locked()], verbose=0)
    assert not tuner.oracle.trials
    images, labels = np.zeros((6, 8, 8, 1), np.uint8), np.arange(6) % 3
    with pytest.raises(ValueError, match=r"Locked.* cannot be copied"):
        read_fit_arguments(
            3, images, labels, validation_split=0.5, callbacks=[Locked()]
        )


class Doubled(EvolutionOracle):
    """Scores by a rule of its own: the farther from 0.5 the better."""

    def score_trial(self, trial: Trial) -> None:
        """Sets a score and no step."""
        trial.score = abs(trial.metrics.get_best_value("val_loss") - 0.5)


def test_an_overridden_score_decides(tmp_path: pathlib.Path) -> None:
    oracle = Doubled(objective=keras_tuner.Objective("val_loss", "max"))
    oracle._set_project_dir(str(tmp_path), "it")
    oracle.verbose = 0
    hp = keras_tuner.HyperParameters()
    hp.Float("x", 0, 1)
    oracle.update_space(hp)
    for loss in (0.6, 0.1, 0.7):
        trial = oracle.create_trial("a")
        oracle.update_trial(trial.trial_id, {"val_loss": loss})
        # The form of keras-tuner before 1.2.
        oracle.end_trial(trial.trial_id, "COMPLETED")
    scores = [each.score for each in oracle.get_best_trials(3)]
    assert scores == pytest.approx([0.4, 0.2, 0.1])
    # One that was scored elsewhere has no metrics.
    bare = Trial(hyperparameters=hp, status=TrialStatus.COMPLETED)
    bare.score = 0.9
    oracle.trials[bare.trial_id] = bare
    assert oracle.get_best_trials() == [bare]


def test_a_trial_ends_by_its_id(tmp_path: pathlib.Path) -> None:
    oracle = make_oracle(tmp_path / "run")
    oracle._set_project_dir(str(tmp_path), "run")
    oracle.verbose = 0
    trial = oracle.create_trial("a")
    values = dict(trial.hyperparameters.values)
    with pytest.raises(ValueError, match="'DONE': `status` is one of COMPLET"):
        oracle.end_trial(trial.trial_id, "DONE")
    oracle.end_trial(trial_id=trial.trial_id, status="FAILED")
    assert oracle.get_trial(trial.trial_id).status == TrialStatus.FAILED
    assert trial.hyperparameters.values == values
