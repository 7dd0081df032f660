"""Several objectives and limits, as plain data, and the trials best by them.

keras-tuner sums a list of objectives, whatever their units. Here none is traded
for another: a trial is better than one that it dominates.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import keras_tuner
import moocore
import numpy as np
from keras_tuner.engine.trial import Trial, TrialStatus

from nse_tf.costs import COSTS, base_cost
from nse_tf.trials.trial_results import UNSPECIFIED
from nse_tf.tuners.objectives import read_objective

Table = Mapping[str, np.ndarray]


@dataclasses.dataclass(frozen=True)
class Goals:
    """Objectives and limits of trials, on the metrics that they report.

    Attributes:
        directions: `min` or `max` for each objective; the first is that of
            keras-tuner, which picks the epoch to keep and is shown as score.
        limits: A limit for each metric that has one.
        floors: Which of the limits are lower ones.

    References:
        Deb et al., A fast and elitist multiobjective genetic algorithm: NSGA-II
        (2002), sections III and VI: trials within the limits come first, front
        by front, the others by how far they miss them. Within a front these go
        by the hypervolume that each adds, as in Beume et al., SMS-EMOA (2007),
        of objectives scaled to 0..1.
    """

    directions: Mapping[str, str]
    limits: Mapping[str, float]
    floors: frozenset[str]

    @property
    def first(self) -> Any:
        """The first objective, as keras-tuner has it."""
        name = next(iter(self.directions))
        if name == UNSPECIFIED:
            return read_objective(None)
        return keras_tuner.Objective(name, self.directions[name])

    @property
    def metrics(self) -> set[str]:
        """What every trial must report."""
        return {*self.directions, *self.limits}

    def points_of(self, table: Table) -> np.ndarray:
        """Returns the objectives `(count, num_objectives)`, lower is better."""
        return np.column_stack(
            [
                table[name] * (-1 if best == "max" else 1)
                for name, best in self.directions.items()
            ]
        )

    def excesses_of(self, table: Table) -> np.ndarray:
        """Returns by how much each row misses limits, relative to them."""
        found = np.zeros(len(table[next(iter(self.directions))]))
        for name, limit in self.limits.items():
            over = table[name] - limit
            over = -over if name in self.floors else over
            # A limit of 0 has no share to exceed, so it counts as it is.
            found += np.maximum(over / (abs(limit) or 1.0), 0.0)
        return found

    def front_of(self, table: Table) -> np.ndarray:
        """Returns the rows within the limits that none dominates.

        By the first objective, best first; of equal rows the earlier one.
        Rows with a value that is no number are left out.
        """
        points = self.points_of(table)
        fits = (self.excesses_of(table) == 0.0) & np.isfinite(points).all(
            axis=1
        )
        rows = np.flatnonzero(fits)
        if len(rows) == 0:
            return rows
        rows = rows[moocore.is_nondominated(_two_columns(points[rows]))]
        front: np.ndarray = rows[np.argsort(points[rows, 0], kind="stable")]
        return front

    def table(self, trials: Sequence[Trial]) -> Table:
        """Returns the metrics of the goals, by name.

        A single objective is the trial's score, so that a `score_trial` of the
        user's counts.
        """
        columns = {
            name: [self._value_of(trial, name) for trial in trials]
            for name in self.metrics
        }
        return {name: np.array(each, float) for name, each in columns.items()}

    def _value_of(self, trial: Trial, name: str) -> float:
        is_score = name in self.directions and len(self.directions) == 1
        if is_score and trial.score is not None:
            return float(trial.score)
        return value_of(trial, name)

    def points(self, trials: Sequence[Trial]) -> np.ndarray:
        """Returns `points_of` the table of trials."""
        return self.points_of(self.table(trials))

    def excesses(self, trials: Sequence[Trial]) -> np.ndarray:
        """Returns `excesses_of` the table of trials."""
        return self.excesses_of(self.table(trials))

    def ordered(self, trials: Sequence[Trial]) -> list[Trial]:
        """Returns trials best first; of equals the earlier one."""
        if not trials:
            return []
        points, excesses = self.points(trials), self.excesses(trials)
        fits = excesses == 0.0
        ranks, volumes = np.zeros(len(trials)), np.zeros(len(trials))
        ranks[fits], volumes[fits] = ranked(points[fits])
        # The last key decides first. Trials that miss a limit have neither
        # front nor share, and need none: their excess is above 0.
        order = np.lexsort((-volumes, ranks, excesses))
        return [trials[index] for index in order]

    def front(self, trials: Sequence[Trial]) -> list[Trial]:
        """Returns the trials of `front_of` their table."""
        return [trials[index] for index in self.front_of(self.table(trials))]

    def hypervolumes(
        self,
        trials: Sequence[Trial],
        reference: Mapping[str, float] | None = None,
    ) -> list[float]:
        """Returns the hypervolume of the front after each trial.

        Args:
            trials: In the order they ended.
            reference: The worst value of each objective that counts; None takes
                the worst that any of the trials has within the limits.

        Raises:
            ValueError: If the reference lacks an objective.
        """
        fits = self.excesses(trials) == 0.0
        points = self.points(trials)
        if not fits.any():
            return [0.0] * len(trials)
        worst = points[fits].max(axis=0)
        if reference is not None:
            worst = self._reference(reference)
        return [
            float(moocore.hypervolume(seen, ref=worst)) if len(seen) else 0.0
            for seen in (
                points[: count + 1][fits[: count + 1]]
                for count in range(len(trials))
            )
        ]

    def _reference(self, reference: Mapping[str, float]) -> np.ndarray:
        missing = self.directions.keys() - reference.keys()
        if missing:
            raise ValueError(
                f"`reference` lacks the objectives {sorted(missing)}; it has "
                f"{sorted(reference)}."
            )
        return np.array(
            [
                reference[name] * (-1 if best == "max" else 1)
                for name, best in self.directions.items()
            ]
        )


def read_goals(
    objective: Any, constraints: Mapping[str, float] | None = None
) -> Goals:
    """Returns goals, read as a user writes them.

    Args:
        objective: A name, a `keras_tuner.Objective`, or a list of these; None
            for one number that trials return, the smaller the better, as in
            keras-tuner. Costs (`macs`, `params`, `latency_ms`,
            `size_bytes`) are to be small.
        constraints: For each metric the most that it may be, or the least if it
            is one that should be large.

    Raises:
        TypeError: If an objective is none.
        ValueError: If a direction is unknown, an objective is named twice, or
            a limit is no number.
    """
    listed = objective if isinstance(objective, list | tuple) else [objective]
    asked = [_read_one(each) for each in listed or [None]]
    directions = {each.name: each.direction for each in asked}
    if len(directions) < len(asked):
        raise ValueError(
            f"`objective` names one twice: {list(map(str, asked))}."
        )
    limits = dict(constraints or {})
    for name, limit in limits.items():
        if not np.isfinite(limit):
            raise ValueError(
                f"The limit of {name!r} in `constraints` is {limit}; leave it "
                "out for none."
            )
    return Goals(
        directions,
        limits,
        frozenset(
            name
            for name in limits
            if (directions.get(name) or _read_one(name).direction) == "max"
        ),
    )


def ranked(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns each point's front, from 0, and its share of hypervolume.

    Args:
        points: `(count, num_objectives)`, lower is better.
    """
    if len(points) == 0:
        return np.zeros(0), np.zeros(0)
    span = np.ptp(points, axis=0)
    scaled = (points - points.min(axis=0)) / np.where(span > 0, span, 1.0)
    scaled = _two_columns(scaled)
    ranks = np.asarray(moocore.pareto_rank(scaled), float)
    volumes = np.zeros(len(points))
    for rank in np.unique(ranks):
        members = ranks == rank
        # Beyond the worst, 1, so that the ends of a front have a share, too.
        volumes[members] = moocore.hv_contributions(
            scaled[members], ref=np.full(scaled.shape[1], 1.1)
        )
    return ranks, volumes


def completed(trials: Mapping[str, Trial]) -> list[Trial]:
    """Returns the trials that ended well."""
    return [
        trial
        for trial in trials.values()
        if trial.status == TrialStatus.COMPLETED
    ]


def value_of(trial: Trial, metric: str) -> float:
    """Returns a metric of a trial at the epoch that it is scored by."""
    history = {
        each.step: each.mean() for each in trial.metrics.get_history(metric)
    }
    # A metric need not be reported at the epoch that counts; then its last.
    step = trial.best_step if trial.best_step in history else max(history)
    return float(history[step])


def _read_one(objective: Any) -> Any:
    if isinstance(objective, str) and base_cost(objective) in COSTS:
        return keras_tuner.Objective(objective, "min")
    return read_objective(objective)


def _two_columns(points: np.ndarray) -> np.ndarray:
    """Returns points with a second objective, which moocore asks for."""
    if points.shape[1] > 1:
        return points
    return np.column_stack([points, np.zeros(len(points))])
