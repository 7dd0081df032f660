"""Intervals and p-values, against numbers worked out by hand."""

import math

import numpy as np
import pytest

from nse_tf.significance import (
    half_interval,
    holm,
    paired_difference,
    paired_p_value,
    permutation_p_value,
)


def test_an_interval_is_that_of_student() -> None:
    # The deviation is 1, and 4.303 the 97.5 % quantile at two degrees.
    assert half_interval([1.0, 2.0, 3.0]) == pytest.approx(
        4.302653 / math.sqrt(3), rel=1e-6
    )


def test_a_paired_test_is_that_of_student() -> None:
    # t = 2 · sqrt(3) at two degrees, whose p-value has a closed form.
    t = 2 * math.sqrt(3)
    wanted = 1 - t / math.sqrt(2 + t * t)
    assert paired_p_value([1.0, 2.0, 3.0]) == pytest.approx(wanted)


def test_equal_gains_are_certain_unless_they_are_none() -> None:
    assert paired_p_value([0.5, 0.5]) == 0
    assert paired_p_value([0.0, 0.0, 0.0]) == 1


def test_one_seed_says_nothing() -> None:
    for function in (half_interval, paired_p_value):
        with pytest.raises(ValueError, match=r"at least two .* not 1"):
            function([1.0])


def test_of_all_ways_to_deal_two_are_as_extreme() -> None:
    # 20 ways to deal six numbers by threes; that one and its mirror image.
    assert permutation_p_value([4, 5, 6], [1, 2, 3]) == pytest.approx(2 / 20)
    assert permutation_p_value([1, 1], [1, 1]) == 1


def test_large_groups_are_dealt_by_a_seed() -> None:
    one, other = list(range(20)), list(range(5, 25))
    found = permutation_p_value(one, other, seed=0)
    assert found == permutation_p_value(one, other, seed=0)
    # A t test says .0098.
    assert found == pytest.approx(0.0098, abs=0.004)


def test_holm_multiplies_the_smallest_by_all() -> None:
    # 3 · .01; then 2 · .02 and 1 · .03, which may not be below.
    assert holm([0.03, 0.01, 0.02]) == pytest.approx([0.04, 0.03, 0.04])
    assert holm([0.6, 0.7]) == [1, 1]
    assert holm([]) == []


def test_a_difference_of_shares_counts_what_only_one_gets_right() -> None:
    # Of ten cases the first alone gets three, the second alone one: 0.2, with
    # variance (3 + 1) / 10 - 0.2², over ten cases.
    first = np.array([1, 1, 1, 0, 1, 1, 1, 0, 0, 0], bool)
    second = np.array([0, 0, 0, 1, 1, 1, 1, 0, 0, 0], bool)
    difference, half = paired_difference(first, second)
    assert difference == pytest.approx(0.2)
    assert half == pytest.approx(1.959964 * math.sqrt(0.36 / 10), rel=1e-6)
    assert paired_difference(second, first) == pytest.approx((-0.2, half))
    assert paired_difference(first, first) == (0.0, 0.0)
    with pytest.raises(ValueError, match="of the same cases"):
        paired_difference(first, second[:5])
