"""Mapped rows answer like the array they stand for."""

import pathlib

import numpy as np
import pytest

from nse_tf.datasets.mapped_rows import MappedRows


@pytest.fixture
def rows(tmp_path: pathlib.Path) -> MappedRows:
    np.save(tmp_path / "a.npy", np.arange(24, dtype=np.uint8).reshape(6, 2, 2))
    source = np.load(tmp_path / "a.npy", mmap_mode="r")
    return MappedRows(source, np.array([5, 2, 0]))


def test_rows_look_like_the_chosen_array(rows: MappedRows) -> None:
    expected = np.arange(24, dtype=np.uint8).reshape(6, 2, 2)[[5, 2, 0]]
    assert rows.shape == (3, 2, 2)
    assert rows.dtype == np.uint8
    assert len(rows) == 3
    assert rows.nbytes == expected.nbytes == 12
    np.testing.assert_array_equal(np.asarray(rows), expected)
    np.testing.assert_array_equal(rows[1:], expected[1:])
    np.testing.assert_array_equal(rows[-1], expected[-1])
    np.testing.assert_array_equal(rows[np.array([2, 0])], expected[[2, 0]])


def test_what_is_read_is_a_plain_array_in_memory(rows: MappedRows) -> None:
    assert type(rows[:2]) is np.ndarray
    assert np.asarray(rows, np.float32).dtype == np.float32


def test_an_array_without_a_copy_is_refused(rows: MappedRows) -> None:
    with pytest.raises(ValueError, match="must be read"):
        np.asarray(rows, copy=False)
