"""Extra skips that fade away while a mixture trains."""

import dataclasses
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from nse_tf.jobs import ArchitectureRule
from nse_tf.spaces import make_preset
from nse_tf.supernet import networks_of
from nse_tf.training import ChildRecipe, LazySGD, SupernetRecipe
from nse_tf.training.extra_skip_course import ExtraSkipCourse
from nse_tf.training.supernet_training import SupernetTraining
from nse_tf.training.trainings import Trainings
from tests.training.darts_architecture_test import (
    DATA,
    JOB,
    SPACE,
    training_of,
)

CELLS = make_preset(
    "darts_cifar",
    image_size=(8, 8),
    image_channels=1,
    num_classes=3,
    width=0.125,
    depth=3 / 8,
).restrict([(3,)] * 28)


def trained_cells(rule: str = "first_order") -> SupernetTraining:
    """Returns a training of DARTS's cells, of skips alone."""
    job = dataclasses.replace(
        JOB,
        active=CELLS.active,
        architecture=ArchitectureRule(rule=rule, extra_skip=True),
    )
    made = Trainings(
        space=CELLS,
        networks=networks_of(CELLS),
        data=DATA,
        supernet_recipe=SupernetRecipe(batch_size=30, nesterov=False),
        child_recipe=ChildRecipe(),
    )
    training = made.supernet_training(job, made.supernet_trainer())
    training.start_fresh()
    return training


def test_the_share_falls_linearly_from_1_to_exactly_0() -> None:
    supernet = networks_of(SPACE).supernet()
    course = ExtraSkipCourse(supernet, 5, 0)  # type: ignore[arg-type]
    assert [course.share_in(epoch) for epoch in range(5)] == [
        *(1.0, 0.75, 0.5, 0.25, 0.0)
    ]
    course.begin_epoch(1)
    assert float(course.now.share) == 0.75
    assert course.variables == []


def test_an_optimizer_with_more_shares_its_momenta() -> None:
    first, second = keras.Variable([[1.0]]), keras.Variable([[2.0]])
    optimizer = LazySGD(
        [first], momentum=0.5, nesterov=False, weight_decay=0.0, clip_norm=None
    )
    more = optimizer.with_more([second])
    gradients = [tf.constant([[1.0]]), tf.constant([[3.0]])]
    ahead = np.array(more.unrolled(gradients, tf.constant(0.1)))
    np.testing.assert_allclose(ahead.ravel(), [0.9, 1.7])
    more.apply(gradients, tf.constant(0.1))
    now = np.array([first.numpy(), second.numpy()])
    np.testing.assert_array_equal(now, ahead)
    assert more.momenta[0] is optimizer.momenta[0]
    assert len(optimizer.targets) == len(optimizer.momenta) == 1
    np.testing.assert_allclose(more.momenta[1], [[3.0]])


def test_a_job_without_them_runs_none_of_it() -> None:
    """So it is DARTS's job to the bit: the same ops run."""
    rule = ArchitectureRule(rule="first_order", extra_skip=False)
    assert rule == JOB.architecture
    plain = training_of(JOB)
    course: Any = plain._course
    assert course._trainer._extra_skips() is None
    assert course._trainer._optimizer is plain.trainer.optimizer


def test_a_checkpoint_holds_kernels_and_momenta() -> None:
    one, other = trained_cells(), trained_cells()
    first = one.checkpoint("")
    # Parameters, Adam's state, two matrices of kernels and their momenta.
    kernels, momenta = first.architecture[-4:-2], first.architecture[-2:]
    assert [each.shape for each in kernels] == [(8, 16), (8, 64)]
    assert all(each.any() for each in kernels)
    assert not any(each.any() for each in momenta)
    rng = np.random.default_rng(0)
    moved = [rng.normal(size=each.shape) for each in first.architecture[-4:]]
    kept = dataclasses.replace(
        first, architecture=[*first.architecture[:-4], *moved]
    )
    other.resume(kept)
    for wanted, found in zip(
        kept.architecture, other.checkpoint("").architecture, strict=True
    ):
        np.testing.assert_allclose(found, wanted, rtol=1e-6)
    # Those who evaluate children find the supernet's weights and no others.
    assert len(first.weights) == len(one.trainer.supernet.variables)


@pytest.mark.parametrize("share", [0.0, 0.5])
def test_kernels_train_while_they_count(share: float) -> None:
    course: Any = trained_cells("second_order")._course
    architecture = course._trainer
    architecture._skips._share.assign(share)
    kernels = architecture._skips.variables[:2]
    assert all(
        each is architecture._optimizer.targets[-2:][number]
        for number, each in enumerate(kernels)
    )
    images, labels = DATA.train.images[:6], DATA.train.labels[:6]
    with tf.GradientTape() as tape:
        loss = architecture._train_loss(
            tf.constant(images, tf.float32), labels, CELLS.active
        )
    gradients = tape.gradient(loss, kernels)
    assert [bool(np.any(each)) for each in gradients] == [share > 0] * 2


@pytest.mark.long
def test_stopped_and_resumed_the_kernels_come_to_the_same() -> None:
    whole = trained_cells()
    first = whole.checkpoint("")
    kept = []
    whole.run(lambda loss: kept.append(whole.checkpoint("")))
    for then, now in zip(
        first.architecture[-4:], kept[0].architecture[-4:], strict=True
    ):
        assert not np.array_equal(then, now)
    end = whole.checkpoint("")
    whole.resume(kept[0])
    whole.run()
    assert whole.checkpoint("").digest == end.digest
