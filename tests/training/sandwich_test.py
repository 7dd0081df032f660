"""The sandwich rule: the largest path learns labels and teaches the others."""

import dataclasses
import pathlib
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from nse_tf.jobs import SupernetTrained, TrainSupernet, WeightRule
from nse_tf.sampling import SandwichSampler
from nse_tf.supernet import NestedSupernet
from nse_tf.training import SupernetTrainer, epoch_loop
from nse_tf.training.losses import distillation_loss, smoothed_loss
from tests.training import tiny_worker
from tests.training.nested_worker_test import TRAINING, make_worker
from tests.training.passes_test import (
    NESTED,
    PLAIN,
    RATE,
    images_for,
    numbers,
)

JOB = dataclasses.replace(TRAINING, weights=WeightRule(rule="sandwich"))


def new_trainer() -> SupernetTrainer:
    return SupernetTrainer(NestedSupernet(NESTED), PLAIN, images_for(NESTED))


def passes_of(seed: int, num_random: int = 2) -> np.ndarray:
    sampler = SandwichSampler(NESTED, num_random)
    return sampler.sample(np.random.default_rng(seed))


def stepped(trainer: SupernetTrainer, passes: np.ndarray) -> float:
    batch = images_for(NESTED)
    images = np.asarray(batch.images)
    return float(
        trainer.sandwich_step(images, batch.labels, passes, RATE, (0, 0))
    )


def by_hand(
    trainer: SupernetTrainer, passes: np.ndarray
) -> tuple[list[float], list[np.ndarray]]:
    """Returns the loss of each pass alone, and the sum of their gradients."""
    supernet = trainer.supernet
    batch = images_for(NESTED)
    images = tf.constant(batch.images, tf.float32)
    targets = [each.value for each in supernet.trainable_variables]
    totals = [np.zeros_like(each) for each in numbers(targets)]
    losses, said = [], None
    for opened in passes:
        with tf.GradientTape() as tape:
            logits = supernet(images, tf.constant(opened), training=True)
            if said is None:
                loss = smoothed_loss(
                    batch.labels, logits, PLAIN.label_smoothing
                )
            else:
                loss = distillation_loss(said, logits, 1.0)
        said = tf.constant(logits) if said is None else said
        losses.append(float(loss))
        for total, gradient in zip(
            totals, tape.gradient(loss, targets), strict=True
        ):
            if gradient is not None:
                total += tf.convert_to_tensor(gradient).numpy()
    return losses, totals


def test_the_gradient_is_the_sum_of_the_passes() -> None:
    """Of rows, too; what the largest says is no way for gradients."""
    trainer, passes = new_trainer(), passes_of(0)
    # Zero scales beside shortcuts would let all paths say the same.
    for variable in trainer.supernet.trainable_variables:
        variable.assign(
            variable + np.random.default_rng(1).normal(0, 0.3, variable.shape)
        )
    before = numbers(trainer.supernet.trainable_variables)
    statistics = numbers(trainer.supernet.non_trainable_variables)
    losses, totals = by_hand(trainer, passes)
    assert len(set(losses)) > 2
    for variable, value in zip(
        trainer.supernet.non_trainable_variables, statistics, strict=True
    ):
        variable.assign(value)
    assert stepped(trainer, passes) == pytest.approx(np.mean(losses), rel=1e-4)
    largest = max(np.abs(each).max() for each in totals)
    for variable, old, total, momentum in zip(
        trainer.supernet.trainable_variables,
        before,
        totals,
        numbers(trainer.momenta),
        strict=True,
    ):
        scale = max(np.abs(total).max(), 1e-3 * largest)
        np.testing.assert_allclose(momentum, total, rtol=0, atol=1e-4 * scale)
        np.testing.assert_allclose(
            variable.numpy(), old - RATE * momentum, rtol=0, atol=1e-6
        )
    # Other paths need no trace of their own.
    for seed in range(3):
        stepped(trainer, passes_of(seed))
    assert trainer.sandwich_step.num_traces == 1


def trained(
    folder: pathlib.Path, job: TrainSupernet = JOB, **sharing: Any
) -> SupernetTrained:
    found = make_worker(folder, **sharing).run(job)
    assert isinstance(found, SupernetTrained)
    return found


@pytest.mark.slow
def test_broken_off_and_resumed_it_is_the_same(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = trained(tmp_path / "whole")
    with monkeypatch.context() as broken:
        broken.setattr(
            epoch_loop,
            "epoch_batches",
            tiny_worker.breaking_off_in_the_second_epoch,
        )
        with pytest.raises(KeyboardInterrupt):
            trained(tmp_path / "parts")
    with pytest.raises(ValueError, match="with other numbers"):
        trained(tmp_path / "parts", TRAINING)
    resumed = trained(tmp_path / "parts")
    assert resumed.weights_sha256 == whole.weights_sha256
    assert resumed.losses == whole.losses


def test_rows_of_their_own_are_refused(tmp_path: pathlib.Path) -> None:
    with pytest.raises(ValueError, match="share no weights: let `sharing` be"):
        trained(tmp_path, sharing="rows")
