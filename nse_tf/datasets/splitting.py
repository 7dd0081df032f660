"""Splits that keep the share of every class, exact by seed."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

# A test part belongs to the data, not to a run: no seed may move it.
_TEST_FRACTION, _TEST_SEED = 0.2, 0

# A third word keeps these draws apart from those of (seed, epoch) in batching.
_STREAM = 1


def split_off_validation(
    labels: npt.NDArray[np.integer],
    fraction: float,
    seed: int,
    class_names: Sequence[str] | None = None,
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Returns the indices `(train, validation)`, each in ascending order.

    Every class gives `fraction` of its rows, rounded, but at least one and
    never its last. Which rows of a class go depends on the seed and on that
    class alone.

    Args:
        labels: Integers from 0, `(n,)`.
        fraction: The share to split off, above 0 and below 1.
        seed: Not negative.
        class_names: For the message if a class is too small.

    Raises:
        ValueError: If an argument is out of range or a class has one row only.
    """
    if not 0.0 < fraction < 1.0:
        raise ValueError(
            f"`fraction` must lie between 0 and 1, but is {fraction}."
        )
    if seed < 0:
        raise ValueError(f"`seed` must not be negative, but is {seed}.")
    train, validation = [], []
    for label in np.unique(labels).tolist():
        rows = np.flatnonzero(labels == label)
        if len(rows) < 2:
            name = class_names[label] if class_names else label
            raise ValueError(
                f"Class {name!r} has one image, which cannot be both trained "
                "and validated on: add images of it or leave the class out."
            )
        num_off = round(fraction * len(rows))
        num_off = min(max(num_off, 1), len(rows) - 1)
        np.random.default_rng([seed, label, _STREAM]).shuffle(rows)
        validation.append(rows[:num_off])
        train.append(rows[num_off:])
    return np.sort(np.concatenate(train)), np.sort(np.concatenate(validation))


def split_off_test(
    labels: npt.NDArray[np.integer], class_names: Sequence[str] | None = None
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Returns the indices `(rest, test)` for data that has no test part.

    A fifth of each class, and always the same rows whatever a run's seed, so
    that no run is tested on images that another one was trained on.
    """
    return split_off_validation(labels, _TEST_FRACTION, _TEST_SEED, class_names)
