"""One page of how well scores rank, over the training that they come from."""

import dataclasses
import pathlib
from collections.abc import Sequence

import numpy as np

from nse_tf.reporting.drawing import (
    SERIES,
    SOFT,
    Drawing,
    Key,
    canvas,
    to_svg,
)
from nse_tf.reporting.markup import document, figure, table, tag
from nse_tf.reporting.plots import few_ticks
from nse_tf.spaces.files import write_bytes

# Where colors repeat, another mark distinguishes scores: how it is drawn, and
# how a legend writes it.
_MARKS = (("o", "●"), ("s", "■"), ("^", "▲"), ("D", "◆"))


@dataclasses.dataclass(frozen=True)
class TauPoint:
    """Kendall's τ of one score at one moment of one training.

    Attributes:
        score: What ranks.
        seed: Seed of the training.
        epoch: Passes over the images so far; 0 for scores without training.
        tau: Its correlation with true accuracies.
    """

    score: str
    seed: int
    epoch: float
    tau: float


def write_ranking_page(
    path: pathlib.Path,
    title: str,
    points: Sequence[TauPoint],
    findings: Sequence[str],
) -> None:
    """Writes the page, whole or not at all; it needs no other file.

    Args:
        path: Path of the HTML file.
        title: What was studied.
        points: What was found.
        findings: Sentences that stand above the figure; a table of all points
            stands below it.
    """
    body = [
        tag("header", tag("h1", title)),
        tag("ul", *(tag("li", line) for line in findings)),
        tag("div", figure(_plot_tau(points)), class_="figures"),
        _tau_table(points),
    ]
    write_bytes(path, document(title, body).encode())


def _tau_table(points: Sequence[TauPoint]) -> str:
    """Returns each score's τ over training, the mean over seeds."""
    found: dict[str, dict[float, list[float]]] = {}
    for point in points:
        by_epoch = found.setdefault(point.score, {})
        by_epoch.setdefault(point.epoch, []).append(point.tau)
    epochs = sorted({point.epoch for point in points})
    return table(
        [
            "mean τ after epochs",
            *("no training" if not each else f"{each:.4g}" for each in epochs),
        ],
        [
            [
                score,
                *(
                    f"{np.mean(by_epoch[epoch]):.3f}"
                    if epoch in by_epoch
                    else ""
                    for epoch in epochs
                ),
            ]
            for score, by_epoch in found.items()
        ],
        caption="Mean rank correlation of each score over training",
    )


def _plot_tau(points: Sequence[TauPoint]) -> Drawing:
    trained = [point for point in points if point.epoch > 0]
    names = list(dict.fromkeys(point.score for point in trained))
    colors = {n: SERIES[i % len(SERIES)] for i, n in enumerate(names)}
    marks = {
        n: _MARKS[i // len(SERIES) % len(_MARKS)] for i, n in enumerate(names)
    }
    with canvas("tau", 290) as (drawn, (axes,)):
        for point in points:
            if point.epoch == 0:
                axes.axhline(point.tau, color=SOFT, linewidth=1, dashes=(4, 3))
        for name in names:
            for seed in sorted({p.seed for p in trained if p.score == name}):
                curve = np.array(
                    [
                        (p.epoch, p.tau)
                        for p in trained
                        if (p.score, p.seed) == (name, seed)
                    ]
                )
                axes.plot(
                    *curve.T,
                    color=colors[name],
                    marker=marks[name][0],
                    markersize=3,
                )
        axes.set_xlabel("epochs")
        axes.set_ylabel("Kendall's τ")
        few_ticks(axes)
        texts = "; ".join(
            f"{p.score} {p.tau:.3f} after {p.epoch:g} epochs" for p in points
        )
        return Drawing(
            "tau",
            "Rank correlation over training",
            to_svg(drawn, f"Kendall's tau: {texts}."),
            (
                *(Key(marks[name][1], colors[name], name) for name in names),
                Key("┄", SOFT, "scores without training"),
            ),
        )
