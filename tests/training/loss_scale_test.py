"""The scale of the loss: what it moves, and how it moves itself."""

import numpy as np
import pytest
import tensorflow as tf

from nse_tf.training import loss_scale
from nse_tf.training.loss_scale import FIRST_SCALE, LossScale


def moved(scale: LossScale, gradients: list[tf.Tensor]) -> list[tf.Tensor]:
    """Returns what weights were moved by; nothing where they were not."""
    found: list[tf.Tensor] = []
    scale.move(gradients, found.extend)
    return found


def test_gradients_are_those_of_the_loss_itself() -> None:
    scale = LossScale()
    weight = tf.Variable(3.0)
    with tf.GradientTape() as tape:
        loss = scale.scaled(weight * weight)
    gradient = tape.gradient(loss, weight)
    assert float(gradient) == 6.0 * FIRST_SCALE
    rows = tf.IndexedSlices(gradient[None], tf.constant([4]))
    plain, nothing, of_rows = moved(scale, [gradient, None, rows])
    assert float(plain) == 6.0
    assert nothing is None
    assert (of_rows.values.numpy(), of_rows.indices.numpy()) == ([6.0], [4])


@pytest.mark.parametrize("bad", [np.inf, -np.inf, np.nan])
def test_an_overflow_moves_nothing_and_halves_it(bad: float) -> None:
    scale = LossScale()
    gradients = [tf.ones(2), tf.constant([0.0, bad])]
    assert not moved(scale, gradients)
    found, count = scale.arrays()
    assert float(found) == FIRST_SCALE / 2
    assert int(count) == 0


def test_steps_in_a_row_double_it_and_its_state_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(loss_scale, "GROWTH_STEPS", 3)
    good, bad = [tf.ones(1)], [tf.constant([np.inf])]
    scale, seen = LossScale(), []
    for gradients in (good, good, bad, good, good, good, good):
        moved(scale, gradients)
        again = LossScale()
        again.restore(scale.arrays())
        scale = again
        seen.append(float(scale.arrays()[0]) / FIRST_SCALE)
    assert seen == [1, 1, 0.5, 0.5, 0.5, 1, 1]
