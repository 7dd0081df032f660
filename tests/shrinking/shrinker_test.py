import math
from typing import Any

import hypothesis
import numpy as np
import pytest
from hypothesis import strategies as st

from nse_tf.shrinking import (
    ShrinkSchedule,
    lowest_of_each_block,
    lowest_overall,
)
from nse_tf.spaces import MBConv, SearchSpace, make_preset
from tests.shrinking.chains import chain
from tests.spaces.strategies import small_spaces

SPOS, FAIRNAS = make_preset("spos"), make_preset("fairnas")
FIVE = chain(5).restrict([[0, 1, 2], [0, 1], [3], [4], [5]])
NAN = math.nan


def scores_of(space: SearchSpace, **by_block: list[float]) -> np.ndarray:
    """Returns scores of 9 but for blocks given as `block0=[...]`."""
    scores = np.full((len(space.blocks), space.max_candidates), 9.0)
    for name, values in by_block.items():
        scores[int(name.removeprefix("block")), : len(values)] = values
    return scores


def random_scores(space: SearchSpace, rng: np.random.Generator) -> np.ndarray:
    return rng.random((len(space.blocks), space.max_candidates))


# Rules.


def test_the_lowest_overall_go_lowest_first() -> None:
    scores = scores_of(FIVE, block0=[3.0, 1.0, 5.0], block1=[2.0, 4.0])
    assert lowest_overall(FIVE, scores, 2) == [(0, 1), (1, 0)]


def test_the_last_operator_of_a_block_is_passed_over() -> None:
    scores = scores_of(FIVE, block0=[1.0, 2.0, 3.0], block1=[4.0, 5.0])
    # Block 0 would lose all three; blocks 2 to 4 have one operator each.
    assert lowest_overall(FIVE, scores, 3) == [(0, 0), (0, 1), (1, 0)]
    assert lowest_overall(FIVE, scores, 99) == [(0, 0), (0, 1), (1, 0)]


def test_of_equal_scores_the_first_goes() -> None:
    scores = scores_of(FIVE, block0=[1.0, 1.0, 1.0], block1=[1.0, 1.0])
    assert lowest_overall(FIVE, scores, 1) == [(0, 0)]
    assert lowest_overall(FIVE, scores, 3) == [(0, 0), (0, 1), (1, 0)]
    assert lowest_of_each_block(FIVE, scores) == [(0, 0), (1, 0)]


def test_operators_without_a_score_go_first() -> None:
    scores = scores_of(FIVE, block0=[0.5, NAN, NAN], block1=[0.1, 0.2])
    assert lowest_overall(FIVE, scores, 2) == [(0, 1), (0, 2)]
    assert lowest_of_each_block(FIVE, scores) == [(0, 1), (1, 0)]


def test_the_lowest_of_each_block_go_where_more_than_one_is_left() -> None:
    scores = scores_of(FIVE, block0=[3.0, 1.0, 5.0], block1=[2.0, 4.0])
    assert lowest_of_each_block(FIVE, scores) == [(0, 1), (1, 0)]
    assert lowest_of_each_block(FIVE, scores, 2) == [(0, 1), (0, 0), (1, 0)]


def test_what_is_not_active_cannot_go_whatever_its_score() -> None:
    scores = scores_of(FIVE, block2=[0.0, 0.0, 0.0, 9.0])
    assert (2, 0) not in lowest_overall(FIVE, scores, 99)


@pytest.mark.parametrize("rule", [lowest_overall, lowest_of_each_block])
def test_an_operator_that_is_needed_is_passed_over(rule: Any) -> None:
    scores = scores_of(FIVE, block0=[1.0, 2.0, 3.0], block1=[4.0, 5.0])

    def keeps_the_cheap(space: SearchSpace) -> bool:
        return 0 in space.active[0] and 0 in space.active[1]

    assert rule(FIVE, scores, 1, keeps_the_cheap)[0] == (0, 1)
    assert (0, 0) not in rule(FIVE, scores, 9, keeps_the_cheap)
    assert rule(FIVE, scores, 9, lambda space: False) == []


@hypothesis.given(
    small_spaces(),
    st.sampled_from([lowest_overall, lowest_of_each_block]),
    st.integers(0, 9),
    st.integers(0, 2**32),
)
def test_a_shrunk_space_is_a_subspace_with_something_at_every_block(
    space: SearchSpace, rule: Any, count: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    scores = random_scores(space, rng)
    scores[rng.random(scores.shape) < 0.2] = NAN
    dropped = rule(space, scores, count)
    assert len(set(dropped)) == len(dropped)
    assert set(dropped) <= set(space.operators)
    smaller = space.without(dropped)
    assert all(smaller.active)
    spare = [len(indices) - 1 for indices in space.active]
    if rule is lowest_overall:
        assert len(dropped) == min(count, sum(spare))
    else:
        assert len(dropped) == sum(min(count, each) for each in spare)


@hypothesis.given(st.integers(0, 2**32), st.integers(1, 30))
def test_no_operator_stays_that_is_lower_than_one_that_went(
    seed: int, count: int
) -> None:
    scores = random_scores(SPOS, np.random.default_rng(seed))
    dropped = lowest_overall(SPOS, scores, count)
    highest = max(scores[each] for each in dropped)
    smaller = SPOS.without(dropped)
    for block, index in smaller.operators:
        if scores[block, index] < highest:
            assert len(smaller.active[block]) == 1


# Stop points: ABS's, simulated with random scores.


def simulated(
    space: SearchSpace, schedule: ShrinkSchedule, seed: int = 0
) -> tuple[list[SearchSpace], list[int]]:
    """Returns the spaces from stage to stage, and where the base was reset."""
    rng = np.random.default_rng(seed)
    spaces, resets = [space], []
    while not schedule.is_done(spaces[-1], len(spaces) - 1):
        scores = random_scores(space, rng)
        smaller, dropped = schedule.shrink(spaces[-1], scores)
        num_gone = len(space.operators) - len(smaller.operators)
        if schedule.resets_base(num_gone, len(dropped)):
            resets.append(len(spaces) - 1)
        spaces.append(smaller)
    return spaces, resets


def test_the_published_spaces_have_the_published_sizes() -> None:
    assert SPOS.size == 7**15 * 6**6 == 221_502_229_807_900_608
    assert FAIRNAS.size == 6**19 == 609_359_740_010_496
    assert len(SPOS.operators) == 141


@pytest.mark.parametrize("seed", range(5))
def test_spos_stops_at_a_million_paths_within_20_stages(seed: int) -> None:
    spaces, resets = simulated(SPOS, ShrinkSchedule(), seed)
    assert [len(space.operators) for space in spaces] == [
        141 - 7 * stage for stage in range(len(spaces))
    ]
    assert len(spaces) - 1 <= 20 == (21 * 7 - 5 - 1) // 7
    assert spaces[-1].size <= 1_000_000 < spaces[-2].size
    # 8 * 7 = 56 is the first multiple of 7 above 50.
    assert resets == [7]


def test_fairnas_keeps_two_operators_a_block_after_four_stages() -> None:
    schedule = ShrinkSchedule(rule="each_block", drop_per_stage=1, max_stages=6)
    spaces, resets = simulated(FAIRNAS, schedule)
    assert [len(space.operators) for space in spaces] == [
        114, 95, 76, 57, 38,
    ]  # fmt: skip
    assert spaces[-1].size == 2**19 == 524_288
    # 3 * 19 = 57 is the first multiple of 19 above 50.
    assert resets == [2]


def test_a_space_of_the_size_of_darts_keeps_two_after_six_stages() -> None:
    ops = [MBConv(kernel, e) for kernel in (3, 5) for e in (1, 2, 3, 4)]
    space = chain(14, ops=ops)
    assert space.size == 8**14 == 4_398_046_511_104
    schedule = ShrinkSchedule(rule="each_block", drop_per_stage=1, max_stages=8)
    spaces, _ = simulated(space, schedule)
    assert len(spaces) - 1 == 6
    assert spaces[-1].size == 2**14


def test_a_space_that_resists_is_left_after_max_stages() -> None:
    spaces, _ = simulated(SPOS, ShrinkSchedule(max_stages=3))
    assert len(spaces) - 1 == 3


def test_a_space_ends_with_one_operator_a_block_at_the_latest() -> None:
    spaces, _ = simulated(FIVE, ShrinkSchedule(stop_size=1, drop_per_stage=2))
    assert [space.size for space in spaces] == [6, spaces[1].size, 1]


@pytest.mark.parametrize(
    ("drops", "stages"),
    [
        ([30, 30, 20], [1]),  # Once only, at 60: not again at 80.
        ([19, 19, 12, 12], [3]),  # By what is truly gone: 50 is not above 50.
        ([51], [0]),
        ([50], []),
        ([9, 9], []),
    ],
)
def test_the_base_is_reset_once_by_what_is_gone(
    drops: list[int], stages: list[int]
) -> None:
    schedule = ShrinkSchedule(reset_after=50)
    gone = np.cumsum(drops)
    assert stages == [
        stage
        for stage, dropped in enumerate(drops)
        if schedule.resets_base(int(gone[stage]), dropped)
    ]


# Settings.


def test_the_defaults_are_those_of_the_spos_space() -> None:
    schedule = ShrinkSchedule()
    assert schedule.rule == "overall"
    assert schedule.drop_per_stage == 7
    assert (schedule.first_epochs, schedule.other_epochs) == (100, 5)
    assert schedule.total_epochs == 250
    assert schedule.reset_after == 50


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("rule", "lowest", "`rule` must be one of overall, each_block, not"),
        ("drop_per_stage", 0, "`drop_per_stage` must be at least 1, not 0"),
        ("stop_size", 0, "`stop_size` must be at least 1"),
        ("max_stages", 0, "`max_stages` must be at least 1"),
        ("first_epochs", 0, "`first_epochs` must be at least 1"),
        ("other_epochs", -1, "`other_epochs` must be at least 1, not -1"),
        ("total_epochs", 0, "`total_epochs` must be at least 1"),
        ("reset_after", -1, "`reset_after` must be at least 0"),
    ],
)
def test_a_setting_without_sense_is_refused(
    name: str, value: Any, words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        ShrinkSchedule(**{name: value})
