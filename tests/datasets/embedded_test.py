"""The digits that ship with the package never change."""

import hashlib
import importlib.resources
import pathlib
import runpy

import numpy as np
import numpy.typing as npt
import pytest

from nse_tf.datasets import embedded
from nse_tf.datasets.read_options import ReadOptions

FILE = importlib.resources.files("nse_tf.datasets") / "digits.npz"


def digest(*arrays: npt.NDArray[np.uint8]) -> str:
    return hashlib.sha256(b"".join(a.tobytes() for a in arrays)).hexdigest()


def test_arrays_of_the_file_are_the_ones_that_were_published() -> None:
    with FILE.open("rb") as file, np.load(file) as arrays:
        images, labels = arrays["images"], arrays["labels"]
    assert images.shape == (1797, 8, 8)
    assert images.dtype == labels.dtype == np.uint8
    assert digest(images, labels) == (
        "b2a32da6e7b93df38991173f03dafd7a60a52b39e1ffd6d49163e416820019d9"
    )


@pytest.mark.parametrize("seed", [0, 1])
def test_the_same_360_rows_are_the_test_part_for_ever(seed: int) -> None:
    test = embedded.load_digits(
        ReadOptions(seed=seed, validation_fraction=0.3)
    ).test
    assert np.bincount(test.labels).tolist() == [36] * 10
    pixels = np.asarray(test.images)
    assert digest(pixels, test.labels.astype(np.uint8)) == (
        "73dd59b78ac18cb48c6931d2338745f4ba2e2b5c86aa6ef11fa64ed65762bef7"
    )


def test_the_file_can_be_made_again_byte_for_byte(
    tmp_path: pathlib.Path,
) -> None:
    tool = pathlib.Path(__file__).parents[2] / "tools" / "make_digits.py"
    runpy.run_path(str(tool))["main"](tmp_path / "again.npz")
    assert (tmp_path / "again.npz").read_bytes() == FILE.read_bytes()


def test_the_other_1437_rows_are_split_by_seed() -> None:
    data = embedded.load_digits(ReadOptions())
    assert data.image_shape == (8, 8, 1)
    assert (len(data.train), len(data.validation)) == (1150, 287)
    assert data.class_names == tuple("0123456789")
    assert data.augmentation == "digits"
    again, other = (
        embedded.load_digits(ReadOptions()),
        embedded.load_digits(ReadOptions(seed=1)),
    )
    assert again.fingerprint() == data.fingerprint() != other.fingerprint()


def test_no_test_image_is_also_trained_on() -> None:
    data = embedded.load_digits(ReadOptions())

    def scans(part: str) -> set[bytes]:
        return {image.tobytes() for image in getattr(data, part).images}

    assert not scans("test") & (scans("train") | scans("validation"))
    assert not scans("validation") & scans("train")


def test_digits_can_be_enlarged_and_colored() -> None:
    small = embedded.load_digits(ReadOptions())
    large = embedded.load_digits(ReadOptions(image_size=16, channels=3))
    assert large.image_shape == (16, 16, 3)
    pixels = np.asarray(large.train.images)
    np.testing.assert_array_equal(pixels[..., 0], pixels[..., 2])
    means = pixels.mean((1, 2, 3))
    original = np.asarray(small.train.images).mean((1, 2, 3))
    np.testing.assert_allclose(means, original, atol=4)


def test_the_attribution_ships_beside_the_file() -> None:
    folder = importlib.resources.files("nse_tf.datasets")
    text = (folder / "digits.md").read_text()
    assert "10.24432/C50P49" in text
    assert "CC BY" in text
