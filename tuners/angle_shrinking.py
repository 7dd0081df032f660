"""AngleShrinking: the search on shared weights as a drop-in tuner."""

from typing import Any

import keras
import keras_tuner

from nse_tf.costs import Budget, CostModel
from nse_tf.methods import OneShotConfig
from nse_tf.spaces import SearchSpace
from nse_tf.tuners.oracles import AngleShrinkingOracle
from nse_tf.tuners.space_hypermodel import SpaceHyperModel
from nse_tf.tuners.supernet_tuner import SupernetTuner


class AngleShrinking(SupernetTuner):
    """Shrinks a space by angle, explores it, trains the winner alone.

    `SupernetTuner` and `AngleShrinkingOracle` in the form of keras-tuner's own
    tuners, for scripts that were written for one of those.

    Args:
        hypermodel: A space, a Keras model with `nse_tf.Choice` layers, or a
            `SpaceHyperModel` of either.
        objective: As of the oracle.
        max_trials: As of the oracle: most trials of all kinds, or None.
        seed: As of the oracle.
        budget: As of the oracle.
        config: As of the oracle.
        costs: Prices children; the `model` of the oracle.
        hyperparameters: As of every oracle.
        tune_new_entries: As of every oracle.
        allow_new_entries: As of every oracle.
        max_retries_per_trial: As of every oracle.
        max_consecutive_failed_trials: As of every oracle.
        **kwargs: As of `SupernetTuner`.

    Raises:
        TypeError: If the hypermodel is nothing of the kind.
        ValueError: As of oracle and tuner.
    """

    def __init__(
        self,
        hypermodel: SearchSpace | keras.Model | SpaceHyperModel,
        objective: Any = None,
        max_trials: int | None = None,
        seed: int | None = None,
        budget: Budget | None = None,
        config: OneShotConfig | None = None,
        costs: CostModel | None = None,
        hyperparameters: keras_tuner.HyperParameters | None = None,
        tune_new_entries: bool = True,
        allow_new_entries: bool = True,
        max_retries_per_trial: int = 0,
        max_consecutive_failed_trials: int = 3,
        **kwargs: Any,
    ) -> None:
        oracle = AngleShrinkingOracle(
            hypermodel,
            budget,
            config,
            costs,
            seed=seed,
            objective=objective,
            max_trials=max_trials,
            hyperparameters=hyperparameters,
            tune_new_entries=tune_new_entries,
            allow_new_entries=allow_new_entries,
            max_retries_per_trial=max_retries_per_trial,
            max_consecutive_failed_trials=max_consecutive_failed_trials,
        )
        super().__init__(oracle, hypermodel, **kwargs)
