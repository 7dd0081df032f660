"""Digits-like noise: three classes that a tiny network tells apart."""

import numpy as np

from nse_tf.datasets import ImageData, ImageSet

NUM_CLASSES = 3


def image_set(
    count: int, seed: int = 0, *, is_sorted: bool = False
) -> ImageSet:
    """Returns 8x8 scans: a bar at one of three heights, in noise."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, NUM_CLASSES, count).astype(np.int32)
    if is_sorted:
        labels = np.sort(labels)
    images = rng.uniform(0, 100, (count, 8, 8, 1))
    for row, label in enumerate(labels):
        images[row, 2 * label + 1 : 2 * label + 3] += 120
    return ImageSet(images.astype(np.uint8), labels)


def image_data(seed: int = 0) -> ImageData:
    """Returns 60 images to train on and 30 to validate with."""
    train, validation, test = (
        image_set(count, seed + index)
        for index, count in enumerate((60, 30, 6))
    )
    names = ("top", "middle", "bottom")
    return ImageData(
        name="bars",
        train=train,
        validation=validation,
        test=test,
        class_names=names,
    )
