"""Training steps on noise, ready to be timed."""

from collections.abc import Callable

import numpy as np

from nse_tf.datasets import ImageSet
from nse_tf.training.steps import TrainingStep

NUM_CLASSES = 10
LEARNING_RATE = 0.01


def make_images(count: int, seed: int) -> ImageSet:
    """Returns noise of `(count, 32, 32, 3)`, with random labels."""
    rng = np.random.default_rng(seed)
    return ImageSet(
        rng.integers(0, 256, (count, 32, 32, 3), np.uint8),
        rng.integers(0, NUM_CLASSES, count).astype(np.int32),
    )


def ready(
    step: TrainingStep, images: ImageSet, open_branches: np.ndarray
) -> Callable[[], float]:
    """Returns a step without arguments, which waits for its loss.

    Args:
        step: The compiled step.
        images: Its batch.
        open_branches: What the supernet opens, as `encode` returns it; a child
            ignores it.
    """
    pixels = np.asarray(images.images)
    return lambda: float(
        step(pixels, images.labels, open_branches, LEARNING_RATE, (0, 0))
    )
