"""Rows of a ranking study, as a CSV file that a resumed study extends."""

import csv
import dataclasses
import io
import math
import pathlib
from collections.abc import Iterable

import numpy as np

from nse_tf.rank_correlation import (
    bootstrap_interval,
    kendall_tau,
    spearman_rho,
    top_k_regret,
)
from nse_tf.significance import half_interval
from nse_tf.spaces.files import write_bytes

TOP_K = 10


# What a row measures, in the order of its columns.
_MEASURES = ("tau", "tau_low", "tau_high", "rho", "regret")


@dataclasses.dataclass(frozen=True, kw_only=True)
class StudyRow:
    """How well one score ranks at one moment of one training.

    Attributes:
        seed: Seed of the training.
        epoch: Passes over the images so far; 0 for scores without training.
        score: Name of the score that ranks.
        base: The weights that an angle is measured from; empty for others.
        num_cells: How many cells were ranked.
        tau: Kendall's τ-b against the true accuracies.
        tau_low: Lower end of its 95 % bootstrap interval over cells; NaN where
            all cells of the space were ranked.
        tau_high: Upper end.
        rho: Spearman's rank correlation.
        regret: True accuracy that the best of the first `TOP_K` lacks to the
            best of all that were ranked, in percent.
    """

    seed: int
    epoch: float
    score: str
    base: str
    num_cells: int
    tau: float
    tau_low: float
    tau_high: float
    rho: float
    regret: float

    @property
    def label(self) -> str:
        """What people call the score."""
        return f"{self.score}, base {self.base}" if self.base else self.score


def row_of(
    scores: np.ndarray,
    truth: np.ndarray,
    score: str,
    *,
    seed: int = 0,
    epoch: float = 0.0,
    base: str = "",
    is_sample: bool = False,
) -> StudyRow:
    """Returns how well scores rank.

    Args:
        scores: One of each cell, `(count,)`.
        truth: Their true accuracies, in percent.
        score: What they are called.
        seed: Seed of the training that they come from.
        epoch: Passes over the images so far.
        base: The weights that an angle is measured from.
        is_sample: Whether the cells are a sample, so that there is an interval.

    Raises:
        ValueError: If a score is not finite.
    """
    if not np.isfinite(scores).all():
        index = int(np.flatnonzero(~np.isfinite(scores))[0])
        raise ValueError(
            f"Score {score!r} of cell {index} is {scores[index]}, no number to "
            "rank by."
        )
    low, high = math.nan, math.nan
    if is_sample:
        low, high = bootstrap_interval(scores, truth)
    return StudyRow(
        seed=seed,
        epoch=epoch,
        score=score,
        base=base,
        num_cells=len(scores),
        tau=kendall_tau(scores, truth),
        tau_low=low,
        tau_high=high,
        rho=spearman_rho(scores, truth),
        regret=top_k_regret(scores, truth, min(TOP_K, len(scores))),
    )


def write_rows(path: pathlib.Path, rows: Iterable[StudyRow]) -> None:
    """Writes rows as CSV, whole or not at all; NaN is left empty."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(field.name for field in dataclasses.fields(StudyRow))
    for row in rows:
        writer.writerow(_text(value) for value in dataclasses.astuple(row))
    write_bytes(path, text.getvalue().encode())


def _text(value: object) -> str:
    if not isinstance(value, float):
        return str(value)
    return "" if math.isnan(value) else repr(value)


def read_rows(path: pathlib.Path) -> list[StudyRow]:
    """Returns the rows that `write_rows` wrote; none where no file is.

    Raises:
        ValueError: If the file holds something else, with the line.
    """
    if not path.exists():
        return []
    header = [field.name for field in dataclasses.fields(StudyRow)]
    lines = list(csv.reader(path.read_text(encoding="utf-8").splitlines()))
    if not lines or lines[0] != header:
        raise ValueError(f"{path} does not begin like the rows of a study.")
    rows = []
    for number, line in enumerate(lines[1:], 2):
        try:
            texts = dict(zip(header, line, strict=True))
            numbers = {
                name: float(texts[name]) if texts[name] else math.nan
                for name in _MEASURES
            }
            rows.append(
                StudyRow(
                    seed=int(texts["seed"]),
                    epoch=float(texts["epoch"]),
                    score=texts["score"],
                    base=texts["base"],
                    num_cells=int(texts["num_cells"]),
                    **numbers,
                )
            )
        except (TypeError, ValueError) as error:
            raise ValueError(
                f"{path}, line {number} does not read: {error}."
            ) from error
    return rows


def summary(rows: Iterable[StudyRow]) -> list[str]:
    """Returns lines with each score's τ at its latest measure.

    That is the mean over seeds, with deviation and 95 % interval of the mean
    (Student's t) where there are several; of one seed's sample, the bootstrap
    interval over its cells.
    """
    last: dict[str, dict[int, StudyRow]] = {}
    for row in rows:
        seeds = last.setdefault(row.label, {})
        if row.seed not in seeds or seeds[row.seed].epoch <= row.epoch:
            seeds[row.seed] = row
    return [_line(list(by_seed.values())) for by_seed in last.values()]


def _line(rows: list[StudyRow]) -> str:
    first, taus = rows[0], np.array([row.tau for row in rows])
    text = f"{first.label}: tau {taus.mean():.4f}"
    if len(rows) > 1:
        deviation = taus.std(ddof=1)
        half = half_interval(taus)
        text += f", deviation {deviation:.4f}, 95 % interval ± {half:.4f}"
    elif not math.isnan(first.tau_low):
        text += f" (95 % interval {first.tau_low:.4f} to {first.tau_high:.4f})"
    if first.epoch:
        text += f" after {first.epoch:g} epochs of {len(rows)} seed(s)"
    return f"{text}, {first.num_cells} cells"
