import dataclasses
import math

import numpy as np
import pytest

from nse_tf.costs import Budget, BudgetError, CostModel
from nse_tf.shrinking import (
    AngleSums,
    draw_children,
    operator_means,
    operator_scores,
    those_that_count,
)
from nse_tf.spaces import SearchSpace, make_preset
from tests.shrinking.chains import chain

SPOS = CostModel(make_preset("spos"))
# 3 * 2 * 4 = 24 networks, which are all drawn.
SMALL = CostModel(
    chain(3, has_identity=True).restrict([[0, 3, 6], [1, 2], [0, 1, 5, 6]])
)


def random_sums(space: SearchSpace, seed: int = 0) -> AngleSums:
    rng = np.random.default_rng(seed)
    norms = rng.uniform(0.5, 2, (len(space.blocks), space.max_candidates))
    cosines = rng.uniform(0.2, 0.9, norms.shape)
    sums = np.stack([cosines * norms, norms, norms], axis=-1)
    return AngleSums(sums, np.array([0.9, 1.0, 1.0]))


@dataclasses.dataclass(frozen=True)
class KeepingSums(AngleSums):
    """Sums that keep the paths they were asked for."""

    asked: list[np.ndarray] = dataclasses.field(default_factory=list)

    def angles(
        self, paths: np.ndarray, empty_rad: float | None = None
    ) -> np.ndarray:
        """Returns the angles, and keeps the paths."""
        self.asked.append(paths)
        return super().angles(paths, empty_rad)


def brute_force(
    model: CostModel, sums: AngleSums, budget: Budget
) -> np.ndarray:
    """Returns the scores over all children that fit."""
    every = np.array([each.path for each in model.space.enumerate()])
    fitting = every[budget.path_excess(model, every) == 0]
    angles = sums.angles(fitting)
    scores = np.full((len(model.space.blocks), 7), math.nan)
    for block, index in model.space.operators:
        has_it = fitting[:, block] == index
        if has_it.any():
            scores[block, index] = angles[has_it].mean()
    return scores


def middle(model: CostModel, share: float) -> Budget:
    low, high = model.range("macs")
    return Budget(macs=low + share * (high - low))


@pytest.mark.parametrize("share", [1.0, 0.5, 0.2])
def test_a_score_is_the_mean_angle_of_all_children_with_the_operator(
    share: float,
) -> None:
    sums, budget = random_sums(SMALL.space), middle(SMALL, share)
    found = operator_scores(SMALL, sums, budget, np.random.default_rng(0), 50)
    expected = brute_force(SMALL, sums, budget)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)
    assert np.isnan(expected).sum() >= 3 * 7 - len(SMALL.space.operators)


def test_what_no_child_within_the_budget_has_is_without_a_score() -> None:
    low, _ = SMALL.range("macs")
    found = operator_scores(
        SMALL,
        random_sums(SMALL.space),
        Budget(macs=low),
        np.random.default_rng(0),
        10,
    )
    cheapest, _ = SMALL.extremes("macs")
    assert np.argwhere(~np.isnan(found)).tolist() == [
        [block, index] for block, index in enumerate(cheapest.path)
    ]


def test_every_operator_of_spos_is_scored_by_distinct_children_that_fit() -> (
    None
):
    sums = random_sums(SPOS.space)
    keeping = KeepingSums(sums.candidates, sums.backbone)
    budget = Budget(macs=600e6)
    operator_scores(SPOS, keeping, budget, np.random.default_rng(0), 200)
    (paths,) = keeping.asked
    assert len(np.unique(paths, axis=0)) == len(paths)
    assert (budget.path_excess(SPOS, paths) == 0).all()
    for block, index in SPOS.space.operators:
        assert (paths[:, block] == index).sum() >= 200


def test_no_more_children_count_than_asked_for() -> None:
    sums = random_sums(SPOS.space)
    keeping = KeepingSums(sums.candidates, sums.backbone)
    found = operator_scores(
        SPOS, keeping, Budget(), np.random.default_rng(0), 20
    )
    (paths,) = keeping.asked
    for block, index in SPOS.space.operators:
        first = paths[paths[:, block] == index][:20]
        assert found[block, index] == pytest.approx(sums.angles(first).mean())


def test_an_operator_whose_weights_turned_more_scores_higher() -> None:
    sums = random_sums(SPOS.space)
    sums.candidates[5, :, 0] = 0.9 * sums.candidates[5, :, 1]
    sums.candidates[5, 3, 0] = -0.5 * sums.candidates[5, 3, 1]
    found = operator_scores(
        SPOS, sums, Budget(), np.random.default_rng(0), 1000
    )
    others = [index for index in SPOS.space.active[5] if index != 3]
    assert found[5, 3] > found[5, others].max() + 0.05


def test_the_same_seed_gives_the_same_scores() -> None:
    sums, budget = random_sums(SPOS.space), Budget(macs=475e6)
    first, again, other = (
        operator_scores(SPOS, sums, budget, np.random.default_rng(seed), 30)
        for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_an_impossible_budget_is_an_error() -> None:
    low, _ = SPOS.range("macs")
    with pytest.raises(BudgetError, match="the closest network found costs"):
        operator_scores(
            SPOS,
            random_sums(SPOS.space),
            Budget(macs=low - 1),
            np.random.default_rng(0),
            10,
        )


def test_sums_of_a_diverged_training_are_an_error() -> None:
    sums = random_sums(SPOS.space)
    sums.candidates[20, 2] = math.nan
    with pytest.raises(ValueError, match=r"'stage5_block0' .* diverged"):
        operator_scores(SPOS, sums, Budget(), np.random.default_rng(0), 10)


def test_all_children_of_a_small_space_are_listed() -> None:
    rng = np.random.default_rng(0)
    paths = draw_children(SMALL, Budget(), rng, None)
    assert len({tuple(path) for path in paths.tolist()}) == len(paths) == 24
    macs = SMALL.path_costs("macs", paths)
    budget = Budget(macs=int(np.median(macs)))
    fitting = draw_children(SMALL, budget, rng, None)
    assert len(fitting) == (macs <= budget.macs).sum()
    with pytest.raises(BudgetError):
        draw_children(SMALL, Budget(macs=1), rng, None)


def test_all_children_of_a_large_space_are_refused() -> None:
    with pytest.raises(ValueError, match="set `children_per_operator`"):
        draw_children(SPOS, Budget(), np.random.default_rng(0), None)


def test_children_that_do_not_count_change_no_score() -> None:
    space, rng = SPOS.space, np.random.default_rng(0)
    paths = draw_children(SPOS, Budget(), rng, 20)
    kept = those_that_count(space, paths, 20)
    assert len(kept) < len(paths)
    weights = rng.random(paths.shape[1])
    np.testing.assert_allclose(
        operator_means(space, kept, kept @ weights, 20),
        operator_means(space, paths, paths @ weights, 20),
    )
    everyone = those_that_count(space, paths, None)
    np.testing.assert_array_equal(everyone, paths)


def test_children_of_darts_have_two_inputs_but_for_the_scored_edge() -> None:
    space = make_preset("darts_shrinking")
    for each in (space, space.restrict([[1, 4]] * 14)):
        paths = draw_children(
            CostModel(each), Budget(), np.random.default_rng(0), 30
        )
        counts = np.add.reduceat(paths != 0, [0, 2, 5, 9], axis=1)
        assert (np.abs(counts - 2).sum(axis=1) <= 1).all()
        assert (counts == 2).all(axis=1).mean() > 0.3


def test_all_children_of_darts_are_the_valid_ones() -> None:
    few = make_preset("darts_shrinking").restrict([[4]] * 14)
    rng = np.random.default_rng(0)
    paths = draw_children(CostModel(few), Budget(), rng, None)
    assert len(np.unique(paths, axis=0)) == len(paths) == 3 * 6 * 10
    assert few.is_valid(paths).all()
