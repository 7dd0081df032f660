"""Shrinking by angle on shared weights, as an oracle and as a drop-in tuner."""

import os
import pathlib
from typing import Any, ClassVar

import keras

from nse_tf.costs import Budget, CostModel
from nse_tf.methods import OneShotConfig, OneShotSearch
from nse_tf.spaces import SearchSpace
from nse_tf.trials.earlier_supernet import (
    bring_weights,
    read_earlier,
    require_same_training,
)
from nse_tf.tuners.efforts import Effort
from nse_tf.tuners.hypermodel_adapter import read_networks
from nse_tf.tuners.objectives import settled
from nse_tf.tuners.search_oracle import SearchOracle, cost_model_for
from nse_tf.tuners.space_hypermodel import SpaceHyperModel
from nse_tf.tuners.weight_sharing_tuner import WeightSharingTuner


class AngleShrinkingOracle(SearchOracle):
    """Shrinks a space by the angle of its children, then explores it.

    Args:
        hypermodel: What to search: a space, a Keras model with `nse_tf.Choice`
            layers, or a `SpaceHyperModel` of either.
        budget: Limits that the network found must keep; None for no limit.
        config: The numbers of the search; `shrinking=None` there searches the
            space whole. None takes the paper's.
        cost_model: Computes the costs of children. None computes MACs and
            parameters; a limit on latency or file size needs one with a table.
        seed: Seed of everything drawn, in place of that of `config`.
        inherits_from: The folder of a finished search of the same space and
            images by any budget, whose supernet is explored at once; None
            trains one. A winner from there is not trained again, nor changed.
        **kwargs: See `SearchOracle`.

    Raises:
        BudgetError: If nothing in the space can fit the budget.
        ValueError: If the budget needs a `cost_model` with a table, the
            objective is reported by no job, a Keras model is no space, or
            `inherits_from` has no supernet that was explored.

    Attributes:
        method_class: The method that asks for jobs.
        config_class: Its numbers.

    References:
        Hu et al., ABS (2020): https://arxiv.org/abs/2004.13431
    """

    explores_supernet = True
    method_class: ClassVar[type[OneShotSearch]] = OneShotSearch
    config_class: ClassVar[type[OneShotConfig]] = OneShotConfig

    def __init__(
        self,
        hypermodel: SearchSpace | keras.Model | SpaceHyperModel,
        budget: Budget | None = None,
        config: OneShotConfig | None = None,
        cost_model: CostModel | None = None,
        seed: int | None = None,
        inherits_from: str | os.PathLike[str] | None = None,
        **kwargs: Any,
    ) -> None:
        networks = read_networks(hypermodel)
        budget = budget or Budget()
        config = settled(
            config or self.config_class(), seed, kwargs.get("objective")
        )
        source = None if inherits_from is None else pathlib.Path(inherits_from)
        self._source = source
        self._earlier = (
            None if source is None else read_earlier(source, networks.space)
        )
        method = self.method_class(
            cost_model_for(networks.space, budget, cost_model),
            budget,
            config,
            self._earlier,
        )
        super().__init__(method, networks.space, seed=config.seed, **kwargs)
        self.networks = networks

    def claim(self, identity: dict[str, Any]) -> None:
        """Records what decides the outcome; brings the weights to explore.

        Raises:
            ValueError: If these were trained on other images or otherwise; see
                also `PersistentOracle.claim`.
        """
        if self._source is None or self._earlier is None:
            super().claim(identity)
            return
        require_same_training(self._source, identity)
        super().claim(identity)
        bring_weights(self._earlier, self._source, self.folder)

    def _set_project_dir(self, directory: str, project_name: str) -> None:
        """Refuses the folder that weights come from, which may be overwritten.

        Raises:
            ValueError: If it is that one.
        """
        super()._set_project_dir(directory, project_name)
        if self._source and self._source.resolve() == self.folder.resolve():
            raise ValueError(
                f"`inherits_from` is {str(self._source)!r}, the folder of this "
                "search itself: name another `project_name`."
            )


class AngleShrinking(WeightSharingTuner[OneShotConfig]):
    """Shrinks a space by angle, explores it, trains the winner alone.

    `SupernetTuner` and `AngleShrinkingOracle` in the form of keras-tuner's own
    tuners. See `WeightSharingTuner` for all arguments; `config` is a
    `OneShotConfig` here.

    Example:
        ```python
        tuner = AngleShrinking(space, max_macs=1.2e6, effort="quick")
        tuner.search(images, labels, validation_split=0.2)
        model = tuner.get_best_models()[0]
        ```
    """

    oracle_class = AngleShrinkingOracle

    @classmethod
    def config_of(cls, effort: Effort, budget: Budget) -> OneShotConfig:
        """Returns the numbers of an effort; a budget changes none of them."""
        del budget
        return effort.search
