"""A user's trained model through a whole search, stopped and resumed."""

import dataclasses
import pathlib
from typing import Any

import numpy as np
import pytest

from nse_tf.costs import Budget
from nse_tf.evolution import ExplorerConfig
from nse_tf.supernet import networks_of
from nse_tf.training import ChildRecipe, SupernetRecipe
from nse_tf.tuners import AngleShrinking, SpaceHyperModel
from tests.supernet.tiny_spaces import tiny_space
from tests.supernet.trained_models import trained_model
from tests.training.tiny_data import image_data
from tests.tuners.tiny_search import CONFIG

DATA = image_data()
TRAINED_CONFIG = dataclasses.replace(
    CONFIG,
    shrinking=None,
    exploring=ExplorerConfig(num_children=4, population=2, num_parents=2),
)


def make_tuner(
    folder: pathlib.Path, body_rate: float, seed: int = 0
) -> AngleShrinking:
    """Returns a tuner of a trained model that trains for seconds."""
    return AngleShrinking(
        trained_model(seed),
        config=TRAINED_CONFIG,
        budget=Budget(macs=100_000),
        body_rate=body_rate,
        supernet_recipe=SupernetRecipe(batch_size=20),
        child_recipe=ChildRecipe(batch_size=20),
        directory=str(folder.parent),
        project_name=folder.name,
    )


def search(tuner: AngleShrinking) -> list[np.ndarray]:
    """Returns the weights of the winner."""
    tuner.search(DATA.train, validation_data=DATA.validation, verbose=0)
    weights: list[np.ndarray] = tuner.get_best_models()[0].get_weights()
    return weights


@pytest.mark.slow
def test_a_search_of_a_trained_model_is_resumed_to_the_bit(
    tmp_path: pathlib.Path,
) -> None:
    tuner = make_tuner(tmp_path / "whole", body_rate=0.0)
    whole = search(tuner)
    model = trained_model()
    best = tuner.get_best_models()[0]
    for name in ("stem", "norm"):
        layer = best.get_layer(name)
        assert not layer.trainable
        for one, other in zip(
            layer.get_weights(),
            model.get_layer(name).get_weights(),
            strict=True,
        ):
            np.testing.assert_array_equal(one, other)
    again: Any = make_tuner(tmp_path / "halves", 0.0)
    again.oracle.max_trials = 2  # As if it had been stopped there.
    again.search(DATA.train, validation_data=DATA.validation, verbose=0)
    with pytest.raises(ValueError, match=r"body_rate was 0\.0 and is 0\.5"):
        search(make_tuner(tmp_path / "halves", 0.5))
    with pytest.raises(ValueError, match="weights of the body was"):
        search(make_tuner(tmp_path / "halves", 0.0, seed=1))
    rest = search(make_tuner(tmp_path / "halves", 0.0))
    for one, other in zip(whole, rest, strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_rate_without_a_model_of_its_own_is_refused() -> None:
    with pytest.raises(ValueError, match=r"0\.1, but space 'tiny' is no Keras"):
        AngleShrinking(tiny_space(), body_rate=0.1)
    networks = networks_of(trained_model())
    for made in (networks, SpaceHyperModel(networks)):
        with pytest.raises(ValueError, match="'trained' already: give the"):
            AngleShrinking(made, body_rate=0.1)
