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
    balanced: bool = False,
) -> Iterator[tuple[npt.NDArray[Any], npt.NDArray[np.int32]]]:
    """Returns one epoch of batches.

    Args:
        image_set: Where from.
        batch_size: Images a batch.
        seed: Not negative.
        epoch: From 0. Every epoch has an order of its own.
        shuffle: Otherwise the rows come as they lie.
        drop_last: See `num_batches`.
        balanced: Whether all classes come equally often, those with few images
            by repeating them, and the others by leaving some out: another
            choice each epoch. Needs `shuffle`.

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
    rng = np.random.default_rng([seed, epoch])
    if balanced:
        order = balanced_rows(image_set.labels, rng)
    elif shuffle:
        order = rng.permutation(order)
    count = num_batches(len(image_set), batch_size, drop_last)
    batches = (order[i * batch_size :][:batch_size] for i in range(count))
    return (
        (image_set.images[rows], image_set.labels[rows]) for rows in batches
    )


def balanced_rows(
    labels: npt.NDArray[np.integer], rng: np.random.Generator
) -> npt.NDArray[np.intp]:
    """Returns as many rows as there are labels, all classes equally often.

    That is but for one row, where they do not divide. Of a class, no row comes
    twice more often than another one. In expectation the loss is the one in
    which each image is weighed by n / (classes x images of its class); but a
    step has as many images of each class, where weights would leave it to the
    few images of rare classes that are in a batch.

    Args:
        labels: Classes `(n,)`, from 0.
        rng: Draws the rows and their order.

    References:
        Buda et al., A systematic study of the class imbalance problem (2018),
        which finds oversampling the best of seven ways:
        https://arxiv.org/abs/1710.05381. Unlike there, an epoch keeps its
        length.
    """
    present = rng.permutation(np.unique(labels))
    chosen = []
    for number, label in enumerate(present.tolist()):
        rows = np.flatnonzero(labels == label)
        share, rest = divmod(len(labels), len(present))
        count = share + (number < rest)
        times = -(-count // len(rows))
        each = [rng.permutation(rows) for _ in range(times)]
        chosen.append(np.concatenate(each)[:count])
    return rng.permutation(np.concatenate(chosen))
