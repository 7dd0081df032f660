"""How much drops out after skip connections, epoch by epoch."""

import dataclasses
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from nse_tf.jobs import ArchitectureRule, TrainSupernet, WeightRule
from nse_tf.spaces import make_preset
from nse_tf.supernet import networks_of
from nse_tf.training import ChildRecipe, SupernetRecipe
from nse_tf.training.dropout_course import DropoutCourse
from nse_tf.training.epoch_loop import WeightStep
from nse_tf.training.supernet_training import SupernetTraining
from nse_tf.training.trainings import Trainings
from tests.training.darts_architecture_test import DATA, JOB

# Few ops, so that steps compile soon; a skip everywhere. Jobs train one cell a
# stage where the space has two.
SPACE = make_preset(
    "nb201",
    image_size=(8, 8),
    image_channels=1,
    num_classes=3,
    width=0.25,
    depth=0.4,
).restrict([(1, 2), (1,), (1,), (1,), (1, 2), (1,)])
DROPPING = dataclasses.replace(
    JOB,
    active=SPACE.active,
    num_cells=1,
    weights=WeightRule(rule="mixed", skip_dropout=0.4),
    architecture=ArchitectureRule(
        rule="first_order", epochs_without=1, clip_norm=5.0
    ),
)


def training_of(job: TrainSupernet) -> SupernetTraining:
    made = Trainings(
        space=SPACE,
        networks=networks_of(SPACE),
        data=DATA,
        supernet_recipe=SupernetRecipe(batch_size=12, nesterov=False),
        child_recipe=ChildRecipe(batch_size=12),
    )
    training = made.supernet_training(job, made.supernet_trainer(job.num_cells))
    training.start_fresh()
    return training


def state(training: SupernetTraining) -> list[np.ndarray]:
    kept = training.checkpoint("")
    return [*kept.weights, *kept.momenta, *kept.architecture, *kept.course]


def test_it_falls_jumps_back_and_falls_faster() -> None:
    """By the published formulas, with 25 epochs, 10 of them without."""
    course = DropoutCourse(0.4, epochs=25, epochs_without=10)
    rates = [course.rate_in(epoch) for epoch in range(25)]
    assert rates[0] == pytest.approx(0.4 * 24 / 25)
    # After the last one without, .6 of the first rate; then it jumps back.
    assert rates[9] == pytest.approx(0.6 * 0.4)
    assert rates[10] == 0.4
    assert rates[11] == pytest.approx(0.4 * 0.8187307530779818)
    assert rates[24] == pytest.approx(0.4 * 0.06081006262521797)
    assert rates[:10] == sorted(rates[:10], reverse=True)
    assert rates[10:] == sorted(rates[10:], reverse=True)


def test_a_job_without_it_runs_none_of_it() -> None:
    """So it is DARTS's job to the bit: the same ops run."""
    plain = dataclasses.replace(DROPPING, weights=JOB.weights)
    assert DropoutCourse.of(plain) is None
    assert WeightRule(rule="mixed", skip_dropout=0.0) == plain.weights
    course = DropoutCourse.of(DROPPING)
    assert course is not None
    assert course.rate_in(1) == 0.4


def test_parameters_and_weights_drop_out_by_themselves() -> None:
    course = DropoutCourse(0.4, epochs=2, epochs_without=0)
    course.begin_step(0, (3, 4))
    one, other = course.of_parameters, course.of_weights
    assert float(one.rate) == float(other.rate) == np.float32(0.4)
    assert not np.array_equal(one.seed, other.seed)
    before = one.seed.numpy()
    course.begin_step(1, (3, 5))
    assert not np.array_equal(course.of_parameters.seed, before)
    course.begin_step(0, (3, 4))
    np.testing.assert_array_equal(course.of_parameters.seed, before)


@pytest.mark.slow
def test_a_training_that_was_stopped_resumes_to_the_same() -> None:
    training = training_of(DROPPING)
    first = training.checkpoint("").architecture[0]
    kept = []
    training.run(lambda loss: kept.append(training.checkpoint("")))
    whole = state(training)
    # In the epoch without them, parameters stay.
    np.testing.assert_array_equal(kept[0].architecture[0], first)
    assert not np.array_equal(kept[1].architecture[0], first)
    # What the last step dropped out is still there, and must not matter.
    training.resume(kept[0])
    training.run()
    for one, other in zip(whole, state(training), strict=True):
        np.testing.assert_array_equal(one, other)


def _of_parameters(training: SupernetTraining) -> Any:
    """Returns what moves a training's architecture parameters."""
    course: Any = training._course
    return course._trainer


def test_skips_drop_out_in_steps_of_the_parameters_as_well() -> None:
    trainer = _of_parameters(training_of(DROPPING))
    images = tf.constant(DATA.train.images[:4])
    labels = tf.constant(DATA.train.labels[:4])
    losses = []
    for seed in ((0, 0), (0, 1), (0, 0)):
        following = WeightStep(np.zeros(0), np.zeros(0), 0.1, seed)
        trainer.begin_step(1, following)
        losses.append(
            float(trainer._step_loss(images, labels, DROPPING.active))
        )
    assert losses[0] == losses[2] != losses[1]
    # What measures sharpness drops nothing out.
    plain = float(trainer._loss(images, labels, DROPPING.active))
    assert plain not in losses


@pytest.mark.parametrize("clip_norm", [None, 5.0])
def test_a_gradient_of_parameters_is_cut_where_asked_for(
    clip_norm: float | None,
) -> None:
    rule = ArchitectureRule(
        rule="first_order", clip_norm=clip_norm, weight_decay=0.0
    )
    job = dataclasses.replace(DROPPING, architecture=rule)
    trainer = _of_parameters(training_of(job))
    num_active = sum(map(len, SPACE.active))
    trainer._move(tf.fill(trainer.parameters.shape, 100.0), SPACE.active)
    _, mean, *_ = (each.numpy() for each in trainer.variables)
    # Adam's first moment is half of the gradient, which is that of what is
    # active.
    norm = 100.0 * num_active**0.5 if clip_norm is None else clip_norm
    assert np.linalg.norm(2 * mean) == pytest.approx(norm, rel=1e-5)
    assert np.count_nonzero(mean) == num_active


def test_parameters_that_diverge_are_refused_with_their_edge() -> None:
    training = training_of(DROPPING)
    trainer, course = _of_parameters(training), training._course
    assert course is not None
    gradient = np.zeros(trainer.parameters.shape, np.float32)
    gradient[4, 2] = np.nan
    trainer._move(tf.constant(gradient), SPACE.active)
    words = f"of block '{SPACE.blocks[4].name}' diverged"
    with pytest.raises(ValueError, match=words):
        course.after_epoch()
