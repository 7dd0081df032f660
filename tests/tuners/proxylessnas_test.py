"""ProxylessNAS under keras-tuner, from Python and by command."""

import pathlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from absl.testing import flagsaver

from nse_tf.costs import CostModel
from nse_tf.events import NetworkDerived, ParametersTrained, WinnerChosen
from nse_tf.flags import search as search_flag
from nse_tf.jobs import Job, Result
from nse_tf.methods import ProxylessNASConfig
from nse_tf.reporting.run_record import read_record
from nse_tf.training import ChildRecipe, SupernetRecipe, Worker
from nse_tf.tuners import EFFORTS, ProxylessNAS
from tests.supernet.choice_models import choice_model
from tests.supernet.tiny_spaces import tiny_space
from tests.training.tiny_data import image_data

DATA = image_data()
SPACE = tiny_space()
MODEL = CostModel(SPACE)
LOW, HIGH = MODEL.range("macs")
CONFIG = ProxylessNASConfig(
    warmup_epochs=1,
    search_epochs=2,
    architecture_every=1,
    architecture_rate=0.1,
    num_derived=2,
    calibration_images=24,
    child_epochs=1,
    retrain_on_all=False,
)


def make_tuner(folder: pathlib.Path, **changes: Any) -> ProxylessNAS:
    given: dict[str, Any] = {
        "hypermodel": SPACE,
        "max_macs": LOW + 0.3 * (HIGH - LOW),
        "config": CONFIG,
        "seed": 0,
        "supernet_recipe": SupernetRecipe(batch_size=12),
        "child_recipe": ChildRecipe(batch_size=12),
        "directory": str(folder.parent),
        "project_name": folder.name,
    }
    return ProxylessNAS(**{**given, **changes})


def search(tuner: ProxylessNAS) -> ProxylessNAS:
    tuner.search(DATA.train, validation_data=DATA.validation, verbose=0)
    return tuner


def essence(tuner: ProxylessNAS) -> list[dict[str, Any]]:
    """Returns the history, but for the time that things took."""
    return [
        {
            key: each
            for key, each in entry.to_json().items()
            if key not in ("seconds", "model_sha256")
        }
        for entry in tuner.oracle.method.history
    ]


def test_an_effort_shrinks_first_and_aims_at_what_is_limited(
    tmp_path: pathlib.Path,
) -> None:
    tuner = make_tuner(
        tmp_path / "run",
        effort="demo",
        config=None,
        max_macs=None,
        max_params=1e9,
        supernet_recipe=None,
        child_recipe=None,
    )
    config = tuner.oracle.method.config
    assert config.cost == "params"
    assert config.shrinking.schedule == EFFORTS["demo"].search.shrinking
    assert config.search_epochs == EFFORTS["demo"].proxylessnas.search_epochs


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
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, parts = search(make_tuner(tmp_path / "whole")), tmp_path / "parts"
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
    (winner,) = tuner.oracle.method.noted(WinnerChosen)
    assert winner.costs["macs"] <= LOW + 0.3 * (HIGH - LOW)
    _, searched = tuner.oracle.method.noted(ParametersTrained)
    moved = np.ptp([epoch[0] for epoch in searched.history], axis=0)
    assert moved.max() > 0.01


@pytest.mark.slow
def test_a_users_model_is_searched(tmp_path: pathlib.Path) -> None:
    tuner = search(
        make_tuner(tmp_path / "run", hypermodel=choice_model(), max_macs=None)
    )
    assert tuner.oracle.method.gates == "two"
    (derived,) = tuner.oracle.method.noted(NetworkDerived)
    assert derived.path == derived.likeliest
    best = tuner.get_best_models()[0]
    assert best(DATA.test.images[:2]).shape == (2, 3)


@pytest.mark.slow
def test_the_binary_ends_in_files_and_a_page(tmp_path: pathlib.Path) -> None:
    run_dir = tmp_path / "run"
    with flagsaver.flagsaver(
        method="proxylessnas",
        run_dir=str(run_dir),
        cache_dir=str(tmp_path / "cache"),
        baselines="never",
        precisions=["int8"],
        space="spos_tiny",
        depth=0.25,
        shrink=False,
        max_macs_m=1.0,
        effort="demo",
        weights_only_epochs=1,
        supernet_epochs=2,
        child_epochs=1,
        batch_size=128,
    ):
        search_flag.main(["nse_search"])
    page = (run_dir / "report.html").read_text(encoding="utf-8")
    for title in (
        "Architecture parameters, by block",
        "Entropy and expected cost of the architecture",
    ):
        assert title in page
    record = read_record(run_dir)
    (winner,) = record.named(WinnerChosen)
    assert winner.costs["macs"] <= 1e6
    assert len(record.named(ParametersTrained)) == 2
    files = {each.name for each in (run_dir / "best").glob("*.tflite")}
    assert files == {"model_int8.tflite"}
