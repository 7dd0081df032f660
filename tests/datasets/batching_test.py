"""Batches cover an epoch, in an order that seed and epoch decide."""

import hypothesis
import numpy as np
import pytest
from hypothesis import strategies

from nse_tf.datasets import batching
from nse_tf.datasets.image_data import ImageSet


def numbered(count: int) -> ImageSet:
    """Images whose label and only pixel are their row."""
    rows = np.arange(count)
    return ImageSet(
        rows.astype(np.uint8).reshape(-1, 1, 1, 1), rows.astype(np.int32)
    )


def epoch_rows(count: int, batch_size: int, **options: int) -> list[list[int]]:
    given = {"seed": 0, "epoch": 0, **options}
    batches = batching.epoch_batches(numbered(count), batch_size, **given)  # type: ignore[arg-type]
    return [labels.tolist() for _, labels in batches]


@hypothesis.given(
    count=strategies.integers(1, 60),
    batch_size=strategies.integers(1, 70),
    seed=strategies.integers(0, 99),
    epoch=strategies.integers(0, 99),
    drop_last=strategies.booleans(),
)
def test_no_row_comes_twice_and_only_a_remainder_is_left_out(
    count: int, batch_size: int, seed: int, epoch: int, drop_last: bool
) -> None:
    batches = epoch_rows(
        count, batch_size, seed=seed, epoch=epoch, drop_last=drop_last
    )
    rows = [row for batch in batches for row in batch]
    assert len(batches) == batching.num_batches(count, batch_size, drop_last)
    assert len(rows) == len(set(rows))
    if drop_last and count >= batch_size:
        assert {len(batch) for batch in batches} == {batch_size}
        assert len(rows) == count - count % batch_size
    else:
        assert sorted(rows) == list(range(count))


def test_number_of_batches_by_hand() -> None:
    assert batching.num_batches(10, 4, drop_last=True) == 2
    assert batching.num_batches(10, 4, drop_last=False) == 3
    assert batching.num_batches(3, 4, drop_last=True) == 1
    assert batching.num_batches(0, 4, drop_last=True) == 0


def test_images_stay_with_their_labels() -> None:
    batches = batching.epoch_batches(numbered(20), 6, seed=3, epoch=2)
    for images, labels in batches:
        assert images.dtype == np.uint8
        assert images.ravel().tolist() == labels.tolist()


def test_order_is_exact_by_seed_and_epoch() -> None:
    orders = {
        (seed, epoch): str(epoch_rows(30, 5, seed=seed, epoch=epoch))
        for seed in range(4)
        for epoch in range(4)
    }
    assert len(set(orders.values())) == 16
    expected = np.random.default_rng([3, 2]).permutation(30)
    assert orders[3, 2] == str(expected.reshape(6, 5).tolist())


def test_without_shuffling_rows_come_as_they_lie() -> None:
    rows = epoch_rows(7, 3, shuffle=False, drop_last=False)
    assert rows == [[0, 1, 2], [3, 4, 5], [6]]


def test_bad_numbers_are_refused_at_the_call() -> None:
    with pytest.raises(ValueError, match="`batch_size` must be positive"):
        batching.epoch_batches(numbered(3), 0, seed=0, epoch=0)
    with pytest.raises(ValueError, match="must not be negative, but are -1"):
        batching.epoch_batches(numbered(3), 2, seed=-1, epoch=0)
    with pytest.raises(ValueError, match="are 0 and -2"):
        batching.epoch_batches(numbered(3), 2, seed=0, epoch=-2)


def test_balanced_epochs_have_all_classes_equally_often() -> None:
    labels = np.array([0] * 30 + [2] * 7 + [3] * 3, np.int32)
    images = np.arange(40, dtype=np.uint8).reshape(-1, 1, 1, 1)
    image_set = ImageSet(images, labels)
    epochs = []
    for epoch in (0, 1, 0):
        batches = batching.epoch_batches(
            image_set, 8, seed=3, epoch=epoch, balanced=True
        )
        pixels, drawn = map(np.concatenate, zip(*batches, strict=True))
        rows = pixels.ravel()
        np.testing.assert_array_equal(labels[rows], drawn)
        # 40 rows of three classes: 13, 13 and 14.
        assert sorted(np.bincount(drawn)[[0, 2, 3]]) == [13, 13, 14]
        for label in (0, 2, 3):
            times = np.bincount(rows, minlength=40)[labels == label]
            assert np.ptp(times) <= 1
        epochs.append(rows.tolist())
    assert epochs[0] == epochs[2] != epochs[1]
