"""Images of every kind come out upright, square and in 8 bits."""

import pathlib

import numpy as np
import pytest
from PIL import Image

from nse_tf.datasets import decoding


def save(path: pathlib.Path, pixels: object, mode: str | None = None) -> None:
    image = Image.fromarray(np.asarray(pixels))
    (image.convert(mode) if mode else image).save(path)


def test_shorter_side_is_resized_and_the_middle_kept() -> None:
    # Four squares of 8: only the two in the middle are seen.
    strip = np.repeat(np.array([0, 100, 200, 255], np.uint8), 8)
    image = Image.fromarray(np.tile(strip, (16, 1)))
    pixels = decoding.fit(image, (4, 4, 1))
    assert pixels.shape == (4, 4, 1)
    assert pixels[0, 0, 0] < 110
    assert pixels[0, -1, 0] > 190
    np.testing.assert_allclose(pixels.mean(), 150, atol=4)


def test_shrinking_is_antialiased() -> None:
    checkers = (np.indices((64, 64)).sum(0) % 2 * 255).astype(np.uint8)
    pixels = decoding.fit(Image.fromarray(checkers), (8, 8, 1))
    np.testing.assert_allclose(pixels, 127, atol=12)


def test_an_image_of_the_right_shape_is_untouched() -> None:
    rng = np.random.default_rng(0)
    for shape in ((6, 6, 3), (5, 7, 1)):
        pixels = rng.integers(0, 256, shape, np.uint8)
        np.testing.assert_array_equal(decoding.fit_array(pixels, shape), pixels)


def test_gray_repeats_to_color_and_color_mixes_to_gray() -> None:
    gray = np.full((4, 4, 1), 77, np.uint8)
    assert (decoding.fit_array(gray, (4, 4, 3)) == 77).all()
    red = np.zeros((4, 4, 3), np.uint8)
    red[..., 0] = 255
    # ITU-R 601: 0.299 of 255.
    assert (decoding.fit_array(red, (4, 4, 1)) == 76).all()


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
@pytest.mark.parametrize("size", [4, 8])
def test_what_is_transparent_becomes_white(
    tmp_path: pathlib.Path, mode: str, size: int
) -> None:
    pixels = np.zeros((8, 8, 4), np.uint8)
    pixels[:, 4:, 3] = 255
    save(tmp_path / "a.png", pixels, mode)
    seen = decoding.read_image(tmp_path / "a.png", (size, size, 3))
    assert (seen[:, 0] == 255).all()
    assert (seen[:, -1] == 0).all()


def test_sixteen_bits_are_scaled_not_clipped(tmp_path: pathlib.Path) -> None:
    save(tmp_path / "a.png", np.full((4, 4), 128 * 256, np.uint16))
    assert (decoding.read_image(tmp_path / "a.png", (4, 4, 1)) == 128).all()
    with Image.open(tmp_path / "a.png") as image:
        assert decoding.is_gray(image)


def test_exif_orientation_is_obeyed(tmp_path: pathlib.Path) -> None:
    pixels = np.zeros((8, 8), np.uint8)
    pixels[0] = 255
    image = Image.fromarray(pixels)
    exif = image.getexif()
    exif[0x0112] = 3  # Upside down.
    image.save(tmp_path / "a.png", exif=exif)
    seen = decoding.read_image(tmp_path / "a.png", (8, 8, 1))[..., 0]
    np.testing.assert_array_equal(seen, pixels[::-1, ::-1])


@pytest.mark.parametrize("suffix", sorted(decoding.SUFFIXES))
def test_every_promised_format_is_read(
    tmp_path: pathlib.Path, suffix: str
) -> None:
    path = tmp_path / f"a{suffix}"
    Image.new("RGB", (40, 30), (200, 100, 50)).save(path)
    seen = decoding.read_image(path, (8, 8, 3))
    np.testing.assert_allclose(seen[4, 4], (200, 100, 50), atol=6)


def test_of_a_moving_gif_the_first_frame_is_read(
    tmp_path: pathlib.Path,
) -> None:
    frames = [Image.new("L", (4, 4), gray) for gray in (10, 200)]
    path = tmp_path / "a.gif"
    frames[0].save(path, save_all=True, append_images=frames[1:])
    assert (decoding.read_image(path, (4, 4, 1)) == 10).all()


def test_a_large_photograph_looks_the_same_through_the_fast_decoder(
    tmp_path: pathlib.Path,
) -> None:
    y, x = np.mgrid[:480, :640]
    pixels = np.stack([x % 256, y % 256, (x + y) % 256], -1).astype(np.uint8)
    save(tmp_path / "a.jpg", pixels)
    fast = decoding.read_image(tmp_path / "a.jpg", (24, 24, 3)).astype(int)
    with Image.open(tmp_path / "a.jpg") as image:
        whole = decoding.fit(image, (24, 24, 3)).astype(int)
    assert abs(fast - whole).mean() < 3
