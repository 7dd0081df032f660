"""Batches in an order that (seed, epoch) alone decide.

No generator state is kept anywhere: a run that stops and starts again sees the
same images in the same order.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from nse_tf.datasets.image_data import ImageSet


def num_batches(num_images: int, batch_size: int, drop_last: bool) -> int:
    """Returns how many batches an epoch has.

    With `drop_last`, a remainder is left out, unless it is all there is: fewer
    images than `batch_size` make one smaller batch.
    """
    if batch_size < 1:
        raise ValueError(f"`batch_size` must be positive, but is {batch_size}.")
    if drop_last:
        return max(num_images // batch_size, min(num_images, 1))
    return -(-num_images // batch_size)


def epoch_batches(
    image_set: ImageSet,
    batch_size: int,
    *,
    seed: int,
    epoch: int,
    shuffle: bool = True,
    drop_last: bool = True,
) -> Iterator[tuple[npt.NDArray[Any], npt.NDArray[np.int32]]]:
    """Returns one epoch of batches.

    Args:
        image_set: Where from.
        batch_size: Images a batch.
        seed: Not negative.
        epoch: From 0. Every epoch has an order of its own.
        shuffle: Otherwise the rows come as they lie.
        drop_last: See `num_batches`.

    Returns:
        Pairs of images `(batch, height, width, channels)`, in the type in which
        they are stored, and labels `(batch,)`.

    Raises:
        ValueError: If a number is out of range.
    """
    if seed < 0 or epoch < 0:
        raise ValueError(
            "`seed` and `epoch` must not be negative, but are "
            f"{seed} and {epoch}."
        )
    order = np.arange(len(image_set))
    if shuffle:
        order = np.random.default_rng([seed, epoch]).permutation(order)
    count = num_batches(len(image_set), batch_size, drop_last)
    batches = (order[i * batch_size :][:batch_size] for i in range(count))
    return (
        (image_set.images[rows], image_set.labels[rows]) for rows in batches
    )
