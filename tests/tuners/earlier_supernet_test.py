"""Oracles that explore what an earlier search trained."""

import pathlib
from typing import Any

import numpy as np
import pytest

from nse_tf.costs import Budget, CostModel
from nse_tf.events import StageTrained, WinnerChosen
from nse_tf.methods.supernet_training import EarlierSupernet, Trained
from nse_tf.spaces import make_preset
from nse_tf.training.checkpoints import Checkpoint
from nse_tf.training.weight_files import WeightFiles
from nse_tf.trials.earlier_supernet import bring_weights, read_earlier
from nse_tf.tuners import AngleShrinking, AngleShrinkingOracle, Darts
from tests.tuners.tiny_search import CONFIG, SPACE, do_trials, make_oracle

IDENTITY = {"space": SPACE.fingerprint, "images": "one", "epochs": 3}


def weights(job_id: str, value: float = 1.0) -> Checkpoint:
    return Checkpoint(
        job_id=job_id,
        config_digest="",
        losses=(0.5,),
        weights=[np.full(2, value)],
        momenta=[],
        base=[],
        fingerprint=SPACE.fingerprint,
    )


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """The folder of a search by arithmetic, with weights as it would leave."""
    folder = tmp_path_factory.mktemp("runs") / "first"
    oracle = make_oracle(folder)
    oracle.claim(IDENTITY)
    do_trials(oracle)
    oracle.save()
    last = oracle.method.noted(StageTrained)[-1].job
    WeightFiles(folder / "supernet").keep(weights(last), is_finished=True)
    return folder


def test_an_oracle_explores_what_was_left_by_another_budget(
    first: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    earlier = read_earlier(first, SPACE)
    left = CostModel(SPACE.restrict(earlier.active))
    assert left.space.size <= 64
    budget = Budget(macs=sum(left.range("macs")) / 2)
    oracle = make_oracle(tmp_path / "b", budget=budget, inherits_from=first)
    assert {
        trial.hyperparameters.values["job_kind"] for trial in do_trials(oracle)
    } == {"evaluate_children", "train_child"}
    (winner,) = oracle.method.noted(WinnerChosen)
    assert winner.costs["macs"] <= budget.limits["macs"]
    oracle.save()
    with pytest.raises(ValueError, match="`earlier` was"):
        make_oracle(tmp_path / "b", budget=budget).reload()


def test_other_images_than_weights_were_trained_on_are_refused(
    first: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    oracle = make_oracle(tmp_path / "b", inherits_from=first)
    with pytest.raises(ValueError, match="images was 'one' and is 'two'"):
        oracle.claim({**IDENTITY, "images": "two"})
    assert not (tmp_path / "b" / "supernet").exists()


def test_weights_are_brought_and_brought_again_where_they_are_damaged(
    first: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    there = WeightFiles(first / "supernet")
    job_id = there.latest()
    assert job_id is not None
    reference = f"{job_id}#{weights(job_id).digest}"
    trained = Trained(read_earlier(first, SPACE).trained.result, reference)
    earlier = EarlierSupernet(active=(), trained=trained)
    here = WeightFiles(tmp_path / "supernet")
    original = there.finished(job_id).read_bytes()
    for content in (None, b"damaged"):
        if content is not None:
            here.finished(job_id).write_bytes(content)
        bring_weights(earlier, first, tmp_path)
        assert here.finished(job_id).read_bytes() == original
    assert there.finished(job_id).read_bytes() == original
    other = f"{job_id}#{weights(job_id, 2.0).digest}"
    with pytest.raises(ValueError, match="holds weights"):
        bring_weights(
            EarlierSupernet(active=(), trained=Trained(trained.result, other)),
            first,
            tmp_path,
        )


def test_a_folder_without_an_explored_supernet_is_refused_by_what_it_lacks(
    first: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    unfinished = make_oracle(tmp_path / "unfinished")
    do_trials(unfinished, 2)
    for folder, space, message in (
        (tmp_path / "nowhere", SPACE, "No search has finished in"),
        (tmp_path / "unfinished", SPACE, "No search has finished in"),
        (first, make_preset("nb201"), f"of space '{SPACE.fingerprint}', not"),
    ):
        with pytest.raises(ValueError, match=message):
            AngleShrinkingOracle(space, config=CONFIG, inherits_from=folder)


def test_a_search_does_not_inherit_from_its_own_folder(
    first: pathlib.Path,
) -> None:
    given: dict[str, Any] = {
        "directory": str(first.parent),
        "project_name": "first",
        "overwrite": True,
    }
    with pytest.raises(ValueError, match="the folder of this search itself"):
        AngleShrinking(SPACE, config=CONFIG, inherits_from=first, **given)
    assert (first / "results.sqlite").exists()


def test_a_tuner_that_explores_no_supernet_says_so(
    first: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    with pytest.raises(ValueError, match="Darts explores no trained supernet"):
        Darts(
            make_preset("nb201"), inherits_from=first, directory=str(tmp_path)
        )
    tuner = AngleShrinking(
        SPACE,
        config=CONFIG,
        max_macs=1e5,
        inherits_from=first,
        directory=str(tmp_path),
    )
    assert tuner.oracle.method.earlier == read_earlier(first, SPACE)
