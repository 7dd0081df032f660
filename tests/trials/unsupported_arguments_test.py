"""Arguments of keras-tuner's constructors: honored, or refused."""

import inspect
import pathlib
from typing import Any

import keras
import keras_tuner
import pytest

from nse_tf.tuners import (
    AngleShrinking,
    AngleShrinkingOracle,
    Evolution,
    EvolutionOracle,
    SearchOracle,
    SupernetTuner,
)
from tests.tuners.tiny_search import CONFIG, SPACE


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (SearchOracle, keras_tuner.Oracle),
        (EvolutionOracle, keras_tuner.Oracle),
        (SupernetTuner, keras_tuner.Tuner),
        (AngleShrinking, keras_tuner.RandomSearch),
        (Evolution, keras_tuner.RandomSearch),
    ],
)
def test_every_argument_of_keras_tuner_is_an_argument_here(
    ours: Any, theirs: Any
) -> None:
    def names(kind: Any) -> set[str]:
        return set(inspect.signature(kind.__init__).parameters)

    # What ours hand on to a class that is compared itself.
    handed_on = {"kwargs", "args"} & names(ours)
    assert names(theirs) - names(ours) - {"kwargs"} == set()
    assert handed_on <= {"kwargs"}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            {"max_model_size": 1000},
            r"`max_model_size` 1000 .*Budget\(params=1000",
        ),
        (
            {"optimizer": "adam"},
            "`optimizer` 'adam' .* leaves inactive candidates",
        ),
        ({"loss": "mse"}, "`loss` 'mse' .*as classifiers, by cross entropy"),
        ({"metrics": ["auc"]}, r"`metrics` \['auc'\] .*validation accuracy"),
        ({"distribution_strategy": 1}, "must be a tf.distribute.Strategy"),
        ({"executions_per_trial": 3}, "num_finalists=3"),
        (
            {"objective": "val_loss"},
            'No job reports .*"val_loss".*val_accuracy',
        ),
        ({"objective": ["val_accuracy", "loss"]}, "No job reports MultiObj"),
        ({"objective": "sharpness"}, 'No job reports .*"sharpness"'),
    ],
)
def test_what_means_nothing_is_refused_with_a_way_out(
    given: dict[str, Any], message: str, tmp_path: pathlib.Path
) -> None:
    with pytest.raises(ValueError, match=message):
        AngleShrinking(SPACE, config=CONFIG, directory=str(tmp_path), **given)


def test_what_is_done_anyway_may_be_asked_for(tmp_path: pathlib.Path) -> None:
    with pytest.warns(DeprecationWarning, match="`logger`"):
        tuner = AngleShrinking(
            SPACE,
            "val_accuracy",
            max_trials=7,
            seed=0,
            config=CONFIG,
            loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            metrics=["accuracy"],
            executions_per_trial=1,
            logger="ignored by keras-tuner",
            tuner_id="w3",
            directory=str(tmp_path),
            project_name="it",
        )
    assert tuner.tuner_id == "w3"
    assert tuner.remaining_trials == 7
    assert (tuner.oracle.seed, tuner.project_dir) == (0, str(tmp_path / "it"))


def test_what_cannot_be_searched_is_refused() -> None:
    with pytest.raises(TypeError, match="a space or a Keras model with"):
        AngleShrinkingOracle(len, config=CONFIG)
