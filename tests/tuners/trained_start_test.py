"""The short form of a search that starts from a trained network."""

import dataclasses
import pathlib
from typing import Any

import pytest

from nse_tf.starts import read_chain
from nse_tf.supernet import TrainedNetworks
from nse_tf.training import SupernetRecipe
from nse_tf.tuners import EFFORTS, AngleShrinking, SpaceHyperModel
from tests.starts.tiny_trained import tiny_trained


def test_an_effort_is_one_for_trained_weights_where_there_are_some(
    tmp_path: pathlib.Path,
) -> None:
    chain = read_chain(tiny_trained(), "tiny")
    networks = TrainedNetworks(chain, (8, 8), num_classes=3)
    folder: dict[str, Any] = {"directory": str(tmp_path)}
    tuner: Any = AngleShrinking(networks, effort="laptop", **folder)
    config, usual = tuner.oracle.method.config, EFFORTS["laptop"].search
    assert config.exploring == usual.exploring
    assert config.search_epochs == 250 * 32 // 1_000
    assert config.learning_rates == pytest.approx((0.03, 1e-3))
    assert config.child_start == "inherited"
    assert tuner._supernet_recipe.batch_size == 32
    assert tuner._child_recipe.dropout == pytest.approx(0.2)
    # What is given stays, also where a hypermodel holds the networks.
    given = dataclasses.replace(usual, search_epochs=7)
    recipe = SupernetRecipe(batch_size=9)
    tuner = AngleShrinking(
        SpaceHyperModel(networks),
        config=given,
        supernet_recipe=recipe,
        project_name="given",
        **folder,
    )
    assert tuner.oracle.method.config.search_epochs == 7
    assert tuner._supernet_recipe == recipe
