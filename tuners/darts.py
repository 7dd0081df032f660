"""Mixing candidates and drawing from the mixture, as oracle and tuner."""

from typing import Any

from nse_tf.costs import Budget, CostModel
from nse_tf.methods import DartsConfig, DartsSearch
from nse_tf.spaces import SearchSpace
from nse_tf.training import DARTS_RECIPE
from nse_tf.tuners.efforts import Effort
from nse_tf.tuners.hypermodel_adapter import read_networks
from nse_tf.tuners.mixture_tuner import MixtureTuner
from nse_tf.tuners.objectives import settled
from nse_tf.tuners.search_oracle import SearchOracle, cost_model_for
from nse_tf.tuners.space_hypermodel import SpaceHyperModel


class DartsOracle(SearchOracle):
    """Trains a mixture of all candidates, then draws a network from it.

    Args:
        hypermodel: What to search: a space of cells, or a `SpaceHyperModel` of
            one.
        budget: Limits that the network found must keep; None for no limit.
        config: The numbers of the search; None takes those of DARTS on
            CIFAR-10.
        cost_model: Computes the costs of networks. None computes MACs and
            parameters.
        seed: Seed of everything drawn, in place of that of `config`.
        **kwargs: See `SearchOracle`.

    Raises:
        BudgetError: If nothing in the space can fit the budget.
        ValueError: If the space has no cells, or the budget needs a
            `cost_model` with a table.

    References:
        Liu et al., DARTS (2019): https://arxiv.org/abs/1806.09055
    """

    def __init__(
        self,
        hypermodel: SearchSpace | SpaceHyperModel,
        budget: Budget | None = None,
        config: DartsConfig | None = None,
        cost_model: CostModel | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        networks = read_networks(hypermodel)
        budget = budget or Budget()
        config = settled(config or DartsConfig(), seed, kwargs.get("objective"))
        method = DartsSearch(
            cost_model_for(networks.space, budget, cost_model), budget, config
        )
        super().__init__(method, networks.space, seed=config.seed, **kwargs)
        self.networks = networks


class Darts(MixtureTuner[DartsConfig]):
    """Mixes the candidates of cells, trains the network drawn alone.

    `SupernetTuner` and `DartsOracle` in the form of keras-tuner's own tuners.
    See `WeightSharingTuner` for all arguments; `config` is a `DartsConfig`
    here.

    Example:
        ```python
        tuner = Darts(space, max_params=1e6, effort="quick")
        tuner.search(images, labels, validation_split=0.2)
        model = tuner.get_best_models()[0]
        ```
    """

    oracle_class = DartsOracle
    mixed_recipe = DARTS_RECIPE

    @classmethod
    def config_of(cls, effort: Effort, budget: Budget) -> DartsConfig:
        """Returns the numbers of an effort; a budget changes none of them."""
        del budget
        return effort.mixture
