"""What counts for a cell, worked by hand."""

import math

import numpy as np
import pytest

from nse_tf.methods.cell_fitness import cell_angles


def sums(*angles: float) -> tuple[float, float, float]:
    """Returns the sums of unit kernels that turned by these angles."""
    count = float(len(angles))
    return sum(map(math.cos, angles)), count, count


def test_a_cell_s_angle_joins_its_kernels_and_what_is_around_it() -> None:
    cells = np.array([[sums(1.0), sums(1.0, 1.0), sums(0.2, 0.7, 1.9)]])
    turned = math.cos(1.0)
    mixed = math.cos(0.2) + math.cos(0.7) + math.cos(1.9)
    assert cell_angles(cells)[0] == pytest.approx(
        [
            math.acos((turned + 2) / 3),
            math.acos((2 * turned + 2) / 4),
            math.acos((mixed + 2) / 5),
        ]
    )


def test_more_kernels_that_turn_alike_make_a_larger_angle() -> None:
    by_count = cell_angles(np.array([sums(*[0.3] * n) for n in range(6)]))
    assert by_count[0] == 0.0
    assert (np.diff(by_count) > 0).all()
    assert by_count[-1] < 0.3


def test_without_sums_there_is_no_angle() -> None:
    assert cell_angles(np.array(())).shape == (0,)
