"""Cells evolve under keras-tuner, and their space is searched there."""

import pathlib
from typing import Any

import pytest

from nse_tf.costs import BudgetError
from nse_tf.methods import AutoSpaceConfig
from nse_tf.spaces import Motif
from nse_tf.training import SupernetRecipe
from nse_tf.tuners import EFFORTS, AutoSpace, SpaceHyperModel
from tests.methods.cell_worker import CellWorker
from tests.supernet.tiny_motifs import tiny_motifs
from tests.training.tiny_data import image_data

DATA = image_data()
SPACE = tiny_motifs()
CONFIG = AutoSpaceConfig(
    max_rounds=3, population=4, slots=1, mutation_share=1.0, num_evolved=2
)


def make_tuner(folder: pathlib.Path, **changes: Any) -> AutoSpace:
    given: dict[str, Any] = {
        "hypermodel": SPACE,
        "config": CONFIG,
        "seed": 0,
        "supernet_recipe": SupernetRecipe(batch_size=12),
        "directory": str(folder.parent),
        "project_name": folder.name,
    }
    return AutoSpace(**{**given, **changes})


def test_a_tuner_comes_to_a_space_that_others_take(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "nse_tf.training.worker.Worker.run",
        lambda self, job: CellWorker().run(job),
    )
    tuner = make_tuner(tmp_path / "run")
    with pytest.raises(ValueError, match="No space is learned yet"):
        _ = tuner.learned_space
    tuner.search(DATA.train, validation_data=DATA.validation, verbose=0)
    space = tuner.learned_space
    assert any(
        isinstance(op, Motif)
        for block in space.blocks
        for op in block.candidates
    )
    assert SpaceHyperModel(space).networks.space == space
    # Nothing was trained alone.
    assert tuner.oracle.get_best_trials() == []
    again = make_tuner(tmp_path / "run")
    again.search(DATA.train, validation_data=DATA.validation, verbose=0)
    assert again.learned_space == space


def test_an_effort_aims_at_what_is_limited(tmp_path: pathlib.Path) -> None:
    tuner = make_tuner(
        tmp_path / "run", config=None, effort="demo", max_params=1e5
    )
    config = tuner.oracle.cells.config
    assert config.cost == "params"
    assert config.max_rounds == EFFORTS["demo"].cells.max_rounds
    with pytest.raises(BudgetError, match="no cell reaches it"):
        make_tuner(tmp_path / "other", max_macs=10.0)
