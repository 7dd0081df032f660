"""A user's own model through the whole search, stopped and resumed."""

import dataclasses
import pathlib

import keras
import numpy as np
import pytest

from nse_tf.costs import Budget, CostModel
from nse_tf.events import OperatorsScored, WinnerChosen
from nse_tf.evolution import ExplorerConfig
from nse_tf.shrinking import ShrinkSchedule
from nse_tf.spaces import load_space
from nse_tf.supernet import space_of
from nse_tf.training import ChildRecipe, SupernetRecipe
from nse_tf.tuners import (
    AngleShrinkingOracle,
    SpaceHyperModel,
    SupernetTuner,
)
from tests.supernet.choice_models import choice_model
from tests.training.tiny_data import image_data
from tests.tuners.tiny_search import CONFIG, SPACE

DATA = image_data()
SHRINKING = ShrinkSchedule(
    drop_per_stage=1,
    stop_size=8,
    first_epochs=1,
    other_epochs=1,
    total_epochs=2,
)
# What the clock decides, also that in the archive of a model.
UNSTEADY = ("seconds", "model_sha256")
CHOICE_CONFIG = dataclasses.replace(
    CONFIG,
    shrinking=SHRINKING,
    exploring=ExplorerConfig(num_children=6, population=3, num_parents=2),
)
BUDGET = Budget(macs=25_000)


def make_tuner(folder: pathlib.Path, model: keras.Model) -> SupernetTuner:
    """Returns a tuner of a user's model that trains for seconds."""
    return SupernetTuner(
        AngleShrinkingOracle(model, BUDGET, config=CHOICE_CONFIG),
        supernet_recipe=SupernetRecipe(batch_size=20),
        child_recipe=ChildRecipe(batch_size=20),
        directory=str(folder.parent),
        project_name=folder.name,
    )


@pytest.mark.slow
def test_a_model_is_trained_shrunk_explored_and_cut_out(
    tmp_path: pathlib.Path,
) -> None:
    model = choice_model(dropout=0.1, ending="softmax")
    tuner = make_tuner(tmp_path / "whole", model)
    tuner.search(DATA.train, validation_data=DATA.validation, verbose=0)
    method = tuner.oracle.method
    (winner,) = method.noted(WinnerChosen)
    assert method.history[-1].event is winner
    assert method.noted(OperatorsScored)
    space = load_space(tmp_path / "whole" / "space_000.json")
    assert space == space_of(model)
    genotype = space.genotype(winner.path)
    assert BUDGET.fits(CostModel(space).costs(genotype))
    best = tuner.get_best_models()[0]
    probabilities = best.predict(np.asarray(DATA.test.images), verbose=0)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1.0, atol=1e-5)
    built = SpaceHyperModel(model).build(tuner.get_best_hyperparameters()[0])
    assert built.count_params() == best.count_params()

    again = make_tuner(tmp_path / "halves", choice_model(0.1, "softmax"))
    again.oracle.max_trials = 3  # As if it had been stopped there.
    again.search(DATA.train, validation_data=DATA.validation, verbose=0)
    rest = make_tuner(tmp_path / "halves", choice_model(0.1, "softmax"))
    rest.search(DATA.train, validation_data=DATA.validation, verbose=0)
    facts, others = (
        [
            {k: v for k, v in entry.to_json().items() if k not in UNSTEADY}
            for entry in each.history
        ]
        for each in (method, rest.oracle.method)
    )
    assert facts == others
    for one, other in zip(
        best.get_weights(),
        rest.get_best_models()[0].get_weights(),
        strict=True,
    ):
        np.testing.assert_array_equal(one, other)


def test_a_tuner_for_another_space_than_its_oracle_s_is_refused(
    tmp_path: pathlib.Path,
) -> None:
    with pytest.raises(ValueError, match=r"'tiny' with fingerprint .*'mine'"):
        SupernetTuner(
            AngleShrinkingOracle(choice_model(), config=CONFIG),
            SPACE,
            directory=str(tmp_path),
        )


def test_a_space_without_its_model_is_refused() -> None:
    with pytest.raises(ValueError, match="Hand over the model, too"):
        AngleShrinkingOracle(space_of(choice_model()), config=CONFIG)
