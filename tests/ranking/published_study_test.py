"""What ABS published of its study on NAS-Bench-201, recomputed.

The figures are those of the files beside its code; see
https://arxiv.org/abs/2004.13431.
"""

import numpy as np
import pytest

from nse_tf.rank_correlation import kendall_tau
from nse_tf.ranking import PUBLISHED_TAUS, published_lines

# Kendall's tau of each of ten seeds, and mean and deviation as published.
TAUS = {
    "c10 random": (
        "-.0006 .0095 -.0106 -.0047 -.0043 .0019 .0030 -.0143 -.0023 -.0006",
        PUBLISHED_TAUS["random"],
    ),
    "c10 angle": (
        ".5792 .5738 .5742 .5780 .5758 .5742 .5738 .5729 .5761 .5703",
        PUBLISHED_TAUS["angle"],
    ),
    "c10 accuracy": (
        ".4914 .5955 .6395 .5037 .5353 .5977 .5529 .4942 .4818 .5055",
        PUBLISHED_TAUS["accuracy, calibrated"],
    ),
    "c10 accuracy, not calibrated": (
        ".0354 .0102 .0406 .0460 .0744 .0555 .0135 .1095 .0597 -.0314",
        PUBLISHED_TAUS["accuracy, not calibrated"],
    ),
    "c10 add": (
        ".6666 .6893 .7017 .6473 .6578 .7084 .7099 .6537 .6312 .6778",
        PUBLISHED_TAUS["add"],
    ),
    "c100 angle": (
        ".6049 .6035 .6055 .6058 .6059 .6055 .6031 .6022 .6035 .6006",
        (0.6040, 0.0017),
    ),
    "in16 angle": (
        ".5451 .5458 .5467 .5448 .5428 .5411 .5439 .5411 .5489 .5447",
        (0.5445, 0.0023),
    ),
}

# 50 cells trained alone: the rank of their angle, by true rank.
STAND_ALONE = {
    "c10": (
        "7 5 8 6 4 1 3 10 2 9 20 18 16 19 17 11 13 15 12 14 21 25 27 28 29 23 "
        "30 24 22 26 31 34 38 33 36 40 37 32 35 39 41 42 43 48 45 44 46 47 50 "
        "49",
        0.833469,
    ),
    "c100": (
        "10 3 4 9 2 1 5 7 6 8 12 20 15 11 19 18 13 14 16 17 28 22 26 24 29 30 "
        "27 25 23 21 34 39 40 36 33 35 31 37 38 32 48 44 42 43 41 45 46 47 49 "
        "50",
        0.822041,
    ),
    "in16": (
        "2 9 10 6 5 8 7 1 4 3 14 18 16 15 13 19 12 20 17 11 22 23 21 28 29 27 "
        "24 25 26 30 36 32 34 31 35 38 39 33 40 37 50 43 45 46 47 48 41 49 42 "
        "44",
        0.825306,
    ),
}

# Operators that survive when 20 of 30 are dropped, by their true rank.
SURVIVORS = {
    "angle": (
        "1 2 3 4 5 6 7 8 10 12",
        "1 2 3 4 5 6 7 8 10 12",
        "1 2 3 4 5 6 7 8 10 12",
    ),
    "accuracy": (
        "4 5 11 14 20 21 22 23 24 25",
        "2 4 6 8 11 12 14 22 24 25",
        "2 4 6 11 12 15 21 22 24 25",
    ),
    "magnitude": (
        "1 2 6 11 14 15 16 17 18 19",
        "1 2 11 14 15 16 17 18 19 29",
        "1 6 11 14 15 16 17 18 19 29",
    ),
}


@pytest.mark.parametrize("score", TAUS)
def test_means_over_ten_seeds(score: str) -> None:
    text, (mean, deviation) = TAUS[score]
    taus = np.array([float(word) for word in text.split()])
    assert taus.mean() == pytest.approx(mean, abs=6e-5)
    assert taus.std() == pytest.approx(deviation, abs=6e-5)


def test_published_figures_are_shown_with_their_setting() -> None:
    (line,) = published_lines()
    assert line.startswith("published (ABS, CIFAR-10, 250 GPU epochs")
    assert "angle 0.5748 ± 0.0024" in line


@pytest.mark.parametrize("data", STAND_ALONE)
def test_angles_of_cells_trained_alone(data: str) -> None:
    text, tau = STAND_ALONE[data]
    ranks = np.array([int(word) for word in text.split()])
    assert sorted(ranks) == list(range(1, 51))
    found = kendall_tau(np.arange(1, 51), ranks)
    assert found == pytest.approx(tau, abs=1e-6)


@pytest.mark.parametrize(
    ("score", "kept"),
    [("angle", (8, 8, 8)), ("accuracy", (2, 4, 3)), ("magnitude", (3, 2, 2))],
)
def test_how_many_of_the_best_operators_survive(
    score: str, kept: tuple[int, ...]
) -> None:
    survivors = [set(map(int, text.split())) for text in SURVIVORS[score]]
    assert {len(each) for each in survivors} == {10}
    assert tuple(len(each & set(range(1, 9))) for each in survivors) == kept
