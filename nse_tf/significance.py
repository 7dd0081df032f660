"""Whether a difference between searches is one: intervals, p-values, Holm."""

import math
from collections.abc import Sequence

import numpy as np
from scipy import stats

Numbers = Sequence[float] | np.ndarray

CONFIDENCE = 0.95
NUM_RESAMPLES = 10_000


def half_interval(values: Numbers) -> float:
    """Returns half of the 95 % interval of a mean, by Student's t.

    Args:
        values: One number a seed.

    Raises:
        ValueError: If there are fewer than two.
    """
    if len(values) < 2:
        raise ValueError(
            f"`values` must be at least two for an interval, not {len(values)}."
        )
    quantile = stats.t.ppf((1 + CONFIDENCE) / 2, len(values) - 1)
    return float(quantile * stats.sem(np.asarray(values, float)))


def paired_p_value(gains: Numbers) -> float:
    """Returns the two-sided p-value of a mean gain, by a paired t test.

    Gains that are all the same number have no variance to test by: the p-value
    is 1 where that number is 0, and 0 elsewhere.

    Args:
        gains: One difference a pair.

    Raises:
        ValueError: If there are fewer than two.
    """
    half_interval(gains)  # Refuses too few.
    if np.ptp(gains) == 0:
        return float(gains[0] == 0)
    return float(stats.ttest_1samp(gains, 0.0).pvalue)


def paired_difference(
    first: np.ndarray, second: np.ndarray
) -> tuple[float, float]:
    """Returns the difference of two shares, and half its 95 % interval.

    Both are of the same cases. Only those on which both differ count, as in
    McNemar's test; the interval is Wald's.

    Args:
        first: Which cases count for the first share, `(count,)`, bool.
        second: The same for the second.

    Raises:
        ValueError: If there are no cases, or not as many of both.
    """
    if len(first) != len(second) or not len(first):
        raise ValueError(
            f"`first` and `second` must be of the same cases, at least one, "
            f"not {len(first)} and {len(second)}."
        )
    gains = first.astype(float) - second.astype(float)
    deviation = math.sqrt(float(gains.var()) / len(gains))
    quantile = float(stats.norm.ppf((1 + CONFIDENCE) / 2))
    return float(gains.mean()), quantile * deviation


def permutation_p_value(
    first: Numbers, second: Numbers, seed: int = 0
) -> float:
    """Returns the two-sided p-value of a difference of means of two groups.

    It is the share of ways to deal the numbers into groups of these sizes whose
    means differ by as much: of all ways where there are at most 10,000, else of
    as many drawn ones.

    Args:
        first: Numbers of one group.
        second: Numbers of the other.
        seed: Seed of the draw.
    """
    found = stats.permutation_test(
        (np.asarray(first, float), np.asarray(second, float)),
        lambda one, other, axis: one.mean(axis) - other.mean(axis),
        n_resamples=NUM_RESAMPLES,
        vectorized=True,
        rng=np.random.default_rng(seed),
    )
    return float(found.pvalue)


def holm(p_values: Numbers) -> list[float]:
    """Returns p-values corrected for their number.

    Source: S. Holm, A simple sequentially rejective multiple test procedure,
    Scandinavian Journal of Statistics 6 (1979).

    Args:
        p_values: In any order, which the answer keeps.
    """
    corrected = np.empty(len(p_values))
    largest = 0.0
    for rank, index in enumerate(np.argsort(p_values, kind="stable")):
        largest = max(largest, (len(p_values) - rank) * p_values[index])
        corrected[index] = min(1.0, largest)
    return [float(each) for each in corrected]
