"""Scores without training: small numbers worked by hand, and laws of cells."""

import keras
import numpy as np
import pytest

from nse_tf.ranking.zero_cost import (
    ZeroCost,
    feature_entropies,
    feature_growth,
    log_synflow,
    naswot,
)
from nse_tf.spaces import make_preset

SPACE = make_preset("nb201", image_size=(8, 8), width=0.25, depth=0.2)
IMAGES = np.random.default_rng(0).uniform(0, 255, (6, 8, 8, 3))


def test_naswot_counts_agreeing_relus() -> None:
    # Two images, ReLUs on/off and on/on: they agree in one of two.
    active = [np.array([[3.0], [0.5]]), np.array([[0.0], [2.0]])]
    assert naswot(active) == pytest.approx(np.log(3 * 3 - 1 * 1))


def test_naswot_of_equal_images_is_a_number() -> None:
    assert naswot([np.ones((2, 4))]) == pytest.approx(np.log(5 * 5 - 4 * 4))


def test_the_entropy_is_that_of_the_variance_by_direction() -> None:
    corners = np.array([[1, 1], [1, -1], [-1, 1], [-1, -1]], np.float32)
    line = corners[:, :1] * np.array([[1.0, 2.0]])
    uneven = corners * np.array([[np.sqrt(3.0), 1.0]])
    still = np.ones((4, 2))
    shaped = [
        each.reshape(1, 2, 2, 2) for each in (corners, line, uneven, still)
    ]
    quarter = -0.25 * np.log(0.25) - 0.75 * np.log(0.75)
    expected = [np.log(2), 0.0, quarter, 0.0]
    assert feature_entropies(shaped) == pytest.approx(expected, abs=1e-12)


def test_growth_is_the_mean_logarithm_of_deviations() -> None:
    stem = np.array([[-1.0, 1.0], [1.0, -1.0]]).reshape(2, 1, 1, 2)
    assert feature_growth([stem, 2 * stem, 8 * stem + 5]) == pytest.approx(
        np.log(4)
    )
    assert feature_growth([3 * stem, np.ones_like(stem)]) == pytest.approx(
        np.log(1e-6)
    )


def test_cells_that_hand_their_input_on_grow() -> None:
    deep = make_preset("nb201", image_size=(16, 16), width=0.5, depth=0.6)
    images = np.random.default_rng(0).uniform(0, 255, (8, 16, 16, 3))
    scorer = ZeroCost(deep, images)
    # All 3x3 convolutions; the same with a skip connection past them all.
    plain, residual = [3] * 6, [3, 3, 3, 1, 3, 3]
    deepened, still = (
        scorer.growth(deep.genotype(path)) for path in (residual, plain)
    )
    assert deepened > still + 0.3
    genotype = deep.genotype(residual)
    assert scorer.scores(genotype)["growth"] == deepened


def test_log_synflow_of_two_weights() -> None:
    child = keras.Sequential(
        [
            keras.Input((2, 2, 1)),
            keras.layers.Rescaling(1 / 127.5, offset=-1.0),
            keras.layers.Conv2D(1, 1, use_bias=False),
            keras.layers.GlobalAveragePooling2D(),
            keras.layers.Dense(1),
        ]
    )
    weights = [np.full((1, 1, 1, 1), -2.0), np.full((1, 1), 3.0), np.ones(1)]
    child.set_weights(weights)
    # |w| times log(1 + the other weight, which is its gradient).
    assert log_synflow(child) == pytest.approx(2 * np.log(4) + 3 * np.log(3))
    for kept, now in zip(weights, child.get_weights(), strict=True):
        np.testing.assert_array_equal(kept, now)


def test_a_cell_of_convolutions_scores_above_one_of_nothing() -> None:
    scorer = ZeroCost(SPACE, IMAGES)
    nothing = scorer.scores(SPACE.genotype([0] * 6))
    full = scorer.scores(SPACE.genotype([3] * 6))
    assert np.isfinite(list(nothing.values())).all()
    for name in ("naswot", "log_synflow", "expressivity"):
        assert full[name] > nothing[name], name


def test_the_seed_decides() -> None:
    genotype = SPACE.genotype([3, 1, 2, 4, 3, 0])
    same = [ZeroCost(SPACE, IMAGES, seed).scores(genotype) for seed in (0, 0)]
    other = ZeroCost(SPACE, IMAGES, 1).scores(genotype)
    assert same[0] == same[1]
    assert other["log_synflow"] != same[0]["log_synflow"]
