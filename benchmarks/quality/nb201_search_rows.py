"""What searches of `nb201_search.py` found: rows, and their summary."""

import csv
import dataclasses
import io
import pathlib
import typing
from collections.abc import Sequence

import moocore
import numpy as np

from nse_tf.spaces.files import write_bytes

# The hypervolume is taken above this accuracy, in percent.
LEAST_ACCURACY = 80.0
BASELINES = ("random, whole space", "most MACs")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Row:
    """What one way of searching found with one seed.

    Attributes:
        way: What the way is called.
        limit_ms: Latency limit; NaN for none.
        seed: Seed of supernet and search.
        num_evaluated: Children whose loss, angle or growth was asked for.
        arch: The cell.
        accuracy: Its true test accuracy, in percent.
        latency_ms: Its measured latency; NaN without a table.
    """

    way: str
    limit_ms: float
    seed: int
    num_evaluated: int
    arch: str
    accuracy: float
    latency_ms: float


def read_rows(path: pathlib.Path) -> list[Row]:
    """Returns the rows of a CSV file; none where there is no file."""
    if not path.exists():
        return []
    kinds = typing.get_type_hints(Row)
    with path.open(encoding="utf-8", newline="") as file:
        return [
            Row(**{name: kinds[name](text) for name, text in line.items()})
            for line in csv.DictReader(file)
        ]


def write_rows(path: pathlib.Path, rows: Sequence[Row]) -> None:
    """Writes rows as CSV, whole or not at all."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(field.name for field in dataclasses.fields(Row))
    writer.writerows(dataclasses.astuple(row) for row in rows)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_bytes(path, text.getvalue().encode())


def summary(rows: Sequence[Row]) -> list[str]:
    """Returns what each way found without a limit, and whether that is more.

    Paired t tests over seeds are against random search, and against the cell
    of most MACs, which no seed changes.
    """
    from scipy import stats

    found: dict[str, dict[int, float]] = {}
    for row in rows:
        if np.isnan(row.limit_ms):
            found.setdefault(row.way, {})[row.seed] = row.accuracy
    lines = []
    for way, by_seed in found.items():
        values = np.array(list(by_seed.values()))
        line = f"{way}: {values.mean():.2f} % of {len(values)} seeds"
        if len(values) > 1:
            line += f", deviation {values.std(ddof=1):.2f}"
        for other in BASELINES:
            gains = values - np.array([found[other][s] for s in by_seed])
            if len(gains) > 1 and gains.std() > 0:
                p = stats.ttest_1samp(gains, 0.0).pvalue
                line += f"; {gains.mean():+.2f} to {other!r}, p = {p:.2g}"
        lines.append(line)
    return lines


def front_summary(
    rows: Sequence[Row], latencies_ms: np.ndarray, accuracies: np.ndarray
) -> list[str]:
    """Returns the share of the true front's hypervolume that each way takes.

    Args:
        rows: All that was found; those without a limit are left out.
        latencies_ms: The latency of each cell.
        accuracies: The true accuracy of each cell, in percent.
    """
    limited = [row for row in rows if not np.isnan(row.limit_ms)]
    if not limited:
        return []
    worst = max(row.limit_ms for row in limited), LEAST_ACCURACY
    best = hypervolume(latencies_ms, accuracies, *worst)
    taken_by: dict[str, dict[int, float]] = {}
    for way in dict.fromkeys(row.way for row in limited):
        for seed in dict.fromkeys(row.seed for row in limited):
            own = [row for row in limited if (row.way, row.seed) == (way, seed)]
            taken = hypervolume(
                np.array([row.latency_ms for row in own]),
                np.array([row.accuracy for row in own]),
                *worst,
            )
            taken_by.setdefault(way, {})[seed] = taken / best
    lines = []
    for way, by_seed in taken_by.items():
        values = np.array(list(by_seed.values()))
        line = f"{way}: {values.mean():.3f} of the true front's hypervolume"
        if len(values) > 1:
            line += f", deviation {values.std(ddof=1):.3f}"
        lines.append(f"{line}, {len(values)} seeds")
    return lines


def hypervolume(
    latencies_ms: np.ndarray,
    accuracies: np.ndarray,
    slowest_ms: float,
    least_accuracy: float,
) -> float:
    """Returns what points take of the plane up to the worst of both."""
    points = np.column_stack([latencies_ms, -accuracies])
    return float(moocore.hypervolume(points, ref=[slowest_ms, -least_accuracy]))
