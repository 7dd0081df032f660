"""A folder of photographs becomes three parts, whatever lies in it."""

import dataclasses
import logging
import os
import pathlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PIL import Image

from nse_tf.datasets import array_cache, decoding, folder
from nse_tf.datasets.decoding import Decoding
from nse_tf.datasets.folder import load_folder
from nse_tf.datasets.image_data import ImageSet
from nse_tf.datasets.mapped_rows import MappedRows
from nse_tf.datasets.read_options import ReadOptions

WriteImages = Callable[..., None]


@pytest.fixture
def write_images() -> WriteImages:
    """A function that fills a class folder with distinct plain images."""

    def write(
        folder: pathlib.Path,
        count: int,
        size: tuple[int, int] = (12, 12),
        mode: str = "RGB",
        suffix: str = ".png",
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        for index in range(count):
            gray = np.full(size[::-1], 10 * index + 5, np.uint8)
            image = Image.fromarray(gray).convert(mode)
            image.save(folder / f"{index:03d}{suffix}")

    return write


def gray_levels(image_set: ImageSet) -> list[int]:
    """The plain color by which `write_images` distinguishes images."""
    return sorted(np.asarray(image_set.images)[:, 0, 0, 0].tolist())


@pytest.fixture
def photos(tmp_path: pathlib.Path, write_images: WriteImages) -> pathlib.Path:
    """Unequal sizes, unequal classes, gray and color, three formats."""
    root = tmp_path / "photos"
    write_images(root / "owl", 20, size=(30, 20))
    write_images(root / "cat", 10, size=(16, 40), suffix=".bmp")
    write_images(root / "ant", 5, size=(24, 24), mode="L", suffix=".webp")
    return root


def test_every_image_lands_in_one_part_with_its_class_s_share(
    photos: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    data = load_folder(
        photos, ReadOptions(image_size=8, cache_dir=tmp_path / "cache")
    )
    assert data.name == "photos"
    assert data.class_names == ("ant", "cat", "owl")
    assert data.image_shape == (8, 8, 3)
    assert np.bincount(data.test.labels).tolist() == [1, 2, 4]
    assert np.bincount(data.validation.labels).tolist() == [1, 2, 3]
    assert np.bincount(data.train.labels).tolist() == [3, 6, 13]
    for label, count in enumerate((5, 10, 20)):
        levels = [
            level
            for part in (data.train, data.validation, data.test)
            for level in gray_levels(
                part.subset(np.flatnonzero(part.labels == label))
            )
        ]
        expected = 10 * np.arange(count) + 5
        np.testing.assert_allclose(sorted(levels), expected, atol=2)


def test_the_seed_moves_validation_rows_but_never_test_rows(
    photos: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    first, second, again = (
        load_folder(
            photos, ReadOptions(image_size=8, seed=seed, cache_dir=tmp_path)
        )
        for seed in (0, 1, 0)
    )
    assert gray_levels(first.test) == gray_levels(second.test)
    assert gray_levels(first.validation) != gray_levels(second.validation)
    assert first.fingerprint() == again.fingerprint()


def test_second_load_decodes_nothing_until_a_file_changes(
    photos: pathlib.Path,
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cache = tmp_path / "cache"
    first = load_folder(photos, ReadOptions(image_size=8, cache_dir=cache))
    with monkeypatch.context() as patched:
        patched.delattr(folder, "read_image")
        second = load_folder(photos, ReadOptions(image_size=8, cache_dir=cache))
    assert second.fingerprint() == first.fingerprint()
    (photos / "cat" / "003.bmp").unlink()
    third = load_folder(photos, ReadOptions(image_size=8, cache_dir=cache))
    assert third.fingerprint() != first.fingerprint()
    assert len(list(cache.iterdir())) == 2


def test_a_renamed_class_is_the_same_data_while_the_order_stays(
    photos: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    options = ReadOptions(image_size=8, cache_dir=tmp_path / "cache")
    first = load_folder(photos, options)
    (photos / first.class_names[0]).rename(photos / "aa")
    renamed = load_folder(photos, options)
    assert renamed.class_names == ("aa", *first.class_names[1:])
    assert renamed.fingerprint() == first.fingerprint()
    (photos / "aa").rename(photos / "zz")  # Now it is another label.
    assert load_folder(photos, options).fingerprint() != first.fingerprint()


def test_a_large_folder_is_mapped_and_equal(
    photos: pathlib.Path,
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    read = load_folder(photos, ReadOptions(image_size=8, cache_dir=tmp_path))
    monkeypatch.setattr(array_cache, "MAPPED_FROM_BYTES", 10)
    mapped = load_folder(photos, ReadOptions(image_size=8, cache_dir=tmp_path))
    assert isinstance(mapped.train.images, MappedRows)
    assert mapped.fingerprint() == read.fingerprint()


def test_unreadable_files_are_named_counted_and_skipped(
    photos: pathlib.Path,
    tmp_path: pathlib.Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    (photos / "owl" / "bad.jpg").write_bytes(b"this is no photograph")
    whole = (photos / "owl" / "000.png").read_bytes()
    (photos / "owl" / "cut.png").write_bytes(whole[: len(whole) // 2])
    for _ in ("decoded", "cached"):
        caplog.clear()
        with caplog.at_level(logging.WARNING):
            data = load_folder(
                photos, ReadOptions(cache_dir=tmp_path / "cache")
            )
        assert data.unreadable == ("owl/bad.jpg", "owl/cut.png")
        assert "Skipped 2 of 37 images" in caplog.text
        assert "owl/bad.jpg, owl/cut.png" in caplog.text
        parts = (data.train, data.validation, data.test)
        assert sum(map(len, parts)) == 35


def test_without_numbers_size_and_channels_follow_the_images(
    photos: pathlib.Path, tmp_path: pathlib.Path, write_images: WriteImages
) -> None:
    # Shorter sides: 20 of 20, 10 of 16, 5 of 24 pixels.
    data = load_folder(photos, ReadOptions(cache_dir=tmp_path))
    assert data.image_shape == (20, 20, 3)
    assert data.augmentation == "small_images"
    scans = tmp_path / "scans"
    for name in ("a", "b"):
        write_images(scans / name, 4, size=(120, 130), mode="L")
    data = load_folder(scans, ReadOptions(cache_dir=tmp_path))
    assert data.image_shape == (96, 96, 1)
    assert data.augmentation == "digits"


def test_an_explicit_number_of_channels_wins(
    photos: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    data = load_folder(photos, ReadOptions(channels=1, cache_dir=tmp_path))
    assert data.image_shape == (20, 20, 1)


def test_named_parts_are_kept_as_they_are(
    tmp_path: pathlib.Path, write_images: WriteImages
) -> None:
    for part, count in (("train", 4), ("val", 1), ("test", 2)):
        for name in ("a", "b"):
            write_images(tmp_path / "x" / part / name, count)
    data = load_folder(
        tmp_path / "x", ReadOptions(cache_dir=tmp_path / "cache")
    )
    counts = (len(data.train), len(data.validation), len(data.test))
    assert counts == (8, 2, 4)


def test_validation_comes_from_train_where_only_test_is_named(
    tmp_path: pathlib.Path, write_images: WriteImages
) -> None:
    for part, count in (("train", 10), ("test", 3)):
        for name in ("a", "b"):
            write_images(tmp_path / "x" / part / name, count)
    data = load_folder(
        tmp_path / "x",
        ReadOptions(validation_fraction=0.3, cache_dir=tmp_path / "cache"),
    )
    counts = (len(data.train), len(data.validation), len(data.test))
    assert counts == (14, 6, 6)


@pytest.mark.parametrize("count", [0, 1, 2])
def test_a_class_too_small_to_split_is_refused_by_name(
    photos: pathlib.Path,
    tmp_path: pathlib.Path,
    write_images: WriteImages,
    count: int,
) -> None:
    write_images(photos / "yak", count)
    with pytest.raises(
        ValueError, match=rf"Class 'yak' .* has {count} readable images?, but"
    ):
        load_folder(photos, ReadOptions(cache_dir=tmp_path / "cache"))
    assert not (tmp_path / "cache").exists()


def test_unreadable_files_do_not_count_towards_a_class(
    photos: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    for index in range(5):
        (photos / "ant" / f"{index:03d}.webp").write_bytes(b"no")
    with pytest.raises(ValueError, match=r"Class 'ant' .* has 0 readable"):
        load_folder(photos, ReadOptions(cache_dir=tmp_path))


def test_a_folder_of_nothing_but_damage_is_refused(
    tmp_path: pathlib.Path,
) -> None:
    for name in ("a", "b"):
        (tmp_path / "x" / name).mkdir(parents=True)
        for index in range(3):
            (tmp_path / "x" / name / f"{index}.jpg").write_bytes(b"no")
    with pytest.raises(ValueError, match=r"Class 'a' .* has 0 readable"):
        load_folder(tmp_path / "x", ReadOptions(cache_dir=tmp_path / "cache"))


def test_a_class_that_a_part_lacks_images_of_is_refused(
    tmp_path: pathlib.Path, write_images: WriteImages
) -> None:
    for name in ("a", "b"):
        write_images(tmp_path / "x" / "train" / name, 3)
        write_images(tmp_path / "x" / "test" / name, 2 * (name == "a"))
    with pytest.raises(ValueError, match=r"'b' .* 0 readable images in test/"):
        load_folder(tmp_path / "x", ReadOptions(cache_dir=tmp_path / "cache"))


def test_a_file_that_could_not_be_read_is_tried_again(
    photos: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    options = ReadOptions(image_size=8, cache_dir=tmp_path / "cache")
    path = photos / "owl" / "000.png"
    whole, status = path.read_bytes(), path.stat()
    path.write_bytes(whole[: len(whole) // 2].ljust(len(whole), b"x"))
    # The same size and the same time, so that only its bytes tell.
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert load_folder(photos, options).unreadable == ("owl/000.png",)
    path.write_bytes(whole)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert load_folder(photos, options).unreadable == ()


def test_a_passing_error_is_not_remembered(
    photos: pathlib.Path,
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    options = ReadOptions(image_size=8, cache_dir=tmp_path / "cache")
    read = decoding.read_image

    def denied(path: pathlib.Path, how: Decoding) -> Any:
        if path.name == "003.bmp":
            raise PermissionError(13, "Permission denied", str(path))
        return read(path, how)

    with monkeypatch.context() as patched:
        patched.setattr(folder, "read_image", denied)
        first = load_folder(photos, options)
    assert first.unreadable == ("cat/003.bmp",)
    assert load_folder(photos, options).unreadable == ()
    # A survey that is damaged is made again, with the images.
    for kept in (tmp_path / "cache").glob("*/survey.json"):
        kept.write_text("{")
    again = load_folder(photos, options)
    assert len(again.train) == len(load_folder(photos, options).train)


def test_sizes_crops_grays_and_lost_files_are_told(
    photos: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    deep = np.full((24, 24), 300, np.uint16)
    deep[0] = 900
    Image.fromarray(deep).save(photos / "ant" / "deep.png")
    (photos / "ant" / "notes.txt").touch()
    for _ in ("decoded", "cached"):
        data = load_folder(
            photos, ReadOptions(image_size=8, cache_dir=tmp_path / "cache")
        )
        assert data.notes == (
            "Images have 16x20 to 30x40 pixels (width x height); all become "
            "8x8, and the margins of 30 that are not square are cut off "
            "(--padding).",
            "Grays of more than 8 bits go from 300 to 900, which become black "
            "and white.",
            "1 other files are not used (.txt is no image: 1).",
        )
    padded = load_folder(
        photos,
        ReadOptions(image_size=8, padding="pad", cache_dir=tmp_path / "cache"),
    )
    assert "30 that are not square get black margins" in padded.notes[0]
    assert padded.fingerprint() != data.fingerprint()


def test_images_too_large_are_named_with_the_way_out(
    photos: pathlib.Path,
    tmp_path: pathlib.Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    Image.new("L", (100, 90)).save(photos / "owl" / "huge.png")
    options = ReadOptions(
        image_size=8, cache_dir=tmp_path, max_megapixels=0.005
    )
    data = load_folder(photos, options)
    assert data.unreadable == ("owl/huge.png",)
    assert "--max_megapixels" in caplog.text
    allowed = dataclasses.replace(options, max_megapixels=0.01)
    assert load_folder(photos, allowed).unreadable == ()
