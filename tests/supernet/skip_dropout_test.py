"""Dropout of skip connections: a function of its seed."""

import numpy as np
import tensorflow as tf

from nse_tf.supernet import SkipDropout

INPUTS = tf.constant(
    np.random.default_rng(0).standard_normal((8, 5, 5, 16)), tf.float32
)


def _dropout(rate: float, seed: int = 0) -> SkipDropout:
    return SkipDropout(tf.constant(rate), tf.constant([seed, 7]))


def test_a_rate_of_zero_gives_inputs_and_gradients_back_to_the_bit() -> None:
    with tf.GradientTape() as tape:
        tape.watch(INPUTS)
        outputs = _dropout(0.0).applied(INPUTS)
        loss = tf.reduce_sum(outputs * INPUTS)
    np.testing.assert_array_equal(outputs, INPUTS)
    np.testing.assert_array_equal(tape.gradient(loss, INPUTS), 2 * INPUTS)


def test_elements_are_zeroed_and_the_rest_makes_up_for_them() -> None:
    outputs = _dropout(0.4).applied(INPUTS).numpy()
    kept = outputs != 0
    assert abs(kept.mean() - 0.6) < 0.03
    np.testing.assert_allclose(
        outputs[kept], INPUTS.numpy()[kept] / 0.6, rtol=1e-6
    )
    # Element by element: no image and no channel goes as a whole.
    assert kept.any(axis=(1, 2, 3)).all()
    assert kept.any(axis=(0, 1, 2)).all()
    assert (~kept).any(axis=(1, 2)).mean() > 0.9


def test_what_is_zeroed_follows_from_seed_and_place() -> None:
    first = _dropout(0.5)
    again = _dropout(0.5).applied(INPUTS)
    np.testing.assert_array_equal(first.applied(INPUTS), again)
    others = [
        _dropout(0.5, seed=1),
        first.at(0),
        first.at(1),
        first.at(0).at(1),
        first.at(1).at(0),
    ]
    found = [each.applied(INPUTS).numpy() for each in (first, *others)]
    for number, one in enumerate(found):
        for other in found[:number]:
            alike = ((one == 0) == (other == 0)).mean()
            assert abs(alike - 0.5) < 0.05
