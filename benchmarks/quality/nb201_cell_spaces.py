"""Learned spaces held against random ones of the same cost, by the truth.

A learned space is the cells that an evolution ends with; a random one has as
many, whose MACs are in the mean as those of the learned one. References, which
both would have, are left out: they would move both by the same.

Few random spaces are as dear as one that was learned. So cells are drawn by
weights that grow or fall with their MACs by a constant rate, which makes the
mean what it should be. Given the sum of a space's MACs, all such weights draw
the same spaces: the factor of each space depends on that sum alone.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from scipy import optimize

NUM_SPACES = 1_000
# How far the mean MACs of a random space may lie from those of the learned one.
TOLERANCE = 0.05
# Spaces are drawn by so many at a time, at most so many times.
BATCH, MAX_BATCHES = 100_000, 30
# Of weights by MACs, for a deviation of these.
STEEPEST = 50.0
Rows = Sequence[dict[str, str]]


def space_lines(
    courses: Mapping[str, Mapping[str, Rows]],
    accuracies: np.ndarray,
    macs: np.ndarray,
) -> list[str]:
    """Returns a line for each learned space.

    Args:
        courses: By course and seed, a row for each cell at the end.
        accuracies: The true accuracy of each cell of the table, in percent.
        macs: What each cell of the table costs, in the unit of the rows.
    """
    return [
        f"the cells of {course}, seed {seed}, "
        + _place(rows, accuracies, macs, int(seed))
        for course, seeds in courses.items()
        for seed, rows in seeds.items()
    ]


def _place(
    rows: Rows, accuracies: np.ndarray, macs: np.ndarray, seed: int
) -> str:
    """Returns where a learned space stands among random ones, in words."""
    learned = np.array([float(row["accuracy"]) for row in rows])
    cost = float(np.mean([float(row["macs_m"]) for row in rows]))
    rng = np.random.default_rng([seed, 13])
    drawn = random_spaces(cost, len(rows), macs, rng)
    if not len(drawn):
        return f"of {cost:.1f} million MACs: no random space costs that"
    others = accuracies[drawn]
    means, bests = others.mean(axis=1), others.max(axis=1)
    return (
        f"of {cost:.1f} million MACs: mean {learned.mean():.2f}, at percentile "
        f"{percentile(learned.mean(), means):.1f} of {len(drawn)} random "
        f"spaces (mean {means.mean():.2f}); best {learned.max():.2f}, at "
        f"{percentile(learned.max(), bests):.1f} (mean {bests.mean():.2f})"
    )


def random_spaces(
    cost: float, num_cells: int, macs: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Returns random spaces of about a cost; fewer where they are too rare.

    Args:
        cost: Mean MACs of a space's cells.
        num_cells: Cells of a space, all different.
        macs: What each cell costs.
        rng: Draws them.

    Returns:
        Indices of cells, `(at most NUM_SPACES, num_cells)`.
    """
    found = np.empty((0, num_cells), int)
    weights = _weights(cost, macs)
    for _ in range(MAX_BATCHES):
        drawn = rng.choice(len(macs), (BATCH, num_cells), p=weights)
        is_close = np.abs(macs[drawn].mean(axis=1) - cost) <= TOLERANCE * cost
        close = np.sort(drawn[is_close], axis=1)
        close = close[(np.diff(close, axis=1) > 0).all(axis=1)]
        found = np.concatenate([found, close])
        if len(found) >= NUM_SPACES:
            break
    return found[:NUM_SPACES]


def _weights(cost: float, macs: np.ndarray) -> np.ndarray:
    """Returns how likely each cell is drawn, so that the mean is a cost."""
    scaled = (macs - macs.mean()) / macs.std()

    def weights(rate: float) -> np.ndarray:
        raised = np.exp(rate * scaled - np.max(rate * scaled))
        found: np.ndarray = raised / raised.sum()
        return found

    rate = optimize.brentq(
        lambda rate: weights(rate) @ macs - cost, -STEEPEST, STEEPEST
    )
    return weights(rate)


def percentile(value: float, others: np.ndarray) -> float:
    """Returns the percentage of others below a value, ties by half."""
    below = np.mean(others < value) + np.mean(others == value) / 2
    return 100 * float(below)
