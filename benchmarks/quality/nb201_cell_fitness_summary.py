"""What the rows of `nb201_cell_fitness.py` say of fitnesses."""

import collections
import itertools
import math
from collections.abc import Iterable, Sequence

import numpy as np
from nb201_cell_policies import policy_lines
from nb201_cell_rounds import FITNESSES
from nb201_cell_spaces import space_lines
from scipy import stats

from nse_tf.rank_correlation import kendall_tau
from nse_tf.significance import half_interval

COLUMNS = (
    *("course", "seed", "scale", "round", "slot", "cell", "accuracy"),
    *("macs_m", *FITNESSES),
)
# Cells that lie nearer to each other in accuracy make no pair.
LEAST_POINTS = 1.0

Rows = Sequence[dict[str, str]]


def summary(rows: Rows, truth: dict[str, float], macs: np.ndarray) -> list[str]:
    """Returns lines: agreement, pairs, controls, evolution, spaces, policies.

    Intervals are 95 % by Student's t over seeds.

    Args:
        rows: Those of the CSV file.
        truth: The true accuracy of each cell of the table, by its name.
        macs: What each of them costs, in millions.
    """
    courses = by_course(row for row in rows if row["round"] != "end")
    lines = []
    for course in ("random", "shuffled", "frozen"):
        for fitness in FITNESSES:
            seeds = list(courses.get(course, {}).values())
            lines += _agreement(course, fitness, seeds)
    lines += _controls(courses)
    ends = by_course(row for row in rows if row["round"] == "end")
    lines += _ends(ends)
    lines += space_lines(ends, np.array(list(truth.values())), macs)
    return lines + policy_lines(list(courses.get("random", {}).values()), truth)


def by_course(rows: Iterable[dict[str, str]]) -> dict[str, dict[str, Rows]]:
    """Returns rows by course, then by seed."""
    found: dict[str, dict[str, list[dict[str, str]]]] = {}
    for row in rows:
        seeds = found.setdefault(row["course"], {})
        seeds.setdefault(row["seed"], []).append(row)
    return {course: dict(seeds) for course, seeds in found.items()}


def column(rows: Rows, name: str) -> np.ndarray:
    """Returns the numbers of a column."""
    return np.array([float(row[name]) for row in rows])


def _agreement(course: str, fitness: str, seeds: list[Rows]) -> list[str]:
    """Returns a line: τ, partial τ given MACs, and pairs of a round."""
    taus, partial, rights, count = [], [], 0, 0
    for rows in seeds:
        said, truth = column(rows, fitness), column(rows, "accuracy")
        if np.ptp(said) == 0:
            continue
        taus.append(kendall_tau(said, truth))
        partial.append(_partial(said, truth, column(rows, "macs_m")))
        of_seed = [_is_right(*pair, fitness) for pair in _pairs(rows)]
        rights, count = rights + sum(of_seed), count + len(of_seed)
    if not taus:
        return []
    p = stats.binomtest(rights, count).pvalue if count else math.nan
    return [
        f"{course}, {fitness}: tau {described(taus, 3)}, partial "
        f"{described(partial, 3)}; of {count} pairs of a round "
        f"{100 * rights / max(1, count):.1f} % right, p = {p:.2g}"
    ]


def described(values: Sequence[float], digits: int) -> str:
    """Returns a mean, with its interval where there are several values."""
    text = f"{np.mean(values):.{digits}f}"
    if len(values) > 1:
        text += f" ± {half_interval(values):.{digits}f}"
    return f"{text} ({len(values)} seeds)"


def _partial(said: np.ndarray, truth: np.ndarray, macs: np.ndarray) -> float:
    """Returns Kendall's partial τ of two columns, given MACs."""
    both = kendall_tau(said, truth)
    one, other = kendall_tau(said, macs), kendall_tau(truth, macs)
    return (both - one * other) / math.sqrt((1 - one**2) * (1 - other**2))


def _pairs(rows: Rows) -> list[tuple[dict[str, str], dict[str, str]]]:
    """Returns the pairs of a round that are far enough apart."""
    rounds = collections.defaultdict(list)
    for row in rows:
        rounds[row["round"]].append(row)
    return [
        (one, other)
        for of_round in rounds.values()
        for one, other in itertools.combinations(of_round, 2)
        if abs(float(one["accuracy"]) - float(other["accuracy"]))
        >= LEAST_POINTS
    ]


def _is_right(one: dict[str, str], other: dict[str, str], fitness: str) -> bool:
    """Returns whether a pair is ordered as the truth has it."""
    said = float(one[fitness]) - float(other[fitness])
    return said * (float(one["accuracy"]) - float(other["accuracy"])) > 0


def _controls(courses: dict[str, dict[str, Rows]]) -> list[str]:
    """Returns lines: noise of a cell in two slots, and the cell of `none`."""
    controls = list(itertools.chain(*courses.get("controls", {}).values()))
    drawn = list(itertools.chain(*courses.get("random", {}).values()))
    if not controls or not drawn:
        return []
    lines = []
    for fitness in FITNESSES:
        one, twin, nothing = (
            column([row for row in controls if row["slot"] == slot], fitness)
            for slot in "012"
        )
        noise = float(np.mean(np.abs(one - twin)))
        different = [
            abs(float(a[fitness]) - float(b[fitness])) for a, b in _pairs(drawn)
        ]
        sinks = np.mean(nothing < np.minimum(one, twin))
        lines.append(
            f"controls, {fitness}: a cell differs from itself by "
            f"{noise / np.mean(different):.2f} of what cells a point apart do; "
            f"the one of `none` is last in {100 * sinks:.0f} % of rounds"
        )
    return lines


def _ends(courses: dict[str, dict[str, Rows]]) -> list[str]:
    """Returns lines: the mean accuracy of the cells that evolutions end in."""
    return [
        f"evolution by {course}: final cells "
        + described(
            [float(column(rows, "accuracy").mean()) for rows in seeds.values()],
            2,
        )
        for course, seeds in courses.items()
    ]
