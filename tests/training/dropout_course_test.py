"""How much drops out after skip connections, epoch by epoch."""

import dataclasses

import numpy as np
import pytest

from nse_tf.jobs import ArchitectureRule, TrainSupernet, WeightRule
from nse_tf.spaces import make_preset
from nse_tf.supernet import networks_of
from nse_tf.training import ChildRecipe, SupernetRecipe
from nse_tf.training.dropout_course import DropoutCourse
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
