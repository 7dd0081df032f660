"""The three sums that spell angles, from base and present weights."""

import dataclasses
from typing import Any

import numpy as np


@dataclasses.dataclass(frozen=True)
class AngleSums:
    """⟨w0, w⟩, ‖w0‖² and ‖w‖² of all that can turn, in float64.

    Attributes:
        candidates: Sums of each candidate, over its kernels, `(num_blocks,
            max_candidates, 3)`.
        unit_candidates: The same, as if each kernel had length one.
        backbone: Sums of the backbone, `(3,)`.
    """

    candidates: np.ndarray
    unit_candidates: np.ndarray
    backbone: np.ndarray


def three_sums(base: np.ndarray, now: np.ndarray) -> np.ndarray:
    """Returns ⟨w0, w⟩, ‖w0‖² and ‖w‖² of each row, `(rows, 3)`, in float64."""
    # Near 1 a cosine in float32 cannot tell angles below some 3e-4 from 0.
    base, now = base.astype(np.float64), now.astype(np.float64)
    return np.stack(
        [
            (base * now).sum(axis=1),
            (base * base).sum(axis=1),
            (now * now).sum(axis=1),
        ],
        axis=1,
    )


def sums_by_kernel(
    base: np.ndarray, now: np.ndarray, lengths: list[list[int]]
) -> np.ndarray:
    """Returns the three sums of each kernel of each row.

    Args:
        base: Rows that begin with kernels, one after another.
        now: The same, later.
        lengths: How long the kernels of each row are.

    Returns:
        `(rows, most_kernels, 3)`, zeros where a row has fewer.
    """
    most = max(map(len, lengths), default=1)
    sums = np.zeros((len(base), max(1, most), 3))
    for row, of_row in enumerate(lengths):
        start = 0
        for kernel, length in enumerate(of_row):
            piece = slice(start, start + length)
            sums[row, kernel] = three_sums(
                base[row : row + 1, piece], now[row : row + 1, piece]
            )[0]
            start += length
    return sums


def of_unit_kernels(sums: np.ndarray) -> np.ndarray:
    """Returns the three sums of kernels as if each had length one.

    They are the cosine of the kernel's angle, one and one; zeros stay, and NaN.

    Args:
        sums: ⟨w0, w⟩, ‖w0‖² and ‖w‖² of kernels, `(…, 3)`.
    """
    norms = np.sqrt(sums[..., 1] * sums[..., 2])
    cosines = sums[..., 0] / np.where(norms == 0, 1.0, norms)
    # A quotient rather than a one, so that NaN stays NaN.
    ones = np.where(norms == 0, 0.0, norms / np.where(norms == 0, 1.0, norms))
    return np.stack([cosines, ones, ones], axis=-1)


def as_tuples(numbers: np.ndarray) -> Any:
    """Returns an array as tuples of floats, one in another, as results have."""
    if numbers.ndim == 1:
        return tuple(numbers.tolist())
    return tuple(as_tuples(row) for row in numbers)
