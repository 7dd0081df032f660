"""Two halves of all cells: one to choose a score by, one to report it on."""

import hashlib

import numpy as np

from nse_tf.ranking.nasbench201 import NB201Table
from nse_tf.spaces import format_genotype

HALVES = ("all", "choosing", "held_out")


def cells_of(table: NB201Table, half: str) -> np.ndarray:
    """Returns the indices of all cells, or of one half, in order.

    A cell is held out if the first byte of the SHA-256 of its arch string is
    odd. Anybody can repeat this split, and nobody can influence it.

    Args:
        table: The table of the cells.
        half: One of `HALVES`.

    Raises:
        ValueError: If there is no such half.
    """
    if half not in HALVES:
        raise ValueError(
            f"`cells` must be one of {', '.join(HALVES)}, not {half!r}."
        )
    indices = np.arange(len(table.paths))
    if half == "all":
        return indices
    archs = (
        format_genotype(table.space, table.space.genotype(path))
        for path in table.paths.tolist()
    )
    is_odd = np.array(
        [hashlib.sha256(arch.encode()).digest()[0] % 2 == 1 for arch in archs]
    )
    chosen: np.ndarray = indices[is_odd == (half == "held_out")]
    return chosen
