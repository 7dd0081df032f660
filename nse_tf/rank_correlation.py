"""How alike two rankings of networks are: tau, rho, regret, intervals."""

import math
from collections.abc import Callable

import numpy as np
from scipy import stats

NUM_RESAMPLES = 2_000
CONFIDENCE = 0.95

MAX_PAIRED = 2_000
"""Up to how many networks all pairs are held at once."""

Agreement = Callable[[np.ndarray, np.ndarray], float]


def kendall_tau(first: np.ndarray, second: np.ndarray) -> float:
    """Returns Kendall's τ-b; NaN where either is constant."""
    return float(stats.kendalltau(first, second).statistic)


def spearman_rho(first: np.ndarray, second: np.ndarray) -> float:
    """Returns Spearman's rho by average ranks; NaN where one is constant."""
    ranks = [stats.rankdata(each) for each in (first, second)]
    if any(np.ptp(each) == 0 for each in ranks):
        return math.nan
    return float(np.corrcoef(*ranks)[0, 1])


def top_k_regret(scores: np.ndarray, truth: np.ndarray, k: int) -> float:
    """Returns how far the best of the k first in score lies below the best.

    In the unit of the truth; 0 means that the best network is among them. Of
    equal scores the first networks count.

    Raises:
        ValueError: If k is not from 1 to the number of networks.
    """
    if not 1 <= k <= len(scores):
        raise ValueError(
            f"`k` must be from 1 to {len(scores)}, the number of networks, not "
            f"{k}."
        )
    first = np.argsort(-scores, kind="stable")[:k]
    return float(truth.max() - truth[first].max())


def bootstrap_interval(
    first: np.ndarray,
    second: np.ndarray,
    seed: int = 0,
    agreement: Agreement = kendall_tau,
) -> tuple[float, float]:
    """Returns the 95 % percentile interval of τ-b over resampled networks.

    Draws that leave either side constant have no τ and are left out; where all
    do, both ends are NaN.

    Args:
        first: One value for each network.
        second: Another.
        seed: Seed of the draws.
        agreement: What is computed for the two; τ-b by default.
    """
    rng = np.random.default_rng(seed)
    draws = rng.integers(0, len(first), (NUM_RESAMPLES, len(first)))
    if agreement is kendall_tau and len(first) <= MAX_PAIRED:
        found = _taus_of_draws(first, second, draws)
    else:
        found = np.array([agreement(first[d], second[d]) for d in draws])
    found = found[np.isfinite(found)]
    if not len(found):
        return math.nan, math.nan
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(found, (tail, 1 - tail))
    return float(low), float(high)


def _taus_of_draws(
    first: np.ndarray, second: np.ndarray, draws: np.ndarray
) -> np.ndarray:
    """Returns τ-b of each row of draws: every pair is compared only once.

    A network that a draw has m times counts in m times as many pairs; pairs of
    a network with itself are ties on both sides, as τ-b has it.
    """
    counts = np.array([np.bincount(d, minlength=len(first)) for d in draws])
    signs = [np.sign(np.subtract.outer(each, each)) for each in (first, second)]

    def weighted(pairs: np.ndarray) -> np.ndarray:
        return np.asarray(np.einsum("rn,rn->r", counts @ pairs, counts))

    untied = weighted(np.abs(signs[0])) * weighted(np.abs(signs[1]))
    with np.errstate(invalid="ignore"):
        taus: np.ndarray = weighted(signs[0] * signs[1]) / np.sqrt(untied)
    return taus
