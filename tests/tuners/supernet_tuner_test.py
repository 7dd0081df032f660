import dataclasses
import pathlib
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest

from nse_tf.events import WinnerChosen
from nse_tf.training import Worker, epoch_loop
from nse_tf.training.child_trainer import ChildTrainer
from nse_tf.training.steps import mean_loss
from nse_tf.training.supernet_training import SupernetTraining
from nse_tf.trials.job_files import read_result
from nse_tf.tuners import SupernetTuner, supernet_tuner
from nse_tf.tuners.hyperparameters import genotype_of
from tests.supernet.tiny_spaces import random_images
from tests.training.tiny_data import image_data
from tests.tuners.tiny_search import CONFIG, SPACE, job_of, make_tuner

DATA = image_data()


def search(tuner: SupernetTuner) -> SupernetTuner:
    """Searches the bars; returns the tuner."""
    tuner.search(DATA.train, validation_data=DATA.validation, verbose=0)
    return tuner


def child_weights(folder: pathlib.Path) -> dict[str, list[np.ndarray]]:
    """Returns the weights of every child trained alone, by file."""
    return {
        path.name: keras.saving.load_model(path).get_weights()
        for path in sorted((folder / "children").glob("*.keras"))
    }


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """A run's folder after an undisturbed search."""
    folder = tmp_path_factory.mktemp("runs") / "whole"
    search(make_tuner(folder))
    return folder


@pytest.mark.slow
def test_the_best_model_is_the_trained_child_s_file(
    folder: pathlib.Path,
) -> None:
    tuner = make_tuner(folder)
    (winner,) = tuner.oracle.method.noted(WinnerChosen)
    images = random_images(SPACE, 5)
    best = tuner.get_best_models()[0]
    from_file = keras.saving.load_model(folder / winner.model_file)
    np.testing.assert_array_equal(best(images), from_file(images))
    assert len(tuner.get_best_models(2)) == 2


@pytest.mark.slow
def test_the_best_hyperparameters_build_the_winner(
    folder: pathlib.Path,
) -> None:
    tuner = make_tuner(folder)
    hp = tuner.get_best_hyperparameters()[0]
    (winner,) = tuner.oracle.method.noted(WinnerChosen)
    assert genotype_of(SPACE, hp).path == winner.path
    built, best = tuner.hypermodel.build(hp), tuner.get_best_models()[0]
    assert [each.shape for each in built.get_weights()] == [
        each.shape for each in best.get_weights()
    ]


@pytest.mark.slow
def test_the_summary_shows_the_winner(
    folder: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tuner = make_tuner(folder)
    tuner.results_summary(1)
    printed = capsys.readouterr().out
    assert 'Objective(name="val_accuracy", direction="max")' in printed
    assert "job_kind: train_child" in printed
    assert tuner.remaining_trials is None


@pytest.mark.slow
def test_a_finished_search_is_not_done_again(
    folder: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Worker, "run", refuse)
    again = search(make_tuner(folder))
    assert isinstance(again.oracle.method.history[-1].event, WinnerChosen)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("job_kind", "nth"),
    [("train_supernet", 0), ("train_supernet", 1), ("train_child", 1)],
)
@pytest.mark.parametrize(
    "is_done", [pytest.param(True, marks=pytest.mark.long), False]
)
def test_an_interrupted_search_comes_to_the_same_end(
    folder: pathlib.Path,
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
    job_kind: str,
    nth: int,
    is_done: bool,
) -> None:
    """Interrupted half-way through a job, or before its trial has ended."""
    broken = tmp_path / "broken"
    with monkeypatch.context() as patch:
        if is_done:
            patch.setattr(
                supernet_tuner,
                "read_result",
                interrupting(read_result, job_kind, nth),
            )
        else:
            interrupt_training(patch, job_kind, nth)
        with pytest.raises(KeyboardInterrupt):
            search(make_tuner(broken))
    tuner = search(make_tuner(broken))
    whole = make_tuner(folder)
    assert essence(tuner) == essence(whole)
    assert [job_of(each) for each in tuner.oracle.trials.values()] == [
        job_of(each) for each in whole.oracle.trials.values()
    ]
    ours, theirs = child_weights(broken), child_weights(folder)
    assert ours.keys() == theirs.keys()
    for name, values in ours.items():
        for one, other in zip(values, theirs[name], strict=True):
            np.testing.assert_array_equal(one, other)


@pytest.mark.slow
def test_an_evaluated_child_is_the_best_while_none_is_trained_alone(
    tmp_path: pathlib.Path,
) -> None:
    tuner = search(make_tuner(tmp_path / "run", max_trials=3))
    assert tuner.remaining_trials == 0
    hp = tuner.get_best_hyperparameters()[0]
    (generation,) = tuner.oracle.get_best_trials(5)
    best = tuner.get_best_models()[0]
    labels = np.argmax(best(DATA.validation.images), axis=1)
    found = (labels == DATA.validation.labels).mean()
    assert found == pytest.approx(generation.score)
    assert [v.shape for v in tuner.hypermodel.build(hp).get_weights()] == [
        v.shape for v in best.get_weights()
    ]
    with pytest.raises(ValueError, match="call `search` first"):
        make_tuner(tmp_path / "run", max_trials=3).get_best_models()


def test_a_failure_is_raised_when_the_search_has_stopped(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Worker, "run", refuse)
    with pytest.raises(RuntimeError, match="MemoryError: 3 GB of 2"):
        search(make_tuner(tmp_path / "run"))


def test_a_folder_is_its_search_s_from_the_first_job_on(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(self: Worker, job: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Worker, "run", interrupted)
    with pytest.raises(KeyboardInterrupt):
        search(make_tuner(tmp_path / "run"))
    with pytest.raises(ValueError, match="`search_epochs` was 1 and is 7"):
        make_tuner(
            tmp_path / "run",
            config=dataclasses.replace(CONFIG, search_epochs=7),
        )


def test_building_a_tuner_builds_no_model(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    builder = "nse_tf.supernet.chains.networks.build_chain_child"
    monkeypatch.setattr(builder, refuse)
    tuner = make_tuner(tmp_path / "run")
    assert [each.name for each in tuner.oracle.get_space().space] == [
        block.name for block in SPACE.blocks
    ]


def test_images_that_do_not_fit_the_space_are_refused(
    tmp_path: pathlib.Path,
) -> None:
    tuner = make_tuner(tmp_path / "run")
    images, labels = np.zeros((4, 8, 8, 1), np.uint8), np.arange(4) % 3
    with pytest.raises(ValueError, match=r"the training images.*\(9, 8, 1\)"):
        tuner.search(
            np.zeros((4, 9, 8, 1), np.uint8),
            labels,
            validation_data=(images, labels),
        )
    with pytest.raises(ValueError, match=r"3 classes.*a validation label is 3"):
        tuner.search(images, labels, validation_data=(images, labels + 1))
    assert not (tmp_path / "run" / "oracle.json").exists()


def test_a_tuner_needs_search_to_have_images(tmp_path: pathlib.Path) -> None:
    tuner = make_tuner(tmp_path / "run")
    trial = tuner.oracle.create_trial("tuner0")
    with pytest.raises(ValueError, match="Call `search`"):
        tuner.run_trial(trial)


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


def refuse(*args: Any, **kwargs: Any) -> None:
    raise MemoryError("3 GB of 2")


def interrupting(
    read_result: Callable[..., Any], job_kind: str, nth: int
) -> Callable[..., Any]:
    """Returns a reader that is interrupted at the n-th job of a kind."""
    seen: list[str] = []

    def interrupted(folder: pathlib.Path, reference: str) -> Any:
        seen.append(reference)
        if len([each for each in seen if job_kind in each]) == nth + 1:
            raise KeyboardInterrupt
        return read_result(folder, reference)

    return interrupted


def interrupt_training(
    patch: pytest.MonkeyPatch, job_kind: str, nth: int
) -> None:
    """Interrupts the n-th training of a kind after its first epoch."""
    owner, method = {
        "train_supernet": (SupernetTraining, "run"),
        "train_child": (ChildTrainer, "train"),
    }[job_kind]
    train = getattr(owner, method)
    epochs, is_training = 0, False
    epochs_each = 1 if job_kind == "train_supernet" else CONFIG.child_epochs

    def training(*args: Any, **kwargs: Any) -> Any:
        nonlocal is_training
        is_training = True
        try:
            return train(*args, **kwargs)
        finally:
            is_training = False

    def interrupted(*args: Any) -> float:
        nonlocal epochs
        epochs += is_training
        if is_training and epochs == nth * epochs_each + 1:
            raise KeyboardInterrupt
        return mean_loss(*args)

    patch.setattr(owner, method, training)
    patch.setattr(epoch_loop, "mean_loss", interrupted)
