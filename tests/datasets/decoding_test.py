"""Images of every kind come out upright, square and in 8 bits."""

import pathlib
from typing import Any

import numpy as np
import pytest
from PIL import Image

from nse_tf.datasets import decoding


def into(*shape: int, **how: Any) -> decoding.Decoding:
    """Returns what makes images of a shape."""
    height, width, channels = shape
    return decoding.Decoding(shape=(height, width, channels), **how)


def save(path: pathlib.Path, pixels: object, mode: str | None = None) -> None:
    image = Image.fromarray(np.asarray(pixels))
    (image.convert(mode) if mode else image).save(path)


def test_shorter_side_is_resized_and_the_middle_kept() -> None:
    # Four squares of 8: only the two in the middle are seen.
    strip = np.repeat(np.array([0, 100, 200, 255], np.uint8), 8)
    image = Image.fromarray(np.tile(strip, (16, 1)))
    pixels = decoding.fit(image, into(4, 4, 1))
    assert pixels.shape == (4, 4, 1)
    assert pixels[0, 0, 0] < 110
    assert pixels[0, -1, 0] > 190
    np.testing.assert_allclose(pixels.mean(), 150, atol=4)


def test_shrinking_is_antialiased() -> None:
    checkers = (np.indices((64, 64)).sum(0) % 2 * 255).astype(np.uint8)
    pixels = decoding.fit(Image.fromarray(checkers), into(8, 8, 1))
    np.testing.assert_allclose(pixels, 127, atol=12)


def test_an_image_of_the_right_shape_is_untouched() -> None:
    rng = np.random.default_rng(0)
    for shape in ((6, 6, 3), (5, 7, 1)):
        pixels = rng.integers(0, 256, shape, np.uint8)
        np.testing.assert_array_equal(
            decoding.fit_array(pixels, into(*shape)), pixels
        )


def test_gray_repeats_to_color_and_color_mixes_to_gray() -> None:
    gray = np.full((4, 4, 1), 77, np.uint8)
    assert (decoding.fit_array(gray, into(4, 4, 3)) == 77).all()
    red = np.zeros((4, 4, 3), np.uint8)
    red[..., 0] = 255
    # ITU-R 601: 0.299 of 255.
    assert (decoding.fit_array(red, into(4, 4, 1)) == 76).all()


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
@pytest.mark.parametrize("size", [4, 8])
def test_what_is_transparent_becomes_white(
    tmp_path: pathlib.Path, mode: str, size: int
) -> None:
    pixels = np.zeros((8, 8, 4), np.uint8)
    pixels[:, 4:, 3] = 255
    save(tmp_path / "a.png", pixels, mode)
    seen = decoding.read_image(tmp_path / "a.png", into(size, size, 3))
    assert (seen[:, 0] == 255).all()
    assert (seen[:, -1] == 0).all()


def test_sixteen_bits_are_scaled_not_clipped(tmp_path: pathlib.Path) -> None:
    save(tmp_path / "a.png", np.full((4, 4), 128 * 256, np.uint16))
    assert (decoding.read_image(tmp_path / "a.png", into(4, 4, 1)) == 128).all()
    with Image.open(tmp_path / "a.png") as image:
        assert decoding.is_gray(image)


def test_exif_orientation_is_obeyed(tmp_path: pathlib.Path) -> None:
    pixels = np.zeros((8, 8), np.uint8)
    pixels[0] = 255
    image = Image.fromarray(pixels)
    exif = image.getexif()
    exif[0x0112] = 3  # Upside down.
    image.save(tmp_path / "a.png", exif=exif)
    seen = decoding.read_image(tmp_path / "a.png", into(8, 8, 1))[..., 0]
    np.testing.assert_array_equal(seen, pixels[::-1, ::-1])


# Formats of Pillow without color, or with one bit.
NO_COLOR = {".pgm"}


@pytest.mark.parametrize("suffix", sorted(decoding.readable_suffixes()))
def test_every_promised_format_is_read(
    tmp_path: pathlib.Path, suffix: str
) -> None:
    path = tmp_path / f"a{suffix}"
    color = (120, 120, 120) if suffix in NO_COLOR else (200, 100, 50)
    image = Image.new("RGB", (40, 30), color)
    image.convert("L" if suffix in NO_COLOR else "RGB").save(path)
    seen = decoding.read_image(path, into(8, 8, 3))
    np.testing.assert_allclose(seen[4, 4], color, atol=6)


def test_of_a_moving_gif_the_first_frame_is_read(
    tmp_path: pathlib.Path,
) -> None:
    frames = [Image.new("L", (4, 4), gray) for gray in (10, 200)]
    path = tmp_path / "a.gif"
    frames[0].save(path, save_all=True, append_images=frames[1:])
    assert (decoding.read_image(path, into(4, 4, 1)) == 10).all()


def test_a_large_photograph_looks_the_same_through_the_fast_decoder(
    tmp_path: pathlib.Path,
) -> None:
    y, x = np.mgrid[:480, :640]
    pixels = np.stack([x % 256, y % 256, (x + y) % 256], -1).astype(np.uint8)
    save(tmp_path / "a.jpg", pixels)
    fast = decoding.read_image(tmp_path / "a.jpg", into(24, 24, 3)).astype(int)
    with Image.open(tmp_path / "a.jpg") as image:
        whole = decoding.fit(image, into(24, 24, 3)).astype(int)
    assert abs(fast - whole).mean() < 3


def test_what_pillow_alone_cannot_read_is_named() -> None:
    missing = decoding.SUFFIXES - decoding.readable_suffixes()
    assert missing <= {*decoding.HEIF_SUFFIXES, ".avif", ".jp2"}


@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_one_transparent_color_is_honored(
    tmp_path: pathlib.Path, mode: str
) -> None:
    image = Image.new(mode, (8, 8), "black")
    image.paste(Image.new(mode, (4, 8), "gray"), (4, 0))
    hidden = (0, 0, 0) if mode == "RGB" else 0
    image.save(tmp_path / "a.png", transparency=hidden)
    seen = decoding.read_image(tmp_path / "a.png", into(8, 8, 1))[..., 0]
    assert (seen[:, :4] == 255).all()
    assert (seen[:, 4:] == 128).all()


def test_deep_grays_become_black_to_white_by_the_range_of_all(
    tmp_path: pathlib.Path,
) -> None:
    limits = []
    for name, low, high in (("a", 100, 600), ("b", 200, 1100)):
        pixels = np.full((4, 4), low, np.uint16)
        pixels[0] = high
        save(tmp_path / f"{name}.png", pixels)
        with Image.open(tmp_path / f"{name}.png") as image:
            limits.append(decoding.gray_limits(image))
    found = decoding.common_range(limits)
    assert found == (100.0, 1100.0)
    seen = [
        decoding.read_image(
            tmp_path / f"{name}.png", into(4, 4, 1, gray_range=found)
        )
        for name in "ab"
    ]
    # 255 · (600 - 100) / 1000 = 127.5, 255 · (200 - 100) / 1000 = 25.5.
    assert [each[0, 0, 0] for each in seen] == [128, 255]
    assert [each[1, 0, 0] for each in seen] == [0, 26]
    assert decoding.common_range([(0, 65535), (50, 90)]) is None
    assert decoding.common_range([]) is None


def test_float_images_are_scaled_too(tmp_path: pathlib.Path) -> None:
    pixels = np.linspace(0, 1, 16, dtype=np.float32).reshape(4, 4)
    pixels[1, 1] = np.nan
    Image.fromarray(pixels).save(tmp_path / "a.tif")
    with Image.open(tmp_path / "a.tif") as image:
        found = decoding.common_range([decoding.gray_limits(image)])
    seen = decoding.read_image(
        tmp_path / "a.tif", into(4, 4, 1, gray_range=found)
    )
    assert (seen.min(), seen.max(), seen[1, 1, 0]) == (0, 255, 0)


@pytest.mark.parametrize(
    ("padding", "top", "left"),
    [("crop", 9, 5), ("pad", 0, 9), ("stretch", 9, 9)],
)
def test_images_become_square_as_asked(
    padding: str, top: int, left: int
) -> None:
    pixels = np.full((4, 8), 5, np.uint8)
    pixels[0], pixels[:, 0] = 9, 9
    image = Image.fromarray(pixels)
    seen = decoding.fit(image, into(8, 8, 1, padding=padding))[..., 0]
    assert (seen[0, 4], seen[4, 0]) == (top, left)


def test_more_pixels_are_opened_only_if_allowed(tmp_path: pathlib.Path) -> None:
    save(tmp_path / "a.png", np.zeros((100, 100), np.uint8))
    with (
        decoding.pixels_allowed(0.009),
        pytest.raises(Image.DecompressionBombError),
    ):
        decoding.read_image(tmp_path / "a.png", into(4, 4, 1))
    with decoding.pixels_allowed(0.01):
        decoding.read_image(tmp_path / "a.png", into(4, 4, 1))
