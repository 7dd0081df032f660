"""Pictures of a run's images: errors of the winner, and what networks see."""

import pathlib

import keras
import numpy as np
import numpy.typing as npt
from PIL import Image

from nse_tf.datasets import ImageData, ImageSet
from nse_tf.reporting.classified import ErrorFacts

NUM_ERRORS = 12
NUM_SEEN = 10
# Larger images are shrunk to this side, in pixels: a page holds them all.
MAX_SIDE = 96


def confident_errors(
    logits: npt.NDArray[np.floating], test: ImageSet, folder: pathlib.Path
) -> tuple[ErrorFacts, ...]:
    """Writes pictures of the most confident errors; returns what they are.

    Args:
        logits: What the winner says of the test images, `(n, num_classes)`.
        test: These images.
        folder: Where the pictures go.
    """
    shares = np.asarray(keras.ops.softmax(logits))
    predicted = logits.argmax(axis=1)
    sure = shares[np.arange(len(shares)), predicted]
    wrong = np.flatnonzero(predicted != test.labels)
    chosen = wrong[np.argsort(-sure[wrong], kind="stable")][:NUM_ERRORS]
    errors = []
    for number, row in enumerate(chosen.tolist()):
        file = f"error_{number:02}.png"
        _write(folder / file, test, row)
        errors.append(
            ErrorFacts(
                file=file,
                image=row,
                label=int(test.labels[row]),
                predicted=int(predicted[row]),
                confidence=float(sure[row]),
            )
        )
    return tuple(errors)


def seen_images(data: ImageData, folder: pathlib.Path) -> tuple[str, ...]:
    """Writes a training image of each of the first classes; returns names."""
    names = []
    for label in np.unique(data.train.labels)[:NUM_SEEN].tolist():
        row = int(np.flatnonzero(data.train.labels == label)[0])
        names.append(f"seen_{label:02}.png")
        _write(folder / names[-1], data.train, row)
    return tuple(names)


def _write(path: pathlib.Path, images: ImageSet, row: int) -> None:
    pixels = np.asarray(images.images[np.array([row])])[0]
    pixels = pixels.round().clip(0, 255).astype(np.uint8)
    if pixels.shape[-1] not in (1, 3):
        pixels = pixels[..., :1]
    image = Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels)
    image.thumbnail((MAX_SIDE, MAX_SIDE))
    image.save(path)
