"""Draws where skips go: rows of `nb201_shrinking.py`, as a figure.

    python benchmarks/quality/nb201_skip_shares.py

For each epoch: the share of edges without computation (skips and nothing) in
the cell that a search of a mixture would draw then. Lines are means over seeds,
shades their 95 % intervals by Student's t.
"""

import pathlib
from collections.abc import Sequence

import matplotlib.figure
import numpy as np
from absl import app, flags
from csv_rows import read_rows
from matplotlib.axes import Axes
from nb201_shrinking_summary import COLUMNS, Rows

from nse_tf.significance import half_interval

CSV = flags.DEFINE_string(
    "csv", "docs/figures/nb201_shrinking.csv", "Rows of nb201_shrinking.py."
)
FIGURE = flags.DEFINE_string(
    "figure", "docs/figures/nb201_skip_shares.png", "Where the figure goes."
)

# Method and shrinking of each line, and what it is called.
LINES = {
    ("darts", "none"): "DARTS",
    ("darts, extra skip", "none"): "with an extra skip",
    ("darts, second order", "none"): "of second order",
    ("darts", "angle"): "shrunk by the published angle",
    ("darts", "unit kernels"): "shrunk by unit kernels",
}
# Two of five operators, none and skip, compute nothing.
CHANCE = 0.4


def main(argv: Sequence[str]) -> None:
    """Draws the figure.

    Raises:
        UsageError: If a line has no rows.
    """
    del argv
    rows = read_rows(pathlib.Path(CSV.value), COLUMNS)
    figure = matplotlib.figure.Figure(figsize=(6, 4.2), layout="constrained")
    axes = figure.add_subplot()
    shares = {name: shares_of(rows, *kind) for kind, name in LINES.items()}
    last_epoch = max(each.shape[1] for each in shares.values())
    for name, each in shares.items():
        draw(axes, each, name, last_epoch)
    axes.axhline(CHANCE, color="gray", linestyle=":", label="chance")
    axes.set_xlabel("epoch of the search, those of shrinking included")
    axes.set_ylabel("edges without computation")
    axes.set_ylim(bottom=-0.02)
    axes.spines[["top", "right"]].set_visible(False)
    figure.legend(loc="outside lower center", ncols=2, frameon=False)
    figure.savefig(FIGURE.value, dpi=150)


def shares_of(rows: Rows, method: str, shrinking: str) -> np.ndarray:
    """Returns `(seeds, epochs)`, the shares of one kind of search.

    Raises:
        UsageError: If there are none.
    """
    shares = [
        [float(share) for share in row["skip_shares"].split()]
        for row in rows
        if (row["method"], row["shrinking"]) == (method, shrinking)
    ]
    if not shares:
        raise app.UsageError(
            f"{CSV.value} has no rows of {method}, shrinking {shrinking}: run "
            "nb201_shrinking.py first."
        )
    return np.array(shares)


def draw(axes: Axes, shares: np.ndarray, name: str, last_epoch: int) -> None:
    """Draws a line.

    Args:
        axes: Where.
        shares: `(seeds, epochs)`; shrinking took the epochs before these.
        name: What the legend says.
        last_epoch: Of the search, counted from 1.
    """
    count, length = shares.shape
    epochs = np.arange(last_epoch - length, last_epoch) + 1
    mean = shares.mean(axis=0)
    (line,) = axes.plot(epochs, mean, label=f"{name} ({count})")
    if count > 2:
        half = np.array([half_interval(each) for each in shares.T])
        axes.fill_between(
            epochs, mean - half, mean + half, color=line.get_color(), alpha=0.15
        )


if __name__ == "__main__":
    app.run(main)
