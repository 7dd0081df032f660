"""Evolution: a drop-in for keras-tuner's own tuners."""

from collections.abc import Mapping
from typing import Any

import keras
import keras_tuner
from keras_tuner.engine.trial import Trial

from nse_tf.distribute.identity import deciding_versions
from nse_tf.distribute.roles import is_worker
from nse_tf.spaces import SearchSpace
from nse_tf.trials.base_tuner import BaseTuner
from nse_tf.tuners.evolution_oracle import EvolutionOracle
from nse_tf.tuners.goals import Goals
from nse_tf.tuners.objectives import ACCURACY
from nse_tf.tuners.space_hypermodel import SpaceHyperModel


class Evolution(BaseTuner):
    """Evolves hyperparameters, or the networks of a space, trained alone.

    Arguments not listed are those of `EvolutionOracle`.

    Args:
        hypermodel: A hypermodel or a function that builds one; see
            `keras_tuner.Tuner`. Also a space, or a Keras model with
            `nse_tf.Choice` layers, whose objective is the validation
            accuracy if none is given.
        **kwargs: See `keras_tuner.Tuner`.

    Raises:
        ValueError: See `EvolutionOracle`.

    Example:
        ```python
        tuner = Evolution(
            space,
            objective=["val_accuracy", "macs"],
            constraints={"params": 50_000},
            max_trials=200,
        )
        tuner.search(images, labels, validation_data=held_out, epochs=5)
        for trial in tuner.pareto_trials():
            ...
        ```
    """

    def __init__(
        self,
        hypermodel: Any = None,
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
        **kwargs: Any,
    ) -> None:
        if isinstance(hypermodel, SearchSpace | keras.Model):
            hypermodel = SpaceHyperModel(hypermodel, seed=seed or 0)
        if objective is None and isinstance(hypermodel, SpaceHyperModel):
            objective = ACCURACY
        oracle = EvolutionOracle(
            objective=objective,
            max_trials=max_trials,
            population=population,
            mutation_probability=mutation_probability,
            constraints=constraints,
            seed=seed,
            hyperparameters=hyperparameters,
            tune_new_entries=tune_new_entries,
            allow_new_entries=allow_new_entries,
            max_retries_per_trial=max_retries_per_trial,
            max_consecutive_failed_trials=max_consecutive_failed_trials,
        )
        self._goals: Goals = oracle.goals
        self._identity = {**deciding_versions(), **oracle.identity()}
        self._final_trials: list[Trial] | None = None
        super().__init__(oracle, hypermodel, **kwargs)

    def on_search_end(self) -> None:
        """Fetches all trials, on a worker, while the chief still serves."""
        super().on_search_end()
        if is_worker():
            self._final_trials = self.oracle.get_best_trials(10**6)

    def pareto_trials(self) -> list[Trial]:
        """Returns the trials within all limits that no other dominates.

        They are sorted by the first objective, best first. A worker asks its
        chief for the trials during the search; after it, these are the trials
        as they were at its end.
        """
        trials = self._final_trials
        if trials is None:
            trials = self.oracle.get_best_trials(10**6)
        return self._goals.front(trials)
