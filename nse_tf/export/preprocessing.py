"""Whether pixels enter a network as they did when it was trained."""

import math

import keras
import numpy as np
import scipy.special

from nse_tf.significance import paired_difference

# What networks commonly take for a black and for a white pixel.
VALUE_RANGES = ((0.0, 255.0), (0.0, 1.0), (-1.0, 1.0))
# Images that are classified with each of them.
NUM_IMAGES = 500
# What another range must be better by, beyond its 95 % interval.
LEAST_GAIN = 0.05
# Fewer do not tell a network from luck.
LEAST_IMAGES = 50
# Without labels, another range must tell so much, in nats, and so many times as
# much. Measured: EfficientNet-Lite0 tells 4.3 of 256 photographs with its own
# range, 3.9 with 0..1 and 1.2 with 0..255; searched networks 0.7 to 1.8 of
# digits with theirs, and nothing with another.
LEAST_TOLD = 0.5
MORE_TOLD = 1.5


def preprocessing_fault(
    model: keras.Model,
    images: np.ndarray,
    labels: np.ndarray,
    value_range: tuple[float, float],
) -> str:
    """Returns what tells that pixels enter otherwise than in training.

    Empty if nothing does. The network classifies images with other ranges of
    values, too: one of them may be clearly better. Where none is, it should at
    least be better than luck.

    Args:
        model: Takes pixel values in 0..255, and scales them to the range.
        images: `(count, height, width, channels)`, pixel values 0..255.
        labels: `(count,)`, class indices.
        value_range: What the network inside gets for a black and for a white
            pixel.
    """
    images, labels = _evenly(images), labels[_rows(len(images))]
    found = _classes(model, images)
    by_luck = luck(found, labels)
    better = {}
    for other in VALUE_RANGES:
        if other != value_range:
            scaled = as_seen(images, value_range, other)
            right = _classes(model, scaled) == labels
            gain, half = paired_difference(right, found == labels)
            if gain - half > LEAST_GAIN and right.mean() > by_luck:
                better[other] = float(right.mean())
    share = float((found == labels).mean())
    if better:
        low, high = max(better, key=better.__getitem__)
        return (
            f"Of {len(images)} test images {share:.1%} are right, and with "
            f"--value_range={low:g},{high:g} {better[low, high]:.1%}: pixels "
            "enter otherwise than in training."
        )
    if share <= by_luck and len(images) >= LEAST_IMAGES:
        return (
            f"Of {len(images)} test images {share:.1%} are right, no more than "
            f"by luck ({by_luck:.1%}): --value_range, the order of classes or "
            "the data are not those of the training."
        )
    return ""


def unlabeled_fault(
    model: keras.Model,
    images: np.ndarray,
    value_range: tuple[float, float],
) -> str:
    """Returns what tells, without labels, that pixels enter otherwise.

    Empty if nothing does. With pixels from another range than in training a
    network is certain of one and the same class, or of none, whatever it sees.
    So the right range is the one with which its scores tell most about which
    image it is; see `told`.

    Args:
        model: See `preprocessing_fault`, like the others.
        images: `(count, height, width, channels)`; photographs, no noise.
        value_range: For a black and for a white pixel.
    """
    if len(images) < LEAST_IMAGES:
        return ""
    images = _evenly(images)
    by_range = {
        each: told(model, as_seen(images, value_range, each))
        for each in {value_range, *VALUE_RANGES}
    }
    found = by_range[value_range]
    best = max(by_range, key=by_range.__getitem__)
    if by_range[best] < max(LEAST_TOLD, MORE_TOLD * found):
        return ""
    low, high = best
    return (
        f"Scores tell {found:.2f} nats about which of {len(images)} test "
        f"images it is, and with --value_range={low:g},{high:g} "
        f"{by_range[best]:.2f}: pixels enter otherwise than in training."
    )


def told(model: keras.Model, images: np.ndarray) -> float:
    """Returns how much scores tell about which image it is, in nats.

    The mutual information of image and class: the entropy of the mean
    probabilities, less the mean of the entropies. Nothing if all images get the
    same scores, and the logarithm of the number of classes at most.

    Args:
        model: Its scores are probabilities, or logits.
        images: `(count, height, width, channels)`, as it takes them.
    """
    scores = model.predict(images, verbose=0, batch_size=256)
    shares = scores.astype(np.float64)
    if (scores < 0).any() or not np.allclose(scores.sum(-1), 1, atol=1e-3):
        shares = scipy.special.softmax(shares, axis=-1)
    entropies = scipy.special.entr(shares).sum(axis=-1)
    mean = scipy.special.entr(shares.mean(axis=0)).sum()
    return float(mean - entropies.mean())


def _evenly(images: np.ndarray) -> np.ndarray:
    """Returns at most `NUM_IMAGES` images, evenly spaced, as float32."""
    some: np.ndarray = np.asarray(images)[_rows(len(images))]
    return some.astype(np.float32)


def _rows(count: int) -> np.ndarray:
    """Returns the indices of at most `NUM_IMAGES` of so many, evenly spaced."""
    rows: np.ndarray = np.unique(
        np.linspace(0, count - 1, min(count, NUM_IMAGES), dtype=int)
    )
    return rows


def luck(found: np.ndarray, labels: np.ndarray) -> float:
    """Returns how many images are right if classes are found without looking.

    What is found as often, but in another order, is right for a share of images
    (Cohen's chance agreement); the upper end of its one-sided 95 % interval is
    returned. So a network that always names the most frequent class is no
    better than luck, and one that finds rare classes is, though it may be right
    less often.

    Args:
        found: `(count,)`, class indices.
        labels: The same, as they should be.
    """
    count = len(labels)
    num_classes = int(max(found.max(), labels.max())) + 1
    share = float(
        np.bincount(found, minlength=num_classes)
        @ np.bincount(labels, minlength=num_classes)
        / count**2
    )
    return share + 1.645 * math.sqrt(share * (1 - share) / count)


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


def _classes(model: keras.Model, images: np.ndarray) -> np.ndarray:
    """Returns the class of each image, `(count,)`."""
    scores = model.predict(images, verbose=0, batch_size=256)
    classes: np.ndarray = scores.argmax(axis=-1)
    return classes
