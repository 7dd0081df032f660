"""Decodes images of any size and kind to uint8 arrays of one shape."""

import contextlib
import dataclasses
import functools
import importlib
import pathlib
import warnings
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

# Every kind that is meant to be read; `readable_suffixes` are those that this
# machine's Pillow can read.
SUFFIXES = frozenset(
    {
        *(".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".bmp", ".gif", ".webp"),
        *(".tif", ".tiff", ".avif", ".jp2", ".ppm", ".pgm", ".pbm", ".pnm"),
        *(".heic", ".heif"),
    }
)
# What must be installed to read them; Pillow alone cannot.
HEIF_SUFFIXES = frozenset({".heic", ".heif"})
# How images become one shape.
PADDINGS = ("crop", "pad", "stretch")
_GRAY_MODES = frozenset({"1", "L", "LA", "I", "I;16", "I;16B", "I;16L", "F"})
# Grays from about black to more than half of 16 bits are taken to use them all.
_DARKEST, _BRIGHTEST = 2**13, 2**15


@dataclasses.dataclass(frozen=True, kw_only=True)
class Decoding:
    """How images of a data set become arrays of one shape.

    Attributes:
        shape: `(height, width, channels)`.
        padding: `crop` keeps the middle, `pad` keeps all and adds black
            margins, `stretch` keeps all and changes proportions.
        gray_range: The grays of images with more than 8 bits that become black
            and white; None takes 16 bits in full.
    """

    shape: tuple[int, int, int]
    padding: str = "crop"
    gray_range: tuple[float, float] | None = None


@functools.cache
def readable_suffixes() -> frozenset[str]:
    """Returns the suffixes, in lower case, that can be read here.

    `pillow-heif`, if it is installed, reads `.heic`.
    """
    with contextlib.suppress(ImportError):
        importlib.import_module("pillow_heif").register_heif_opener()
    Image.init()
    kinds = Image.registered_extensions()
    return frozenset(
        suffix for suffix in SUFFIXES if kinds.get(suffix) in Image.OPEN
    )


@contextlib.contextmanager
def pixels_allowed(max_megapixels: float | None) -> Iterator[None]:
    """Lets Pillow open images up to a size; None keeps Pillow's own limit.

    Above it `Image.open` raises `Image.DecompressionBombError`. Not for several
    limits at a time: Pillow's is one for the process.
    """
    before = Image.MAX_IMAGE_PIXELS
    if max_megapixels is not None:
        # Pillow warns from its limit on, and refuses from twice of it on.
        Image.MAX_IMAGE_PIXELS = max(int(max_megapixels * 1e6 / 2), 1)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            yield
    finally:
        Image.MAX_IMAGE_PIXELS = before


def is_gray(image: Image.Image) -> bool:
    """Returns whether an image is stored without color."""
    return image.mode in _GRAY_MODES


def is_deep(image: Image.Image) -> bool:
    """Returns whether an image has grays of more than 8 bits."""
    return image.mode.startswith("I") or image.mode == "F"


def gray_limits(image: Image.Image) -> tuple[float, float]:
    """Returns the darkest and the brightest gray of a deep image."""
    deep = _finite(image)
    return float(deep.min()), float(deep.max())


def common_range(
    limits: list[tuple[float, float]],
) -> tuple[float, float] | None:
    """Returns what becomes black and white in a data set of deep images.

    Args:
        limits: The `gray_limits` of each.

    Returns:
        The darkest and the brightest gray; None where 16 bits are used in full,
        or there are none.
    """
    if not limits:
        return None
    low = min(each[0] for each in limits)
    high = max(each[1] for each in limits)
    if 0 <= low <= _DARKEST and _BRIGHTEST <= high < 2**16:
        return None
    return low, high


def read_image(path: pathlib.Path, decoding: Decoding) -> npt.NDArray[np.uint8]:
    """Returns a file's (first) image, upright by its EXIF orientation.

    Args:
        path: File in any format that Pillow reads.
        decoding: What is returned; see `fit`.

    Raises:
        Exception: Any error that Pillow raises for a damaged file.
    """
    with Image.open(path) as image:
        # Lets the JPEG decoder shrink by 2, 4 or 8 as it reads, to no less
        # than twice the size asked for: 13 instead of 81 ms for 12 megapixels.
        twice = 2 * max(decoding.shape[:2])
        image.draft(image.mode, (twice, twice))
        return fit(ImageOps.exif_transpose(image), decoding)


def fit(image: Image.Image, decoding: Decoding) -> npt.NDArray[np.uint8]:
    """Returns an image in a given shape.

    With `crop` it is resized, antialiased, until it just covers the shape, and
    the margins are cut off evenly; see `Decoding` for the others. Transparent
    pixels become white.
    """
    height, width, channels = decoding.shape
    image = _flatten(image, decoding.gray_range)
    size, resampling = (width, height), Image.Resampling.BILINEAR
    if image.size != size:
        match decoding.padding:
            case "pad":
                image = ImageOps.pad(image, size, resampling)
            case "stretch":
                image = image.resize(size, resampling)
            case _:
                image = ImageOps.fit(image, size, resampling)
    pixels = np.asarray(image.convert("RGB" if channels == 3 else "L"))
    return pixels.reshape(decoding.shape)


def fit_array(
    pixels: npt.NDArray[np.uint8], decoding: Decoding
) -> npt.NDArray[np.uint8]:
    """Returns `fit` of an array `(height, width, 1, 3 or 4)`."""
    if pixels.shape == decoding.shape:
        return pixels
    is_flat = pixels.shape[-1] == 1
    image = Image.fromarray(pixels[:, :, 0] if is_flat else pixels)
    return fit(image, decoding)


def _flatten(
    image: Image.Image, gray_range: tuple[float, float] | None
) -> Image.Image:
    """Returns the image as opaque gray or RGB, 8 bits a channel.

    Pillow alone would clip 16 bits to 255 instead of scaling them, resize
    palette indices, and show the hidden color of transparent pixels.
    """
    if image.mode in {"L", "RGB"} and not image.has_transparency_data:
        return image
    if is_deep(image):
        deep = _finite(image)
        if gray_range is None:
            scaled = deep // 256
        else:
            low, high = gray_range
            scaled = (deep - low) * (255 / max(high - low, 1e-30))
        return Image.fromarray(scaled.round().clip(0, 255).astype(np.uint8))
    if image.has_transparency_data:
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image.convert("RGBA"))
    return image.convert("RGB")


def _finite(image: Image.Image) -> npt.NDArray[np.float64]:
    """Returns the grays of a deep image, 0 where one is no number."""
    deep = np.asarray(image).astype(np.float64)
    return np.nan_to_num(deep, posinf=0.0, neginf=0.0)
