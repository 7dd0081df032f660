"""A space evolves under keras-tuner, and comes to the same end if stopped."""

import pathlib
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
from absl.testing import flagsaver

from nse_tf.costs import Budget
from nse_tf.events import FrontEvolved, WinnerChosen
from nse_tf.flags import search as search_flag
from nse_tf.jobs import Job, Result
from nse_tf.methods import SpaceEvolutionConfig
from nse_tf.reporting.run_record import read_record
from nse_tf.training import ChildRecipe, SupernetRecipe, Worker
from nse_tf.tuners import SpaceEvolutionOracle, SupernetTuner
from nse_tf.tuners.hyperparameters import genotype_of
from tests.supernet.tiny_branches import tiny_branches
from tests.training.tiny_data import image_data

DATA = image_data()
SPACE = tiny_branches()
CONFIG = SpaceEvolutionConfig(
    num_active=2,
    max_rounds=2,
    round_epochs=1,
    learning_rates=(0.02, 0.05),
    num_proposals=4,
    num_extra=1,
    window=0.6,
    window_shift=0.0,
    calibration_images=24,
    child_epochs=1,
    retrain_on_all=False,
)


def make_tuner(folder: pathlib.Path) -> SupernetTuner:
    return SupernetTuner(
        SpaceEvolutionOracle(SPACE, Budget(), CONFIG, seed=0),
        supernet_recipe=SupernetRecipe(batch_size=12),
        child_recipe=ChildRecipe(batch_size=12),
        directory=str(folder.parent),
        project_name=folder.name,
    )


def search(tuner: SupernetTuner) -> SupernetTuner:
    tuner.search(DATA.train, validation_data=DATA.validation, verbose=0)
    return tuner


def essence(tuner: SupernetTuner) -> list[dict[str, Any]]:
    """Returns the history, but for the time that things took."""
    return [
        {
            key: each
            for key, each in entry.to_json().items()
            if key not in ("seconds", "model_sha256")
        }
        for entry in tuner.oracle.method.history
    ]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    folder = tmp_path_factory.mktemp("runs") / "whole"
    search(make_tuner(folder))
    return folder


@pytest.mark.slow
def test_the_best_model_is_the_winner(folder: pathlib.Path) -> None:
    tuner = make_tuner(folder)
    (winner,) = tuner.oracle.method.noted(WinnerChosen)
    hp = tuner.get_best_hyperparameters()[0]
    assert genotype_of(SPACE, hp).genes == winner.path
    best = tuner.get_best_models()[0]
    saved = keras.saving.load_model(folder / winner.model_file)
    images = DATA.test.images
    np.testing.assert_array_equal(best(images), saved(images))
    built = tuner.hypermodel.build(hp)
    assert [each.shape for each in built.get_weights()] == [
        each.shape for each in best.get_weights()
    ]


def stopping_at(
    run: Callable[..., Result], number: int
) -> Callable[..., Result]:
    """Returns a worker's `run` that is interrupted before its n-th job."""
    count = 0

    def stopped(self: Worker, job: Job) -> Result:
        nonlocal count
        count += 1
        if count == number:
            raise KeyboardInterrupt
        return run(self, job)

    return stopped


@pytest.mark.slow
def test_stopped_between_any_two_jobs_it_comes_to_the_same_end(
    folder: pathlib.Path,
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole, parts = make_tuner(folder), tmp_path / "parts"
    for _ in whole.oracle.trials:  # One job a process, and the last.
        with monkeypatch.context() as patch:
            patch.setattr(Worker, "run", stopping_at(Worker.run, 2))
            try:
                search(make_tuner(parts))
            except KeyboardInterrupt:
                continue
            break
    tuner = search(make_tuner(parts))
    assert essence(tuner) == essence(whole)
    for name in sorted(each.name for each in (folder / "children").iterdir()):
        if name.endswith(".keras"):
            ours, theirs = (
                keras.saving.load_model(each / "children" / name).get_weights()
                for each in (parts, folder)
            )
            for one, other in zip(ours, theirs, strict=True):
                np.testing.assert_array_equal(one, other)


@pytest.mark.slow
def test_the_binary_ends_in_files_and_a_page(tmp_path: pathlib.Path) -> None:
    run_dir = tmp_path / "run"
    with flagsaver.flagsaver(
        method="nse",
        run_dir=str(run_dir),
        cache_dir=str(tmp_path / "cache"),
        baselines="never",
        precisions=["int8"],
        width=0.1,
        depth=0.25,
        num_active=3,
        effort="demo",
        max_rounds=2,
        round_epochs=1,
        num_proposals=4,
        num_extra=1,
        num_rank_checks=0,
        child_epochs=1,
        calibration_images=64,
        batch_size=128,
        window=0.5,
        inherit_by="both",
    ):
        search_flag.main(["nse_search"])
    page = (run_dir / "report.html").read_text(encoding="utf-8")
    for title in (
        "The front of every round",
        "Ops that entered, stayed and left, by number",
        "Fitness indicators",
    ):
        assert title in page
    record = read_record(run_dir)
    assert record.space is not None
    assert len(record.named(FrontEvolved)) == 2
    files = {each.name for each in (run_dir / "best").glob("*.tflite")}
    assert files == {"model_int8.tflite"}
    assert record.export is not None
    assert not any(facts.faults for facts in record.export.files.values())
