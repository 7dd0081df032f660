"""DARTS under keras-tuner: it comes to the same end if stopped."""

import pathlib
from typing import Any

import numpy as np
import pytest

from nse_tf.events import CellDrawn, MixtureTrained, WinnerChosen
from nse_tf.jobs import Job, Result
from nse_tf.methods import DartsConfig
from nse_tf.reporting import summary_text, write_report
from nse_tf.shrinking import ShrinkSchedule
from nse_tf.spaces import make_preset
from nse_tf.supernet import build_child
from nse_tf.training import DARTS_RECIPE, Worker
from nse_tf.tuners import EFFORTS, Darts, DartsOracle
from nse_tf.tuners.hyperparameters import genotype_of
from tests.supernet.choice_models import choice_model
from tests.supernet.tiny_spaces import tiny_space
from tests.training.tiny_data import image_data

DATA = image_data()
SPACE = make_preset(
    "nb201",
    image_size=(8, 8),
    image_channels=1,
    num_classes=3,
    width=0.25,
    depth=0.2,
)
CONFIG = DartsConfig(
    order=2,
    search_epochs=1,
    shrinking=ShrinkSchedule(
        first_epochs=1, drop_per_stage=12, stop_size=10, max_stages=1
    ),
    children_per_operator=20,
    calibration_images=24,
    child_epochs=1,
    final_cells=2,
    final_channels=12,
    retrain_on_all=False,
)


def search(folder: pathlib.Path) -> Darts:
    tuner = Darts(
        SPACE,
        config=CONFIG,
        seed=0,
        directory=str(folder.parent),
        project_name=folder.name,
    )
    tuner.search(DATA.train, validation_data=DATA.validation, verbose=0)
    return tuner


def essence(tuner: Darts) -> list[dict[str, Any]]:
    """Returns the history, but for the time that things took."""
    return [
        {
            key: each
            for key, each in entry.to_json().items()
            if key not in ("seconds", "model_sha256")
        }
        for entry in tuner.oracle.method.history
    ]


@pytest.mark.slow
def test_stopped_between_jobs_it_comes_to_the_same_network(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, parts = search(tmp_path / "whole"), tmp_path / "parts"
    run = Worker.run
    done: list[str] = []

    def stopping(self: Worker, job: Job) -> Result:
        if len(done) == 2:
            raise KeyboardInterrupt
        done.append(job.id)
        return run(self, job)

    with monkeypatch.context() as patch:
        patch.setattr(Worker, "run", stopping)
        with pytest.raises(KeyboardInterrupt):
            search(parts)
    resumed = search(parts)
    assert essence(resumed) == essence(whole)
    method = whole.oracle.method
    (winner,) = method.noted(WinnerChosen)
    (drawn,) = method.noted(CellDrawn)
    assert winner.path == drawn.path
    hp = whole.get_best_hyperparameters()[0]
    assert genotype_of(SPACE, hp).path == drawn.path
    best = whole.get_best_models()[0]
    final = SPACE.resized(2, 12)
    alone = build_child(final, final.genotype(drawn.path))
    assert [each.shape for each in best.get_weights()] == [
        each.shape for each in alone.get_weights()
    ]
    params = sum(int(np.prod(each.shape)) for each in alone.trainable_weights)
    assert winner.costs["params"] == params
    (trained,) = method.noted(MixtureTrained)
    shrunk = sum(map(len, trained.active))
    assert shrunk == len(SPACE.operators) - 12
    assert np.isfinite(trained.architecture_losses).all()
    assert "Skip connections over time" in write_report(parts).read_text()
    assert "It has 2 cells, 12 channels" in write_report(parts).read_text()
    assert "idle edges" in summary_text(parts)
    assert "2 cells, 12 channels" in summary_text(parts)


def test_its_weights_are_trained_as_darts_trains_them() -> None:
    tuner = Darts(SPACE, effort="quick", augmentation="none")
    recipe = tuner._supernet_recipe
    assert (recipe.nesterov, recipe.weight_decay) == (False, 3e-4)
    assert recipe.clip_norm == DARTS_RECIPE.clip_norm == 5.0
    assert recipe.batch_size == EFFORTS["quick"].supernet.batch_size


def test_an_effort_shrinks_as_every_search_of_it_does() -> None:
    for effort in EFFORTS.values():
        assert effort.mixture.shrinking == effort.search.shrinking
        assert effort.mixture.num_rank_checks == 0
        assert effort.mixture.order == 1
    assert EFFORTS["paper"].mixture.search_epochs == 50


def test_spaces_without_cells_are_refused() -> None:
    with pytest.raises(ValueError, match="needs a space of cells, such as"):
        DartsOracle(tiny_space())


def test_a_users_model_is_refused_in_one_sentence() -> None:
    words = "'mine' has the skeleton 'model': search it by spos or [^.]*[.]$"
    with pytest.raises(ValueError, match=words):
        DartsOracle(choice_model())
