"""SGD that moves only what a step used."""

import math
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from nse_tf.training import LazySGD
from nse_tf.training.lazy_sgd import sgd_step

MOMENTUM, DECAY, RATE = 0.8, 0.02, 0.1


def _variable(value: object, name: str = "variable") -> keras.Variable:
    return keras.Variable(np.array(value, np.float32), name=name)


def _net() -> keras.Model:
    keras.utils.set_random_seed(0)
    inputs = keras.Input((6, 6, 2))
    outputs = keras.layers.Conv2D(4, 3, activation="relu")(inputs)
    outputs = keras.layers.BatchNormalization()(outputs)
    outputs = keras.layers.GlobalAveragePooling2D()(outputs)
    return keras.Model(inputs, keras.layers.Dense(3)(outputs))


@pytest.mark.parametrize("nesterov", [False, True])
def test_a_net_is_trained_as_by_keras_with_decay_on_its_kernels(
    nesterov: bool,
) -> None:
    ours, theirs = _net(), _net()
    lazy = LazySGD(
        ours.trainable_variables,
        momentum=MOMENTUM,
        nesterov=nesterov,
        weight_decay=DECAY,
        clip_norm=None,
    )
    stock = keras.optimizers.SGD(RATE, momentum=MOMENTUM, nesterov=nesterov)
    rng = np.random.default_rng(0)
    for _ in range(5):
        images = tf.constant(rng.normal(size=(8, 6, 6, 2)).astype(np.float32))
        found = []
        for net in (ours, theirs):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(net(images, training=True) ** 2)
            sources = [each.value for each in net.trainable_variables]
            found.append(tape.gradient(loss, sources))
        lazy.apply(found[0], tf.constant(RATE))
        # SGD of Keras decays weights apart from momentum; here decay is part
        # of the gradient, as an L2 penalty would make it.
        decayed = [
            gradient + DECAY * weight if weight.shape.rank >= 2 else gradient
            for gradient, weight in zip(
                found[1], theirs.trainable_variables, strict=True
            )
        ]
        stock.apply(decayed, theirs.trainable_variables)
    for one, other in zip(ours.weights, theirs.weights, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)


def test_two_steps_by_hand() -> None:
    weight = _variable([[1.0]])
    sgd = LazySGD(
        [weight],
        momentum=0.5,
        nesterov=False,
        weight_decay=0.1,
        clip_norm=None,
    )
    # g = 2 + 0.1 · 1 = 2.1, m = 2.1, w = 1 - 0.1 · 2.1 = 0.79.
    sgd.apply([tf.constant([[2.0]])], tf.constant(0.1))
    np.testing.assert_allclose(weight, [[0.79]], rtol=1e-6)
    # g = 1 + 0.079 = 1.079, m = 1.05 + 1.079 = 2.129, w = 0.79 - 0.2129.
    sgd.apply([tf.constant([[1.0]])], tf.constant(0.1))
    np.testing.assert_allclose(weight, [[0.5771]], rtol=1e-6)
    np.testing.assert_allclose(sgd.momenta[0], [[2.129]], rtol=1e-6)


def test_a_nesterov_step_by_hand() -> None:
    weight = _variable([1.0])
    sgd = LazySGD(
        [weight], momentum=0.5, nesterov=True, weight_decay=0.1, clip_norm=None
    )
    # No decay on a vector: g = 2, m = 2, w = 1 - 0.1 · (2 + 0.5 · 2).
    sgd.apply([tf.constant([2.0])], tf.constant(0.1))
    np.testing.assert_allclose(weight, [0.7], rtol=1e-6)


@pytest.mark.parametrize("nesterov", [False, True])
def test_rows_move_like_variables_of_their_own(nesterov: bool) -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(size=(4, 5)).astype(np.float32)
    rows = _variable(values)
    kernel_sizes = np.array([3, 0, 5, 2])
    numbers: dict[str, Any] = {
        "momentum": MOMENTUM,
        "nesterov": nesterov,
        "weight_decay": DECAY,
        "clip_norm": None,
    }
    lazy = LazySGD([rows], {0: kernel_sizes}, **numbers)
    # By row: its kernels as a matrix, the rest as a vector.
    kernels = [
        _variable(row[None, :size])
        for row, size in zip(values, kernel_sizes, strict=True)
    ]
    others = [
        _variable(row[size:])
        for row, size in zip(values, kernel_sizes, strict=True)
    ]
    apart = [
        LazySGD([kernel, other], **numbers)
        for kernel, other in zip(kernels, others, strict=True)
    ]
    for used in ([0, 2], [2, 3], [1], [0, 1]):
        gradient = rng.normal(size=(len(used), 5)).astype(np.float32)
        slices = tf.IndexedSlices(tf.constant(gradient), tf.constant(used))
        before = rows.numpy(), lazy.momenta[0].numpy()
        lazy.apply([slices], tf.constant(RATE))
        for row, value in zip(used, gradient, strict=True):
            size = kernel_sizes[row]
            parts = [tf.constant(value[None, :size]), tf.constant(value[size:])]
            apart[row].apply(parts, tf.constant(RATE))
        unused = sorted(set(range(4)) - set(used))
        for old, variable in zip(before, (rows, lazy.momenta[0]), strict=True):
            np.testing.assert_array_equal(old[unused], variable.numpy()[unused])
        for row, (kernel, other) in enumerate(
            zip(kernels, others, strict=True)
        ):
            together = np.concatenate([kernel.numpy()[0], other.numpy()])
            np.testing.assert_allclose(rows.numpy()[row], together, rtol=1e-6)


def test_gradients_are_clipped_over_all_variables_together() -> None:
    whole, rows = _variable([0.0, 0.0]), _variable([[0.0], [7.0]])
    sgd = LazySGD(
        [whole, rows],
        {1: np.array([0, 0])},
        momentum=0.0,
        nesterov=False,
        clip_norm=2.5,
    )
    first = tf.constant([0])
    slices = tf.IndexedSlices(tf.constant([[4.0]]), first)
    # Length √(9 + 16) = 5, so all is halved.
    sgd.apply([tf.constant([3.0, 0.0]), slices], tf.constant(1.0))
    np.testing.assert_allclose(whole, [-1.5, 0.0], rtol=1e-6)
    np.testing.assert_allclose(rows, [[-2.0], [7.0]], rtol=1e-6)
    # A short gradient stays as it is.
    slices = tf.IndexedSlices(tf.constant([[1.0]]), first)
    sgd.apply([tf.constant([0.0, 1.0]), slices], tf.constant(1.0))
    np.testing.assert_allclose(whole, [-1.5, -1.0], rtol=1e-6)
    np.testing.assert_allclose(rows, [[-3.0], [7.0]], rtol=1e-6)


def test_a_variable_without_gradient_stays_with_its_momentum() -> None:
    used, unused = _variable([[1.0]]), _variable([[1.0]])
    sgd = LazySGD([used, unused])
    for gradient in (tf.constant([[1.0]]), None):
        sgd.apply([tf.constant([[1.0]]), gradient], tf.constant(RATE))
        if gradient is not None:
            kept = unused.numpy(), sgd.momenta[1].numpy()
    np.testing.assert_array_equal(unused, kept[0])
    np.testing.assert_array_equal(sgd.momenta[1], kept[1])
    assert used.numpy() < kept[0]


def test_reset_forgets_all_momenta() -> None:
    weight = _variable([[1.0]])
    sgd = LazySGD([weight])
    sgd.apply([tf.constant([[1.0]])], tf.constant(RATE))
    assert sgd.momenta[0].numpy() != 0
    sgd.reset()
    np.testing.assert_array_equal(sgd.momenta[0], [[0.0]])


def test_weights_of_closed_ops_have_no_gradient_to_clip() -> None:
    # A closed row's gradient is not looked at, so it may even be NaN.
    opened, closed = _variable([3.0, 4.0]), _variable([1.0, 1.0])
    optimizer = LazySGD(
        [opened, closed],
        {0: np.array([1]), 1: np.array([1])},
        momentum=0.0,
        weight_decay=0.5,
        clip_norm=1.0,
    )
    optimizer.apply(
        [tf.constant([3.0, 4.0]), tf.constant([math.nan, 0.0])],
        tf.constant(1.0),
        {0: tf.constant(True), 1: tf.constant(False)},
    )
    # Gradient (3, 4) has norm 5, so (.6, .8); only the first number decays.
    np.testing.assert_allclose(opened, [3.0 - 0.6 - 1.5, 4.0 - 0.8], rtol=1e-6)
    np.testing.assert_array_equal(closed, [1.0, 1.0])


def _two_rows(**numbers: Any) -> tuple[keras.Variable, LazySGD]:
    rows = _variable([[1.0, 1.0], [2.0, 2.0], [0.0, 0.0]])
    sgd = LazySGD(
        [rows],
        {0: np.array([1, 1, 0])},
        **{"momentum": 0.5, "nesterov": False, "weight_decay": 0.1, **numbers},
    )
    return rows, sgd


def test_a_row_that_is_named_twice_moves_once_by_the_sum() -> None:
    rows, sgd = _two_rows(clip_norm=None)
    gradient = tf.constant([[1.0, 2.0], [5.0, 5.0], [3.0, 4.0]])
    sgd.apply(
        [tf.IndexedSlices(gradient, tf.constant([1, 0, 1]))], tf.constant(0.1)
    )
    # Row 1: g = (1 + 3 + 0.1 · 2, 2 + 4), row 0: g = (5 + 0.1, 5).
    np.testing.assert_allclose(
        sgd.momenta[0], [[5.1, 5.0], [4.2, 6.0], [0.0, 0.0]], rtol=1e-6
    )
    np.testing.assert_allclose(
        rows, [[0.49, 0.5], [1.58, 1.4], [0.0, 0.0]], rtol=1e-6
    )


def test_a_sum_of_rows_is_clipped_not_its_summands() -> None:
    rows, sgd = _two_rows(momentum=0.0, weight_decay=0.0, clip_norm=2.5)
    gradient = tf.constant([[3.0, 1.0], [0.0, 3.0]])  # Length 5 together.
    sgd.apply(
        [tf.IndexedSlices(gradient, tf.constant([0, 0]))], tf.constant(1.0)
    )
    np.testing.assert_allclose(rows[0], [1.0 - 1.5, 1.0 - 2.0], rtol=1e-6)


@pytest.mark.parametrize("clip_norm", [None, 0.5])
def test_rows_that_are_named_once_need_no_sum(
    clip_norm: float | None,
) -> None:
    rng = np.random.default_rng(0)
    found = []
    for names_rows_once in (False, True):
        rng = np.random.default_rng(0)
        values = rng.normal(size=(5, 33)).astype(np.float32)
        rows = _variable(values)
        sgd = LazySGD(
            [rows],
            {0: np.full(5, 20)},
            clip_norm=clip_norm,
            names_rows_once=names_rows_once,
        )
        for used in ([3, 0], [4, 1, 2]):
            gradient = rng.normal(size=(len(used), 33)).astype(np.float32)
            slices = tf.IndexedSlices(tf.constant(gradient), tf.constant(used))
            sgd.apply([slices], tf.constant(RATE))
        found.append(rows.numpy().tobytes() + sgd.momenta[0].numpy().tobytes())
    assert found[0] == found[1]


@pytest.mark.parametrize("names_rows_once", [False, True])
def test_padding_that_is_named_often_stays_zero(names_rows_once: bool) -> None:
    rows, sgd = _two_rows(names_rows_once=names_rows_once)
    gradient = tf.constant([[0.0, 0.0], [1.0, 1.0], [0.0, 0.0]])
    for _ in range(2):
        sgd.apply(
            [tf.IndexedSlices(gradient, tf.constant([2, 0, 2]))],
            tf.constant(0.1),
        )
    np.testing.assert_array_equal(rows[2], [0.0, 0.0])
    np.testing.assert_array_equal(sgd.momenta[0][2], [0.0, 0.0])
    assert (rows[0] < 1.0).numpy().all()


def test_the_step_is_pure_and_can_be_unrolled() -> None:
    value, gradient = tf.constant([1.0, 2.0]), tf.constant([2.0, 1.0])
    with tf.GradientTape() as tape:
        tape.watch(gradient)
        first, momentum = sgd_step(
            value,
            tf.zeros(2),
            gradient,
            tf.constant(0.1),
            decay=0.1,
            share=0.5,
            nesterov=False,
        )
        second, _ = sgd_step(
            first,
            momentum,
            gradient,
            tf.constant(0.1),
            decay=None,
            share=0.5,
            nesterov=False,
        )
    # g = 2.1, 1.2; m = g; w = 0.79, 1.88; then m = 0.5 · m + (2, 1).
    np.testing.assert_allclose(first, [0.79, 1.88], rtol=1e-6)
    np.testing.assert_allclose(second, [0.485, 1.72], rtol=1e-6)
    # Each weight by its gradient: -0.1, then -0.1 · (0.5 + 1) more.
    np.testing.assert_allclose(
        tape.gradient(second, gradient), [-0.25, -0.25], rtol=1e-6
    )
