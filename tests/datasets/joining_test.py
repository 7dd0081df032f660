import pathlib

import numpy as np

from nse_tf.datasets import ImageSet, joined
from nse_tf.datasets.mapped_rows import MappedRows


def part(first: int, count: int) -> ImageSet:
    rows = np.arange(first, first + count)
    images = np.tile(rows[:, None, None, None], (1, 2, 2, 1)).astype(np.uint8)
    return ImageSet(images, rows.astype(np.int32))


def test_the_first_part_comes_before_the_second() -> None:
    both = joined(part(0, 3), part(7, 2))
    assert both.labels.tolist() == [0, 1, 2, 7, 8]
    assert np.asarray(both.images)[:, 1, 1, 0].tolist() == [0, 1, 2, 7, 8]


def test_parts_of_one_mapped_file_stay_mapped(tmp_path: pathlib.Path) -> None:
    whole = part(0, 6)
    np.save(tmp_path / "images.npy", whole.images)
    mapped = ImageSet(
        np.load(tmp_path / "images.npy", mmap_mode="r"), whole.labels
    )
    both = joined(
        mapped.subset(np.array([4, 1])), mapped.subset(np.array([0, 5]))
    )
    assert isinstance(both.images, MappedRows)
    assert both.labels.tolist() == [4, 1, 0, 5]
    assert both.images[:][:, 0, 0, 0].tolist() == [4, 1, 0, 5]


def test_a_mapped_part_and_one_in_memory_are_copied(
    tmp_path: pathlib.Path,
) -> None:
    whole = part(0, 4)
    np.save(tmp_path / "images.npy", whole.images)
    mapped = ImageSet(
        np.load(tmp_path / "images.npy", mmap_mode="r"), whole.labels
    ).subset(np.array([2, 3]))
    both = joined(mapped, part(9, 1))
    assert isinstance(both.images, np.ndarray)
    assert both.images[:, 0, 0, 0].tolist() == [2, 3, 9]
