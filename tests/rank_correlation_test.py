import math

import numpy as np
import pytest

from nse_tf.rank_correlation import (
    bootstrap_interval,
    kendall_tau,
    spearman_rho,
    top_k_regret,
)

# Of the ten pairs of these five, (2, 3) and (4, 5) are the other way around.
FIVE = ((0.1, 0.5), (0.2, 0.7), (0.3, 0.6), (0.4, 0.9), (0.5, 0.8))


def test_tau_by_hand() -> None:
    assert kendall_tau(*np.array(FIVE).T) == pytest.approx((8 - 2) / 10)


def test_ties_are_corrected_for() -> None:
    """Five pairs agree, one is tied on one side: 5 / √(5 · 6)."""
    first, second = np.array([1, 1, 2, 3]), np.array([1, 2, 3, 4])
    assert kendall_tau(first, second) == pytest.approx(5 / math.sqrt(5 * 6))


def test_the_interval_holds_the_truth_as_often_as_it_says() -> None:
    """Of normal pairs with correlation r, τ is 2/π · arcsin r."""
    rng = np.random.default_rng(3)
    correlation = 0.6
    truth = 2 / math.pi * math.asin(correlation)
    held = 0
    for seed in range(30):
        first = rng.normal(size=25)
        noise = rng.normal(size=25)
        second = correlation * first + math.sqrt(1 - correlation**2) * noise
        low, high = bootstrap_interval(first, second, seed)
        assert low < high
        held += low <= truth <= high
    assert held >= 25


def test_the_interval_is_exact_by_seed() -> None:
    first, second = np.array(FIVE).T
    assert bootstrap_interval(first, second, 0) == bootstrap_interval(
        first, second, 0
    )


def test_the_interval_is_that_of_one_tau_a_draw() -> None:
    rng = np.random.default_rng(1)
    first, second = rng.integers(0, 6, (2, 30)).astype(float)
    low, high = bootstrap_interval(first, second)
    assert (low, high) == pytest.approx(
        bootstrap_interval(
            first, second, agreement=lambda a, b: kendall_tau(a, b)
        )
    )


def test_rho_by_hand() -> None:
    """Four ranks differ by one: 1 - 6 · 4 / (5 · 24)."""
    first, second = np.array(FIVE).T
    assert spearman_rho(first, second) == pytest.approx(1 - 24 / 120)
    # Ties take the mean rank: of 1.5 1.5 3 and 1 2 3 by Pearson's formula.
    tied = spearman_rho(np.array([1, 1, 2]), np.array([1, 2, 3]))
    assert tied == pytest.approx(1.5 / math.sqrt(1.5 * 2))


def test_what_does_not_rank_has_no_correlation() -> None:
    constant, rising = np.ones(5), np.arange(5.0)
    assert math.isnan(kendall_tau(constant, rising))
    assert math.isnan(spearman_rho(rising, constant))
    assert all(map(math.isnan, bootstrap_interval(constant, rising)))


def test_regret_of_the_first_few() -> None:
    scores = np.array([0.9, 0.8, 0.8, 0.1])
    truth = np.array([0.2, 0.5, 0.7, 1.0])
    regrets = [top_k_regret(scores, truth, k) for k in (1, 2, 3, 4)]
    assert regrets == pytest.approx([0.8, 0.5, 0.3, 0.0])


@pytest.mark.parametrize("k", [0, 6])
def test_a_k_beyond_the_networks_is_refused(k: int) -> None:
    with pytest.raises(ValueError, match=f"`k` must be from 1 to 5.* not {k}"):
        top_k_regret(np.ones(5), np.ones(5), k)


def test_an_interval_of_another_agreement() -> None:
    rng = np.random.default_rng(0)
    first = rng.normal(size=40)
    second = first + 0.3 * rng.normal(size=40)
    low, high = bootstrap_interval(first, second, agreement=spearman_rho)
    assert low < spearman_rho(first, second) < high
    assert low > bootstrap_interval(first, second)[0]
