"""What a user should see of the data before a search spends hours on them."""

import hashlib
from collections.abc import Iterator, Sequence

import numpy as np

from nse_tf.datasets.image_data import ImageData, ImageSet

# Larger sets are not searched for images that occur twice: it reads them all.
COMPARED_UP_TO_BYTES = 2**30
# From so many times as many images on, a class outweighs another one.
IMBALANCE = 5
_ROWS_PER_READ = 1024


def data_lines(data: ImageData) -> list[str]:
    """Returns classes, parts, sizes and what was done to images, as lines."""
    counts = _counts(data.train, data.validation, data.test, of=data)
    height, width, channels = data.image_shape
    lines = [
        f"{data.name}: {len(data.train):,} training, "
        f"{len(data.validation):,} validation and {len(data.test):,} test "
        f"images of {width}x{height}, {'gray' if channels == 1 else 'color'}.",
        f"{data.num_classes} classes with {_span(counts, data.class_names)}.",
    ]
    return [*lines, *data.notes]


def data_warnings(data: ImageData) -> list[str]:
    """Returns what may make the numbers of a search worth less.

    These are test images that are trained on, too, and classes of very
    different sizes.
    """
    found = []
    parts = (data.train, data.validation, data.test)
    if sum(part.images.nbytes for part in parts) <= COMPARED_UP_TO_BYTES:
        known = set(_digests(data.train)) | set(_digests(data.validation))
        repeated = sum(digest in known for digest in _digests(data.test))
        if repeated:
            found.append(
                f"{repeated} of {len(data.test):,} test images are among those "
                "that are trained or validated on, pixel by pixel, so that the "
                "test accuracy is too good: remove them from one part."
            )
    counts = _counts(data.train, of=data)
    least, most = counts[counts > 0].min(), counts.max()
    if most >= IMBALANCE * least:
        found.append(
            f"The largest class has {most / least:.0f} times as many training "
            "images as the smallest: see --objective and --class_weight."
        )
    return found


def _span(counts: np.ndarray, names: Sequence[str]) -> str:
    least, most = int(counts.argmin()), int(counts.argmax())
    if counts[least] == counts[most]:
        return f"{counts[most]:,} images each"
    return (
        f"{counts[least]:,} ({names[least]}) to {counts[most]:,} "
        f"({names[most]}) images"
    )


def _counts(*parts: ImageSet, of: ImageData) -> np.ndarray:
    """Returns how many images each class has in some parts."""
    labels = np.concatenate([part.labels for part in parts])
    return np.bincount(labels, minlength=of.num_classes)


def _digests(images: ImageSet) -> Iterator[bytes]:
    """Yields a digest of the pixels of each image."""
    for start in range(0, len(images), _ROWS_PER_READ):
        rows = slice(start, start + _ROWS_PER_READ)
        for pixels in np.ascontiguousarray(images.images[rows]):
            yield hashlib.blake2b(pixels.tobytes(), digest_size=16).digest()
