"""What counts for a cell, worked by hand."""

import math

import numpy as np
import pytest

from nse_tf.methods.cell_fitness import turns


def sums(*angles: float) -> tuple[float, float, float]:
    """Returns the sums of unit kernels that turned by these angles."""
    count = float(len(angles))
    return sum(map(math.cos, angles)), count, count


def test_kernels_that_turn_alike_add_up() -> None:
    by_count = [sums(*[0.3] * count) for count in range(6)]
    np.testing.assert_allclose(turns(np.array(by_count)), 0.3 * np.arange(6))


def test_kernels_that_turn_unlike_count_by_the_angle_of_all() -> None:
    cells = np.array([[sums(0.2, 0.7, 1.9)], [sums(0.0, 1.0)]])
    mean = (math.cos(0.2) + math.cos(0.7) + math.cos(1.9)) / 3
    assert turns(cells)[:, 0] == pytest.approx(
        [3 * math.acos(mean), 2 * math.acos((1 + math.cos(1.0)) / 2)]
    )


def test_without_sums_nothing_turned() -> None:
    assert turns(np.array(())).shape == (0,)
