"""The three sums that spell angles, from base and present weights."""

import numpy as np


def three_sums(base: np.ndarray, now: np.ndarray) -> np.ndarray:
    """Returns ⟨w0, w⟩, ‖w0‖² and ‖w‖² of each row, `(rows, 3)`, in float64."""
    base, now = base.astype(np.float64), now.astype(np.float64)
    return np.stack(
        [
            (base * now).sum(axis=1),
            (base * base).sum(axis=1),
            (now * now).sum(axis=1),
        ],
        axis=1,
    )


def of_unit_kernels(sums: np.ndarray) -> np.ndarray:
    """Returns the three sums of kernels as if each had length one.

    They are the cosine of the kernel's angle, one and one; zeros stay, and NaN.

    Args:
        sums: ⟨w0, w⟩, ‖w0‖² and ‖w‖² of kernels, `(…, 3)`.
    """
    norms = np.sqrt(sums[..., 1] * sums[..., 2])
    cosines = sums[..., 0] / np.where(norms == 0, 1.0, norms)
    ones = np.where(norms == 0, 0.0, norms / np.where(norms == 0, 1.0, norms))
    return np.stack([cosines, ones, ones], axis=-1)
