"""Evolution of any hyperparameters, for one objective or several."""

import json
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any

import keras_tuner
import numpy as np
from keras_tuner.engine.trial import Trial, TrialStatus

from nse_tf.distribute.identity import require_own_format
from nse_tf.distribute.leased_trials import LeasedTrials, accepting_ids
from nse_tf.distribute.locking import synchronized
from nse_tf.spaces.files import write_json
from nse_tf.trials.job_files import error_path
from nse_tf.tuners.goals import Goals, completed, read_goals
from nse_tf.version import __version__

MAX_TRIES = 200


class EvolutionOracle(LeasedTrials, keras_tuner.Oracle):
    """Breeds hyperparameters from the best trials so far.

    The first `population` trials are drawn at random. Every later one has two
    parents, each the better of two drawn from the `population` best so far;
    takes each value from either; and redraws some. A trial is a function of the
    seed, its number and the trials that ended before, so a search that is
    killed and resumed comes to the same result.

    Args:
        objective: One objective, or several, none of which is traded for
            another; see `read_goals`. None asks trials for one number and
            minimizes it, as keras-tuner does.
        max_trials: Most trials.
        population: How many trials are drawn before any is bred, and how many
            of the best may be parents.
        mutation_probability: Probability that a value is redrawn instead of
            inherited; one value is redrawn where a child would repeat a trial.
        constraints: Limits on metrics; see `read_goals`. Trials that miss one
            come after all that keep them.
        seed: Seed of everything drawn; 0 is a seed, None draws one.
        hyperparameters: See `keras_tuner.Oracle`.
        tune_new_entries: See `keras_tuner.Oracle`.
        allow_new_entries: See `keras_tuner.Oracle`.
        max_retries_per_trial: See `keras_tuner.Oracle`.
        max_consecutive_failed_trials: See `keras_tuner.Oracle`.

    Attributes:
        goals: Objectives and limits.

    Raises:
        ValueError: If a number is out of range, or a direction is unknown.
    """

    def __init__(
        self,
        objective: Any = None,
        max_trials: int | None = 10,
        population: int = 20,
        mutation_probability: float = 0.2,
        constraints: Mapping[str, float] | None = None,
        seed: int | None = None,
        hyperparameters: keras_tuner.HyperParameters | None = None,
        tune_new_entries: bool = True,
        allow_new_entries: bool = True,
        max_retries_per_trial: int = 0,
        max_consecutive_failed_trials: int = 3,
    ) -> None:
        if population < 2 or not 0 < mutation_probability <= 1:
            raise ValueError(
                "`population` must be at least 2 and `mutation_probability` "
                f"lie in (0, 1], not {population} and {mutation_probability}."
            )
        self.goals: Goals = read_goals(objective, constraints)
        super().__init__(
            objective=self.goals.first,
            max_trials=max_trials,
            hyperparameters=hyperparameters,
            tune_new_entries=tune_new_entries,
            allow_new_entries=allow_new_entries,
            seed=seed,
            max_retries_per_trial=max_retries_per_trial,
            max_consecutive_failed_trials=max_consecutive_failed_trials,
        )
        self._is_seeded = seed is not None
        if seed is not None:
            self.seed = seed  # keras-tuner takes 0 for none and draws one.
        self._is_exhausted = False
        self._population = population
        self._mutation_probability = mutation_probability

    def populate_space(self, trial_id: str) -> dict[str, Any]:
        """Returns the values of a new trial; see `keras_tuner.Oracle`."""
        del trial_id
        rng = np.random.default_rng([self.seed, len(self.start_order)])
        ended = completed(self.trials)
        best = self.goals.ordered(ended)[: self._population]
        # Half of the tries breed. If all of those children are known, the
        # others draw at random; a search ends if these are known, too.
        for attempt in range(MAX_TRIES if self.failure is None else 0):
            values = (
                self._bred(best, rng, attempt > 0)
                if len(ended) >= self._population and attempt < MAX_TRIES // 2
                else self._drawn({}, rng)
            )
            if not self._duplicate(values):
                return {"status": TrialStatus.RUNNING, "values": values}
        self._is_exhausted = True
        return {"status": TrialStatus.STOPPED}

    @synchronized
    def create_trial(self, tuner_id: str) -> Trial:
        """Returns a trial to run; see `keras_tuner.Oracle`.

        A trial that is repeated because its worker died drops its metrics.
        """
        trial = super().create_trial(tuner_id)
        if trial.status == TrialStatus.RUNNING:
            trial.metrics = type(trial.metrics)()
        elif self._may_be_needed(trial):
            trial.status = TrialStatus.IDLE
        return trial

    @synchronized
    def is_over(self) -> bool:
        """Whether no trial is running and none is left to run."""
        if self.ongoing_trials or self._retry_queue:
            return self.failure is not None and not self.ongoing_trials
        return (
            self.failure is not None
            or self._is_exhausted
            or self.remaining_trials() == 0
        )

    def _bred(
        self, best: Sequence[Trial], rng: np.random.Generator, is_forced: bool
    ) -> dict[str, Any]:
        """Returns a child's values; `best` is in order."""
        parents = [
            # The smaller index is the better trial: a tournament of two.
            best[int(rng.integers(len(best), size=2).min())].hyperparameters
            for _ in range(2)
        ]
        names = sorted(parents[0].values | parents[1].values)
        inherited = {}
        redrawn = rng.integers(len(names)) if is_forced and names else -1
        for index, name in enumerate(names):
            mine, other = parents if rng.random() < 0.5 else parents[::-1]
            # Under a condition, one parent alone may have a value.
            value = mine.values.get(name, other.values.get(name))
            is_mutated = rng.random() < self._mutation_probability
            if not is_mutated and index != redrawn:
                inherited[name] = value
        return self._drawn(inherited, rng)

    def _drawn(
        self, given: Mapping[str, Any], rng: np.random.Generator
    ) -> dict[str, Any]:
        """Returns a value for everything active: the given one, or a new one.

        Conditions are followed in order, so that no value is left for
        keras-tuner to draw by a seed of its own.
        """
        chosen = keras_tuner.HyperParameters()
        for each in self.hyperparameters.space:
            seed = int(rng.integers(2**31))  # Drawn whether used or not.
            chosen.merge([each])
            if chosen.is_active(each):
                value = given.get(each.name, each.random_sample(seed))
                plain = value.item() if hasattr(value, "item") else value
                chosen.values[each.name] = plain
        values: dict[str, Any] = chosen.values
        return values

    @synchronized
    def update_trial(
        self, trial_id: str, metrics: Mapping[str, float], step: int = 0
    ) -> Any:
        """Records metrics; see `keras_tuner.Oracle`.

        Raises:
            FatalValueError: If an objective, or what a limit is on, is missing.
            ValueError: If one is no finite number; the trial may be retried.
        """
        missing = sorted(self.goals.metrics - set(metrics))
        if missing:  # Before the lock is taken.
            raise keras_tuner.errors.FatalValueError(
                f"Objective value missing: no trial reports {missing}, which "
                "`objective` or `constraints` names; this one reported "
                f"{sorted(metrics)}. Let `HyperModel.fit` return it with the "
                "others."
            )
        plain = {name: float(value) for name, value in metrics.items()}
        for name in self.goals.metrics:
            if not np.isfinite(plain[name]):
                raise ValueError(
                    f"A trial reported {name} {plain[name]}, which is not a "
                    "finite number: did its training diverge?"
                )
        known = {k: v for k, v in plain.items() if np.isfinite(v)}
        return super().update_trial(trial_id, known, step)

    @accepting_ids
    @synchronized
    def end_trial(self, trial: Trial) -> None:
        """Ends a trial, with the error that a worker left in its folder.

        A trial that ended before stays as it is: its worker was taken for dead
        and reports late.
        """
        if trial.trial_id in self.end_order:
            return
        if trial.trial_id in self._retry_queue:  # It was only slow.
            self._retry_queue.remove(trial.trial_id)
        if trial.status != TrialStatus.COMPLETED and not trial.message:
            path = error_path(pathlib.Path(self._project_dir), trial.trial_id)
            if path.exists():
                trial.message = path.read_text()
        super().end_trial(trial)

    def _retry(self, trial: Trial) -> bool:
        """Drops the metrics of a trial that is retried."""
        is_again: bool = super()._retry(trial)
        if is_again:
            trial.metrics = type(trial.metrics)()
        return is_again

    def _check_consecutive_failures(self) -> None:
        """Ends the search after too many failures, but raises no error here."""
        try:
            super()._check_consecutive_failures()
        except RuntimeError as error:
            self.failure = error

    def get_best_trials(self, num_trials: int = 1) -> list[Trial]:
        """Returns the best completed trials, best first; no others."""
        return self.goals.ordered(completed(self.trials))[:num_trials]

    def pareto_trials(self) -> list[Trial]:
        """Returns the trials within all limits that no other dominates.

        They are sorted by the first objective, best first.
        """
        return self.goals.front(completed(self.trials))

    def hypervolume_trace(
        self, reference: Mapping[str, float] | None = None
    ) -> list[float]:
        """Returns the hypervolume of the front after each completed trial.

        Args:
            reference: The worst value of each objective that counts; None takes
                the worst so far, so that searches cannot be compared.
        """
        ended = [
            self.trials[trial_id]
            for trial_id in self.end_order
            if self.trials[trial_id].status == TrialStatus.COMPLETED
        ]
        return self.goals.hypervolumes(ended, reference)

    def _settings(self) -> dict[str, Any]:
        """Returns the settings that a resumed search must share."""
        return {
            "objective": dict(self.goals.directions),
            "constraints": dict(self.goals.limits),
            "population": self._population,
            "mutation_probability": self._mutation_probability,
            "seed": self.seed,
        }

    def identity(self) -> dict[str, Any]:
        """Returns what a chief and its workers must have in common."""
        own = {**self._settings(), "max_trials": self.max_trials}
        if not self._is_seeded:
            del own["seed"]
        return own

    def get_state(self) -> dict[str, Any]:
        """Returns keras-tuner's state, the settings and the version."""
        state: dict[str, Any] = super().get_state()
        return {
            **state,
            "settings": self._settings(),
            "version": __version__,
        }

    def set_state(self, state: dict[str, Any]) -> None:
        """Resumes from a state; a seed that was drawn is kept.

        Raises:
            ValueError: If the state is that of another oracle or version, or
                has other settings; names both.
        """
        project = self._project_dir or "The project"
        if "settings" not in dict(state):  # TypeError if it is damaged.
            raise ValueError(
                f"{project} was begun by another oracle. Name another "
                "`project_name`, or start over with `overwrite=True`."
            )
        require_own_format(project, state.get("version"))
        theirs, ours = state["settings"], self._settings()
        if not self._is_seeded:
            ours["seed"] = theirs["seed"]
        for name, value in ours.items():
            if value != theirs[name]:
                raise ValueError(
                    f"The project was begun with `{name}` {theirs[name]!r}, "
                    f"not {value!r}. Name another `project_name`, or start "
                    "over with `overwrite=True`."
                )
        super().set_state(state)

    def reload(self) -> None:
        """Resumes from the state in the project's folder.

        Raises:
            ValueError: If the file is damaged or by another version; names it.
        """
        path = pathlib.Path(self._get_oracle_fname())
        try:
            super().reload()
        except (json.JSONDecodeError, AttributeError, TypeError) as error:
            raise ValueError(
                f"{path} or a trial beside it is damaged: {error}. Name "
                "another `project_name`, or start over with `overwrite=True`."
            ) from error
        self.trials: dict[str, Trial] = {
            trial_id: self.trials[trial_id]
            for trial_id in self.start_order
            if trial_id in self.trials
        }
        self._retry_queue: list[str] = [
            trial_id
            for trial_id in self._retry_queue
            if trial_id not in self.end_order  # The state is written first.
        ]

    def save(self) -> None:
        """Writes the state, whole or not at all."""
        write_json(pathlib.Path(self._get_oracle_fname()), self.get_state())

    def _save_trial(self, trial: Trial) -> None:
        """Writes a trial, whole or not at all."""
        folder = pathlib.Path(self._get_trial_dir(trial.trial_id))
        write_json(folder / "trial.json", trial.get_state())
