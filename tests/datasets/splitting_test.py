"""Splits are exact by seed and leave no class without rows."""

import hypothesis
import numpy as np
import pytest
from hypothesis import strategies

from nse_tf.datasets import splitting


@hypothesis.given(
    counts=strategies.lists(strategies.integers(2, 30), min_size=1, max_size=6),
    fraction=strategies.floats(0.01, 0.99),
    seed=strategies.integers(0, 2**31 - 1),
)
def test_every_class_keeps_its_share_in_both_parts(
    counts: list[int], fraction: float, seed: int
) -> None:
    labels = np.repeat(np.arange(len(counts)), counts)
    np.random.default_rng(seed).shuffle(labels)
    train, validation = splitting.split_off_validation(labels, fraction, seed)
    everything = np.sort(np.concatenate([train, validation]))
    assert everything.tolist() == list(range(len(labels)))
    for label, count in enumerate(counts):
        num_off = np.count_nonzero(labels[validation] == label)
        assert 1 <= num_off <= count - 1
        assert abs(num_off - fraction * count) <= 1


def test_ten_of_fifty_go_at_a_fifth() -> None:
    labels = np.tile(np.arange(5), 50)
    train, validation = splitting.split_off_validation(labels, 0.2, 0)
    assert np.bincount(labels[validation]).tolist() == [10] * 5
    assert np.bincount(labels[train]).tolist() == [40] * 5


def test_the_seed_decides_and_zero_is_one() -> None:
    labels = np.tile(np.arange(3), 40)

    def validation(seed: int) -> list[int]:
        _, rows = splitting.split_off_validation(labels, 0.25, seed)
        return list(rows)

    assert validation(0) == validation(0)
    assert len({tuple(validation(seed)) for seed in range(5)}) == 5


def test_a_class_is_split_the_same_whatever_the_others_are() -> None:
    few, many = np.array([0] * 20 + [1] * 4), np.array([0] * 20 + [1] * 9)
    _, first = splitting.split_off_validation(few, 0.3, 7)
    _, second = splitting.split_off_validation(many, 0.3, 7)
    assert first[first < 20].tolist() == second[second < 20].tolist()


def test_a_class_of_one_image_is_refused_by_name() -> None:
    labels = np.array([0, 0, 1])
    with pytest.raises(ValueError, match="Class 1 has one image"):
        splitting.split_off_validation(labels, 0.2, 0)
    with pytest.raises(ValueError, match="Class 'owl' has one image"):
        splitting.split_off_validation(labels, 0.2, 0, ("cat", "owl"))


@pytest.mark.parametrize("fraction", [0.0, 1.0, -0.5, float("nan")])
def test_a_fraction_that_empties_a_part_is_refused(fraction: float) -> None:
    with pytest.raises(ValueError, match="`fraction` must lie between"):
        splitting.split_off_validation(np.array([0, 0]), fraction, 0)


def test_a_negative_seed_is_refused() -> None:
    with pytest.raises(ValueError, match="`seed` must not be negative"):
        splitting.split_off_validation(np.array([0, 0]), 0.5, -1)


def test_the_test_part_is_a_fifth_of_each_class() -> None:
    labels = np.repeat(np.arange(2), [10, 25])
    rest, test = splitting.split_off_test(labels)
    assert np.bincount(labels[test]).tolist() == [2, 5]
    assert np.bincount(labels[rest]).tolist() == [8, 20]
