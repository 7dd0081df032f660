"""Weights and architecture parameters that are trained through a mixture."""

import dataclasses
import pathlib
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from nse_tf.jobs import (
    ArchitectureRule,
    EarlyStop,
    RateSchedule,
    SupernetTrained,
    TrainSupernet,
    WeightRule,
)
from nse_tf.spaces import SearchSpace, make_preset
from nse_tf.supernet import networks_of
from nse_tf.training import ChildRecipe, LazySGD, SupernetRecipe, Worker
from nse_tf.training.checkpoints import Checkpoint
from nse_tf.training.darts_architecture import unrolled_gradient
from nse_tf.training.supernet_training import SupernetTraining
from nse_tf.training.trainings import Trainings
from tests.supernet.tiny_spaces import tiny_space
from tests.training.tiny_data import image_data

DATA = image_data()
RECIPE = SupernetRecipe(batch_size=12, nesterov=False, weight_decay=3e-4)
SPACE = make_preset(
    "nb201",
    image_size=(8, 8),
    image_channels=1,
    num_classes=3,
    width=0.25,
    depth=0.2,
).restrict([(0, 1, 3), (1, 2), (0, 3), (1, 4), (0, 1, 2, 3, 4), (2, 3)])
JOB = TrainSupernet(
    id="00000_train_supernet",
    active=SPACE.active,
    epochs=2,
    schedule=RateSchedule(kind="cosine", first=0.025, last=0.001),
    seed=0,
    weights=WeightRule(rule="mixed"),
    architecture=ArchitectureRule(rule="first_order"),
)
ORDERS = pytest.mark.parametrize("order", ["first_order", "second_order"])


def with_rule(**changes: Any) -> TrainSupernet:
    rule = ArchitectureRule(**{"rule": "first_order", **changes})
    return dataclasses.replace(JOB, architecture=rule)


def training_of(job: TrainSupernet) -> SupernetTraining:
    made = Trainings(
        space=SPACE,
        networks=networks_of(SPACE),
        data=DATA,
        supernet_recipe=RECIPE,
        child_recipe=ChildRecipe(batch_size=12),
        strategy=None,
    )
    training = made.supernet_training(job, made.supernet_trainer())
    training.start_fresh()
    return training


def make_worker(folder: pathlib.Path, space: SearchSpace = SPACE) -> Worker:
    return Worker(
        space,
        DATA,
        folder,
        supernet_recipe=RECIPE,
        child_recipe=ChildRecipe(batch_size=12),
        checkpoint_seconds=0.0,
    )


def _state(training: SupernetTraining) -> list[np.ndarray]:
    kept = training.checkpoint("")
    return [*kept.weights, *kept.momenta, *kept.architecture, *kept.course]


@pytest.mark.parametrize(
    "order",
    [
        pytest.param("first_order", marks=pytest.mark.long),
        pytest.param("second_order", marks=pytest.mark.slow),
    ],
)
def test_equal_seeds_come_to_equal_bits_stopped_or_not(order: str) -> None:
    job = with_rule(rule=order)
    whole = training_of(job)
    made = []
    loop = whole.trainer.loop

    def watched(*args: Any, **kwargs: Any) -> Any:
        made.append(kwargs["step"])
        return loop(*args, **kwargs)

    halves = []

    def note(loss: float) -> None:
        halves.append(whole.checkpoint(""))

    whole.trainer.loop = watched  # type: ignore[method-assign]
    whole.run(note)
    assert made[0].num_traces == 1
    resumed = training_of(job)
    resumed.resume(halves[0])
    resumed.run()
    for one, other in zip(_state(whole), _state(resumed), strict=True):
        np.testing.assert_array_equal(one, other)


class Courses:
    """A training by each order, traced once, and what it begins with."""

    def __init__(self) -> None:
        self._trainings = {}
        self._fresh = {}
        for order in ("first_order", "second_order"):
            # Parameters that stay mix alike, whatever their gradient.
            job = dataclasses.replace(with_rule(rule=order, rate=0.0), epochs=1)
            self._trainings[order] = training_of(job)
            self._fresh[order] = self._trainings[order].checkpoint("")

    def fresh(self, order: str, rate: float) -> SupernetTraining:
        """Returns the training before its epoch at this learning rate."""
        training = self._trainings[order]
        training.job = dataclasses.replace(
            training.job, schedule=RateSchedule(first=rate, last=rate)
        )
        training.resume(self._fresh[order])
        return training

    def after(self, order: str, rate: float) -> Checkpoint:
        """Returns what an epoch at this learning rate comes to."""
        training = self.fresh(order, rate)
        training.run()
        return training.checkpoint("")


@pytest.fixture(scope="module")
def courses() -> Courses:
    return Courses()


@ORDERS
def test_what_is_not_active_neither_moves_nor_decays(
    order: str, courses: Courses
) -> None:
    training = courses.fresh(order, rate=0.025)
    supernet = training.trainer.supernet
    momenta = {
        id(variable): momentum
        for variable, momentum in zip(
            supernet.trainable_variables, training.trainer.momenta, strict=True
        )
    }
    before = [each.numpy() for each in supernet.variables]
    for momentum in momenta.values():
        momentum.assign(tf.fill(momentum.shape, 0.01))
    training.run()
    at_start = dict(zip(map(id, supernet.variables), before, strict=True))
    num_moved = 0
    for number, block in enumerate(supernet.blocks):
        for owned in block.owned_rows(range(3)):
            now = owned.variable.numpy()
            first = at_start[id(owned.variable)]
            momentum = momenta[id(owned.variable)].numpy()
            for row, index in zip(owned.rows, owned.candidates, strict=True):
                stays = np.array_equal(now[row], first[row])
                assert stays == (index not in SPACE.active[number])
                if stays:
                    assert (momentum[row] == np.float32(0.01)).all()
                num_moved += not stays
    assert num_moved
    # Statistics of batch norm are those of the batch, and none are kept.
    for variable in supernet.non_trainable_variables:
        np.testing.assert_array_equal(variable.numpy(), at_start[id(variable)])


def test_the_second_order_without_a_step_ahead_is_the_first(
    courses: Courses,
) -> None:
    _, first, *_ = courses.after("first_order", rate=0.0).architecture
    _, second, *_ = courses.after("second_order", rate=0.0).architecture
    assert first.any()
    # To rounding: the two gradients come of other graphs.
    np.testing.assert_allclose(first, second, rtol=1e-3, atol=1e-7)


def test_the_second_order_is_another_one_and_leaves_the_weights(
    courses: Courses,
) -> None:
    first, second = (
        courses.after(order, rate=0.025)
        for order in ("first_order", "second_order")
    )
    # Weights show what was not undone.
    for one, other in zip(first.weights, second.weights, strict=True):
        np.testing.assert_array_equal(one, other)
    assert not np.array_equal(first.architecture[1], second.architecture[1])


@pytest.mark.parametrize("nesterov", [False, True])
def test_the_second_order_of_a_quadratic_is_the_analytic_one(
    nesterov: bool,
) -> None:
    rng = np.random.default_rng(0)
    bend, mix = (
        rng.standard_normal((4, 4)).astype(np.float32) for _ in range(2)
    )
    bend = bend @ bend.T
    goal, start, momentum = (
        rng.standard_normal((4, 1)).astype(np.float32) for _ in range(3)
    )
    weights = keras.Variable(start)
    optimizer = LazySGD(
        [weights],
        momentum=0.9,
        nesterov=nesterov,
        weight_decay=0.1,
        clip_norm=None,
    )
    optimizer.momenta[0].assign(momentum)
    parameters = tf.Variable(rng.standard_normal((4, 1)).astype(np.float32))
    rate = 0.05

    def train_loss() -> tf.Tensor:
        gap = weights.value - mix @ parameters
        return 0.5 * tf.reduce_sum(gap * (bend @ gap))

    def validation_loss() -> tf.Tensor:
        return 0.5 * tf.reduce_sum((weights.value - goal) ** 2) + 0.5 * (
            tf.reduce_sum(parameters**2)
        )

    found, loss = unrolled_gradient(
        parameters, optimizer, tf.constant(rate), train_loss, validation_loss
    )
    values = parameters.numpy()
    gradient = bend @ (start - mix @ values) + 0.1 * start
    moved = 0.9 * momentum + gradient
    step = gradient + 0.9 * moved if nesterov else moved
    ahead = start - rate * step
    length = rate * (1.9 if nesterov else 1.0)
    wanted = values + length * mix.T @ bend @ (ahead - goal)
    np.testing.assert_allclose(found, wanted, rtol=2e-3, atol=2e-3)
    assert float(loss) == pytest.approx(
        0.5 * ((ahead - goal) ** 2).sum() + 0.5 * (values**2).sum(), rel=1e-4
    )
    np.testing.assert_array_equal(weights.numpy(), start)
    np.testing.assert_array_equal(optimizer.momenta[0].numpy(), momentum)


def test_parameters_that_diverge_are_refused_with_their_edge() -> None:
    training = training_of(with_rule(rate=3e38))
    words = r"parameters of block 'cell_0_1' diverged.*3e\+38"
    with pytest.raises(ValueError, match=words):
        training.run()


def test_weights_that_diverge_are_not_taken_for_parameters() -> None:
    schedule = RateSchedule(first=1e30, last=1e30)
    training = training_of(dataclasses.replace(JOB, schedule=schedule))
    with pytest.raises(ValueError, match="Lower the learning rate, 1e\\+30"):
        training.run()


def test_supernets_that_cannot_are_refused_by_name(
    tmp_path: pathlib.Path,
) -> None:
    space = tiny_space()
    job = dataclasses.replace(JOB, active=space.active)
    with pytest.raises(ValueError, match="cannot train its weights through a"):
        make_worker(tmp_path, space).run(job)


@pytest.mark.slow
def test_a_minimum_that_becomes_too_sharp_ends_the_training(
    tmp_path: pathlib.Path,
) -> None:
    # Any minimum is too sharp for a factor of 0.
    stop = EarlyStop(period=1, window=1, lag=1, factor=0.0, first_epoch=0)
    job = dataclasses.replace(with_rule(early_stop=stop), epochs=5)
    result = make_worker(tmp_path).run(job)
    assert isinstance(result, SupernetTrained)
    architecture = result.architecture
    assert architecture is not None
    assert len(result.losses) == len(architecture.history) == 2
    assert architecture.kept_epoch == 0
    assert [epoch for epoch, _ in architecture.eigenvalues] == [0, 1]
    assert all(value > 0 for _, value in architecture.eigenvalues)
    again = make_worker(tmp_path).run(job)  # From the checkpoint of its end.
    assert isinstance(again, SupernetTrained)
    assert again.architecture == architecture
    assert again.weights_sha256 == result.weights_sha256


@pytest.mark.slow
def test_measuring_sharpness_changes_no_training() -> None:
    stop = EarlyStop(period=1)
    trained = []
    for early_stop in (None, stop):
        training = training_of(with_rule(early_stop=early_stop))
        training.run()
        kept = training.checkpoint("")
        trained.append([*kept.weights, *kept.architecture])
    for one, other in zip(*trained, strict=True):
        np.testing.assert_array_equal(one, other)
