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
