"""What was decoded once is read back exactly, and never half written."""

import os
import pathlib

import numpy as np
import pytest

from nse_tf.datasets import array_cache
from nse_tf.datasets.array_cache import Rows, Shape

IMAGES = np.arange(24, dtype=np.uint8).reshape(3, 2, 2, 2)


def decode() -> tuple[Shape, Rows]:
    return (3, 2, 2, 2), [(IMAGES[0], 4), (None, 5), (IMAGES[2], 6)]


def never() -> tuple[Shape, Rows]:
    raise AssertionError("This should have come from the cache.")


def test_second_load_reads_what_the_first_decoded(
    tmp_path: pathlib.Path,
) -> None:
    entry = tmp_path / "cache" / "entry"
    array_cache.load_or_decode(entry, decode)
    images, labels = array_cache.load_or_decode(entry, never)
    assert images.dtype == np.uint8
    assert type(images) is np.ndarray
    np.testing.assert_array_equal(images[[0, 2]], IMAGES[[0, 2]])
    assert labels.tolist() == [4, array_cache.UNREADABLE, 6]
    assert labels.dtype == np.int32


def test_large_files_are_mapped_read_only(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(array_cache, "MAPPED_FROM_BYTES", 10)
    images, _ = array_cache.load_or_decode(tmp_path / "entry", decode)
    assert isinstance(images, np.memmap)
    assert not images.flags.writeable
    np.testing.assert_array_equal(images[2], IMAGES[2])


def test_a_failure_midway_leaves_nothing(tmp_path: pathlib.Path) -> None:
    def failing() -> tuple[Shape, Rows]:
        def rows() -> Rows:
            yield IMAGES[0], 0
            raise RuntimeError("The disk came loose.")

        return (3, 2, 2, 2), rows()

    with pytest.raises(RuntimeError, match="came loose"):
        array_cache.load_or_decode(tmp_path / "entry", failing)
    assert list(tmp_path.iterdir()) == []


def test_too_few_images_are_refused(tmp_path: pathlib.Path) -> None:
    with pytest.raises(ValueError, match="Expected 3 images, but 1 came"):
        array_cache.load_or_decode(
            tmp_path / "entry", lambda: ((3, 2, 2, 2), [(IMAGES[0], 0)])
        )
    assert list(tmp_path.iterdir()) == []


def test_an_image_of_another_shape_is_refused(tmp_path: pathlib.Path) -> None:
    with pytest.raises(ValueError, match="give `image_size`"):
        array_cache.load_or_decode(
            tmp_path / "entry", lambda: ((1, 4, 4, 2), [(IMAGES[0], 0)])
        )


def test_of_two_processes_the_first_to_finish_is_believed(
    tmp_path: pathlib.Path,
) -> None:
    entry = tmp_path / "entry"

    def overtaken() -> tuple[Shape, Rows]:
        array_cache.load_or_decode(entry, decode)
        return (1, 2, 2, 2), [(IMAGES[1], 9)]

    _, labels = array_cache.load_or_decode(entry, overtaken)
    assert labels.tolist() == [4, -1, 6]
    assert [path.name for path in tmp_path.iterdir()] == ["entry"]


def test_key_changes_with_files_and_settings_but_not_with_the_folder(
    tmp_path: pathlib.Path,
) -> None:
    root = tmp_path / "here"
    root.mkdir()
    path = root / "a"
    path.write_bytes(b"one")
    os.utime(path, ns=(1, 1))
    keys = [array_cache.files_key(root, [path], 8)]
    keys.append(array_cache.files_key(root, [path], 9))
    path.write_bytes(b"longer")
    os.utime(path, ns=(1, 1))
    keys.append(array_cache.files_key(root, [path], 8))
    os.utime(path, ns=(1, 2))
    keys.append(array_cache.files_key(root, [path], 8))
    renamed = path.rename(root / "b")
    keys.append(array_cache.files_key(root, [renamed], 8))
    assert len(set(keys)) == 5
    moved = root.rename(tmp_path / "there")
    assert array_cache.files_key(moved, [moved / "b"], 8) == keys[-1]


def test_default_folder_follows_the_user_s_cache_home(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere")
    folder = array_cache.default_cache_dir()
    assert folder == pathlib.Path("/somewhere/nse_tf/datasets")
    monkeypatch.delenv("XDG_CACHE_HOME")
    folder = array_cache.default_cache_dir()
    assert folder == pathlib.Path.home() / ".cache/nse_tf/datasets"
