"""ProxylessNAS, as an oracle and as a drop-in tuner."""

from typing import Any

import keras

from nse_tf import methods
from nse_tf.costs import Budget, CostModel
from nse_tf.methods import ProxylessNASConfig
from nse_tf.spaces import SearchSpace
from nse_tf.tuners.efforts import Effort
from nse_tf.tuners.hypermodel_adapter import read_networks
from nse_tf.tuners.objectives import settled
from nse_tf.tuners.search_oracle import SearchOracle, cost_model_for
from nse_tf.tuners.space_hypermodel import SpaceHyperModel
from nse_tf.tuners.weight_sharing_tuner import WeightSharingTuner


class ProxylessNASOracle(SearchOracle):
    """Trains weights and architecture parameters by binary gates.

    Args:
        hypermodel: What to search: a space, a Keras model with `nse_tf.Choice`
            layers, or a `SpaceHyperModel` of either.
        budget: Limits that the network found must keep; None for no limit.
        config: The numbers of the search; `shrinking` there shrinks the space
            first. None takes the paper's.
        cost_model: Computes the costs of networks. None computes MACs and
            parameters; a limit on latency or file size needs one with a table.
        seed: Seed of everything drawn, in place of that of `config`.
        **kwargs: See `SearchOracle`.

    Raises:
        BudgetError: If nothing in the space can fit the budget, or cost what
            is aimed at.
        ValueError: If the budget needs a `cost_model` with a table, the space
            cannot have the gates that are asked for, or a Keras model is no
            space.

    References:
        Cai et al., ProxylessNAS (2019): https://arxiv.org/abs/1812.00332
    """

    def __init__(
        self,
        hypermodel: SearchSpace | keras.Model | SpaceHyperModel,
        budget: Budget | None = None,
        config: ProxylessNASConfig | None = None,
        cost_model: CostModel | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        networks = read_networks(hypermodel)
        budget = budget or Budget()
        config = settled(
            config or ProxylessNASConfig(), seed, kwargs.get("objective")
        )
        method = methods.ProxylessNAS(
            cost_model_for(networks.space, budget, cost_model), budget, config
        )
        super().__init__(method, networks.space, seed=config.seed, **kwargs)
        self.networks = networks


class ProxylessNAS(WeightSharingTuner[ProxylessNASConfig]):
    """Searches by ProxylessNAS's gates, trains the winner alone.

    `SupernetTuner` and `ProxylessNASOracle` in the form of keras-tuner's own
    tuners. See `WeightSharingTuner` for all arguments; `config` is a
    `ProxylessNASConfig` here. An effort shrinks the space by angle first; a
    `config` does so where it has `shrinking`.

    Example:
        ```python
        tuner = ProxylessNAS(space, max_macs=1.2e6, effort="quick")
        tuner.search(images, labels, validation_split=0.2)
        model = tuner.get_best_models()[0]
        ```
    """

    oracle_class = ProxylessNASOracle

    @classmethod
    def config_of(cls, effort: Effort, budget: Budget) -> ProxylessNASConfig:
        """Returns the numbers of an effort, aimed at what the budget limits."""
        return effort.shrunk_first(effort.proxylessnas_within(budget))
