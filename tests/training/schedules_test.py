"""Learning rates over time."""

import math

import numpy as np
import pytest

from nse_tf.jobs import RateSchedule
from nse_tf.training import ChildRecipe
from nse_tf.training.schedules import rate_at, warm_cosine


def rates(schedule: RateSchedule, *epochs: float) -> list[float]:
    return [rate_at(schedule, epoch, 10) for epoch in epochs]


def test_a_line_leads_from_the_first_rate_to_the_last() -> None:
    schedule = RateSchedule(first=0.4, last=0.1)
    found = rates(schedule, 0, 5, 10)
    np.testing.assert_allclose(found, [0.4, 0.25, 0.1], atol=1e-12)


def test_a_cosine_leads_there_too_half_way_at_half_time() -> None:
    schedule = RateSchedule(kind="cosine", first=0.4, last=0.1)
    found = rates(schedule, 0, 2.5, 5, 10)
    quarter = 0.1 + 0.3 * (1 + math.cos(math.pi / 4)) / 2
    np.testing.assert_allclose(found, [0.4, quarter, 0.25, 0.1], atol=1e-12)


def test_rates_warm_up_and_fall_to_the_last() -> None:
    schedule = RateSchedule(
        kind="warm_cosine", first=0.1, peak=0.4, warmup_epochs=2
    )
    found = rates(schedule, 0, 1, 2, 6, 10)
    np.testing.assert_allclose(found, [0.1, 0.25, 0.4, 0.2, 0.0], atol=1e-12)


@pytest.mark.parametrize(("epoch", "wanted"), [(0, 0.1), (0.25, 0.25)])
def test_a_warm_up_takes_half_of_all_epochs_at_most(
    epoch: float, wanted: float
) -> None:
    found = warm_cosine(epoch, 1, first=0.1, peak=0.4, warmup_epochs=2)
    assert found == pytest.approx(wanted)
    assert warm_cosine(0.5, 1, first=0.1, peak=0.4, warmup_epochs=2) == 0.4
    assert warm_cosine(0, 1, first=0.1, peak=0.4, warmup_epochs=0) == 0.4


def test_children_warm_up_from_zero() -> None:
    recipe = ChildRecipe(learning_rate=0.2, warmup_epochs=2)
    found = [recipe.rate_at(epoch, 10) for epoch in (0, 1, 2, 6, 10)]
    np.testing.assert_allclose(found, [0.0, 0.1, 0.2, 0.1, 0.0], atol=1e-12)
