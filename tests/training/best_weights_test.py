"""Early stopping: trainings that end with their best weights."""

import dataclasses
import logging
import pathlib
from typing import Any

import keras
import numpy as np
import pytest

from nse_tf.jobs import ChildTrained, TrainChild
from nse_tf.supernet import ChildInTraining
from nse_tf.training import ChildRecipe, accuracy
from nse_tf.training.best_weights import BestWeights
from nse_tf.training.checkpoints import Checkpoint
from nse_tf.training.child_trainer import ChildTrainer
from tests.training.tiny_worker import DATA, LONE_CHILD, make_worker

JOB = dataclasses.replace(LONE_CHILD, epochs=8)
# Rates at which it is no better in every epoch.
RECIPE = ChildRecipe(
    batch_size=12, learning_rate=0.5, warmup_epochs=0, patience=2
)


def trained(
    folder: pathlib.Path, recipe: ChildRecipe = RECIPE, job: TrainChild = JOB
) -> tuple[ChildTrained, keras.Model]:
    worker = make_worker(folder, child_recipe=recipe, checkpoint_seconds=0)
    result = worker.run(job)
    assert isinstance(result, ChildTrained)
    return result, keras.saving.load_model(folder / result.model_file)


def bits(model: keras.Model) -> list[bytes]:
    return [each.tobytes() for each in model.get_weights()]


class _Killed(KeyboardInterrupt):
    pass


@pytest.mark.slow
def test_it_ends_with_its_best_weights_and_says_so(
    tmp_path: pathlib.Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[tuple[float, float]] = []
    score = BestWeights._present_score

    def kept(self: BestWeights) -> tuple[float, float]:
        seen.append(score(self))
        return seen[-1]

    monkeypatch.setattr(BestWeights, "_present_score", kept)
    with caplog.at_level(logging.INFO, "nse_tf"):
        result, model = trained(tmp_path / "whole")
    count = len(result.losses)
    best = max(range(count), key=lambda index: seen[index])
    assert count == len(seen) == best + 1 + RECIPE.patience < JOB.epochs
    assert result.validation_accuracy == seen[best][0]
    assert accuracy(model, DATA.validation) == seen[best][0]
    (line,) = (each for each in caplog.messages if "stopped after" in each)
    assert f"stopped after epoch {count} of 8, as 2 in a row" in line
    assert f"the weights of epoch {best + 1} are kept" in line
    # Up to there it is the training that it was without.
    plain = dataclasses.replace(RECIPE, patience=0)
    longer, _ = trained(tmp_path / "plain", plain)
    assert longer.losses[:count] == result.losses
    for epochs in (best + 1, count):
        _resumed_after(epochs, tmp_path / str(epochs), monkeypatch, model)


def _resumed_after(
    epochs: int,
    folder: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
    wanted: keras.Model,
) -> None:
    """Kills a training after some epochs, perhaps its last; resumes it."""
    look = BestWeights.look
    hand_over = BestWeights.hand_over

    def killed(self: BestWeights, *args: Any) -> None:
        if self._trained == epochs + 1:
            raise _Killed
        look(self)

    def killed_at_the_end(self: BestWeights, *args: Any) -> None:
        raise _Killed

    with monkeypatch.context() as patch:
        patch.setattr(BestWeights, "look", killed)
        patch.setattr(BestWeights, "hand_over", killed_at_the_end)
        with pytest.raises(_Killed):
            trained(folder)
    (part,) = (folder / "children").iterdir()
    assert len(Checkpoint.load(part).losses) == epochs
    assert BestWeights.hand_over is hand_over
    result, model = trained(folder)
    assert len(result.losses) >= epochs
    assert bits(model) == bits(wanted)


@pytest.mark.slow
def test_averages_are_what_is_judged_and_kept(tmp_path: pathlib.Path) -> None:
    recipe = dataclasses.replace(RECIPE, weight_average=0.9, patience=8)
    result, model = trained(tmp_path / "kept", recipe)
    assert len(result.losses) == JOB.epochs
    assert accuracy(model, DATA.validation) == result.validation_accuracy
    # The training itself does not notice.
    plain = dataclasses.replace(recipe, patience=0)
    assert trained(tmp_path / "plain", plain)[0].losses == result.losses


def test_images_that_are_trained_on_cannot_end_it(
    tmp_path: pathlib.Path,
) -> None:
    job = dataclasses.replace(JOB, uses_validation=True)
    with pytest.raises(ValueError, match="trains on the validation part, whic"):
        trained(tmp_path, job=job)


@pytest.mark.slow
def test_a_rate_of_the_classifier_is_for_what_is_inherited(
    tmp_path: pathlib.Path,
) -> None:
    """A child that starts from nothing has no older layers."""
    recipe = dataclasses.replace(RECIPE, patience=0, classifier_rate=5.0)
    plain = dataclasses.replace(recipe, classifier_rate=1.0)
    job = dataclasses.replace(JOB, epochs=1)
    one, other = (
        bits(trained(tmp_path / name, each, job)[1])
        for name, each in (("one", recipe), ("other", plain))
    )
    assert one == other


def test_the_last_layer_moves_by_its_own_rate() -> None:
    images = keras.Input((8, 8, 1))
    layers = keras.layers
    values = layers.Dense(4)(layers.Flatten()(images))
    child = keras.Model(images, layers.Dense(3)(values))
    start = child.get_weights()
    found = []
    for factor in (1.0, 3.0):
        child.set_weights(start)
        recipe = ChildRecipe(
            batch_size=60,
            warmup_epochs=0,
            learning_rate=0.1,
            weight_decay=0.0,
            nesterov=False,
            classifier_rate=factor,
        )
        trainer = ChildTrainer(
            ChildInTraining(child=child, model=child), DATA.train, recipe
        )
        trainer.train(2, 0)  # At half of the rate, then at none.
        found.append(
            [
                after.astype(float) - before
                for after, before in zip(
                    child.get_weights(), start, strict=True
                )
            ]
        )
    for index, (one, other) in enumerate(zip(*found, strict=True)):
        assert np.abs(one).max() > 0
        np.testing.assert_allclose(
            other, one * (3 if index > 1 else 1), rtol=1e-3, atol=1e-6
        )
