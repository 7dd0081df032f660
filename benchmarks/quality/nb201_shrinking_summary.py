"""What the rows of `nb201_shrinking.py` say, with intervals and tests."""

from collections.abc import Sequence

import numpy as np

from nse_tf.significance import half_interval, holm, paired_p_value

COLUMNS = (
    "method",
    "shrinking",
    "seed",
    "scale",
    "arch",
    "accuracy",
    "seconds",
    "score_tau",
    "parameter_tau",
    "skip_share",
    "skip_shares",
    "kept_epoch",
)

Rows = Sequence[dict[str, str]]


def summary(rows: Rows) -> list[str]:
    """Returns lines: means, what shrinking gains, agreement with the truth.

    Intervals are 95 % by Student's t over seeds. Gains are paired by seed;
    their p-values are two-sided and corrected together, by Holm.
    """
    return [*_means(rows), "", *_gains(rows), "", *_agreements(rows)]


def _by_kind(
    rows: Rows, column: str
) -> dict[tuple[str, str], dict[str, float]]:
    """Returns numbers by method and shrinking, then by seed."""
    found: dict[tuple[str, str], dict[str, float]] = {}
    for row in rows:
        if row[column]:
            kind = row["method"], row["shrinking"]
            found.setdefault(kind, {})[row["seed"]] = float(row[column])
    return found


def _described(values: Sequence[float], digits: int) -> str:
    """Returns a mean with its interval, where there are several values."""
    array = np.array(values)
    text = f"{array.mean():.{digits}f}"
    if len(array) > 1:
        text += f" ± {half_interval(values):.{digits}f}"
    return f"{text} ({len(array)} seeds)"


def _means(rows: Rows) -> list[str]:
    return [
        f"{method}, shrinking {shrinking}: "
        + _described(list(by_seed.values()), 2)
        + f", from {min(by_seed.values()):.2f} to {max(by_seed.values()):.2f}"
        for (method, shrinking), by_seed in _by_kind(rows, "accuracy").items()
    ]


def _gains(rows: Rows) -> list[str]:
    accuracies = _by_kind(rows, "accuracy")
    names, gains, p_values = [], [], []
    for (method, shrinking), by_seed in accuracies.items():
        whole = accuracies.get((method, "none"), {})
        paired = [
            by_seed[seed] - whole[seed] for seed in by_seed if seed in whole
        ]
        if shrinking == "none" or len(paired) < 2:
            continue
        names.append(f"{method}, shrinking {shrinking}")
        gains.append(paired)
        p_values.append(paired_p_value(paired))
    return [
        f"{name}: gains {_described(paired, 2)}, p = {p:.2g} after Holm"
        for name, paired, p in zip(names, gains, holm(p_values), strict=True)
    ]


def _agreements(rows: Rows) -> list[str]:
    return [
        f"{column} of {method}, shrinking {shrinking}: "
        + _described(list(by_seed.values()), 3)
        for column in ("score_tau", "parameter_tau")
        for (method, shrinking), by_seed in _by_kind(rows, column).items()
    ]
