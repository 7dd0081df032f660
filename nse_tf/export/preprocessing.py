"""Whether pixels enter a network as they did when it was trained."""

import keras
import numpy as np

from nse_tf.classification import chance_of
from nse_tf.significance import paired_difference

# What networks commonly take for a black and for a white pixel.
VALUE_RANGES = ((0.0, 255.0), (0.0, 1.0), (-1.0, 1.0))
# Images that are classified with each of them.
NUM_IMAGES = 500
# What another range must be better by, beyond its 95 % interval.
LEAST_GAIN = 0.05


def preprocessing_fault(
    model: keras.Model,
    images: np.ndarray,
    labels: np.ndarray,
    value_range: tuple[float, float],
) -> str:
    """Returns what tells that pixels enter otherwise than in training.

    Empty if nothing does. The network classifies images with other ranges of
    values, too: one of them may be clearly better. Where none is, it should at
    least be better than always naming the most frequent class.

    Args:
        model: Takes pixel values in 0..255, and scales them to the range.
        images: `(count, height, width, channels)`, pixel values 0..255.
        labels: `(count,)`, class indices.
        value_range: What the network inside gets for a black and for a white
            pixel.
    """
    rows = np.unique(
        np.linspace(0, len(images) - 1, min(len(images), NUM_IMAGES), dtype=int)
    )
    images, labels = np.asarray(images)[rows].astype(np.float32), labels[rows]
    right, chance = _right(model, images, labels), chance_of("accuracy", labels)
    better = {}
    for other in VALUE_RANGES:
        if other != value_range:
            scaled = as_seen(images, value_range, other)
            found = _right(model, scaled, labels)
            gain, half = paired_difference(found, right)
            if gain - half > LEAST_GAIN and found.mean() > chance:
                better[other] = float(found.mean())
    share = float(right.mean())
    if better:
        low, high = max(better, key=better.__getitem__)
        return (
            f"Of {len(rows)} test images {share:.1%} are right, and with "
            f"--value_range={low:g},{high:g} {better[low, high]:.1%}: pixels "
            "enter otherwise than in training."
        )
    if share <= chance:
        return (
            f"Of {len(rows)} test images {share:.1%} are right, no more than "
            f"the most frequent class has ({chance:.1%}): --value_range, the "
            "order of classes or the data are not those of the training."
        )
    return ""


def as_seen(
    images: np.ndarray,
    given: tuple[float, float],
    other: tuple[float, float],
) -> np.ndarray:
    """Returns images that a network sees as it would with another range.

    Args:
        images: Pixel values in 0..255.
        given: What the network scales 0 and 255 to.
        other: What it is to see for them.
    """
    (low, high), (other_low, other_high) = given, other
    seen = other_low + images / 255 * (other_high - other_low)
    scaled: np.ndarray = (seen - low) / (high - low) * 255
    return scaled.astype(np.float32)


def _right(
    model: keras.Model, images: np.ndarray, labels: np.ndarray
) -> np.ndarray:
    """Returns which images are classified as labeled, `(count,)`, bool."""
    scores = model.predict(images, verbose=0, batch_size=256)
    right: np.ndarray = scores.argmax(axis=-1) == labels
    return right
