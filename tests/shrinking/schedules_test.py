"""Published schedules, simulated with random scores."""

import numpy as np
import pytest

from nse_tf.shrinking import (
    PUBLISHED_SCHEDULES,
    ShrinkSchedule,
    operator_means,
)
from nse_tf.spaces import SearchSpace, make_preset


def simulated(
    schedule: ShrinkSchedule, space: SearchSpace, seed: int
) -> tuple[SearchSpace, list[int], list[int]]:
    """Returns the shrunk space, drops of each stage, and stages of resets."""
    rng = np.random.default_rng(seed)
    dropped: list[int] = []
    resets = []
    while not schedule.is_done(space, len(dropped)):
        shape = (len(space.blocks), space.max_candidates)
        space, gone = schedule.shrink(space, rng.random(shape))
        dropped.append(len(gone))
        if schedule.resets_base(sum(dropped), len(gone)):
            resets.append(len(dropped) - 1)
    return space, dropped, resets


@pytest.mark.parametrize("seed", range(5))
def test_spos_drops_seven_a_stage_until_a_million_networks(seed: int) -> None:
    space, dropped, resets = simulated(
        PUBLISHED_SCHEDULES["spos"], make_preset("spos"), seed
    )
    assert set(dropped) == {7}
    assert len(dropped) <= 20
    assert space.size <= 10**6
    assert all(space.active)
    # After stage index 7: 8 * 7 = 56 > 50.
    assert resets == [7]


@pytest.mark.parametrize("seed", range(3))
def test_fairnas_stops_with_two_ops_a_layer(seed: int) -> None:
    space, dropped, resets = simulated(
        PUBLISHED_SCHEDULES["fairnas"], make_preset("fairnas"), seed
    )
    assert dropped == [19] * 4
    assert space.size == 2**19 == 524_288
    assert resets == [2]  # 3 * 19 = 57 > 50.


@pytest.mark.parametrize("seed", range(3))
def test_darts_stops_with_two_ops_an_edge(seed: int) -> None:
    space, dropped, resets = simulated(
        PUBLISHED_SCHEDULES["darts"], make_preset("darts_shrinking"), seed
    )
    assert dropped == [14] * 6
    assert space.size == 2**14
    assert resets == []


def test_only_cells_of_darts_are_warmed_up() -> None:
    epochs = {
        name: each.warmup_epochs for name, each in PUBLISHED_SCHEDULES.items()
    }
    assert epochs.pop("darts") == 5
    assert set(epochs.values()) == {0}
    with pytest.raises(ValueError, match="`warmup_epochs` must be at least 0"):
        ShrinkSchedule(warmup_epochs=-1)


@pytest.mark.parametrize("seed", range(3))
def test_a_single_shot_leaves_ten_operators(seed: int) -> None:
    space, dropped, _ = simulated(
        PUBLISHED_SCHEDULES["nb201"], make_preset("nb201"), seed
    )
    assert dropped == [20]
    assert len(space.operators) == 10
    assert all(space.active)


def test_the_best_operators_of_a_made_up_truth_survive_a_single_shot() -> None:
    space = make_preset("nb201")
    paths = np.array([genotype.path for genotype in space.enumerate()])
    worth = np.random.default_rng(0).random((6, 5))
    truth = worth[np.arange(6), paths].sum(axis=1)
    means = operator_means(space, paths, truth)
    smaller, _ = PUBLISHED_SCHEDULES["nb201"].shrink(space, means)
    # A mean is an operator's worth and the others' average.
    centered = worth - worth.mean(axis=1, keepdims=True)
    np.testing.assert_allclose(means - truth.mean(), centered)
    best = np.argwhere(centered >= np.sort(centered.ravel())[-4])
    assert {(int(p), int(i)) for p, i in best} <= set(smaller.operators)


def test_means_of_the_first_children_of_an_operator() -> None:
    space = make_preset("nb201").restrict([[0, 3]] * 6)
    paths = np.array([[0] * 6, [3] * 6, [0, 3, 0, 0, 0, 0]])
    means = operator_means(space, paths, np.array([1.0, 2.0, 5.0]))
    assert means[0, 0] == 3.0
    assert means[1, 3] == 3.5
    assert np.isnan(means[:, 1]).all()
    first = operator_means(space, paths, np.array([1.0, 2.0, 5.0]), 1)
    assert first[0, 0] == 1.0
    assert first[1, 3] == 2.0
