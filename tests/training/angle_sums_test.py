"""The three sums that spell angles, by hand."""

import numpy as np

from nse_tf.training.angle_sums import of_unit_kernels, three_sums


def test_sums_by_hand() -> None:
    base = np.array([[3.0, 4.0], [0.0, 0.0]])
    now = np.array([[8.0, 6.0], [0.0, 0.0]])
    sums = three_sums(base, now)
    assert sums.tolist() == [[48, 25, 100], [0, 0, 0]]
    assert of_unit_kernels(sums).tolist() == [[0.96, 1, 1], [0, 0, 0]]


def test_a_diverged_kernel_stays_one() -> None:
    sums = np.array([[1.0, 1.0, np.nan], [1.0, 1.0, 1.0]])
    units = of_unit_kernels(sums)
    assert np.isnan(units[0]).all()
    assert units[1].tolist() == [1, 1, 1]
