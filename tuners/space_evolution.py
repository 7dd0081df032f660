"""Evolution of the space itself, as an oracle and as a drop-in tuner."""

from typing import Any

from nse_tf import methods
from nse_tf.costs import Budget, CostModel
from nse_tf.methods import SpaceEvolutionConfig, StartState
from nse_tf.spaces import SearchSpace
from nse_tf.tuners.efforts import Effort
from nse_tf.tuners.hypermodel_adapter import read_networks
from nse_tf.tuners.objectives import settled
from nse_tf.tuners.search_oracle import SearchOracle, cost_model_for
from nse_tf.tuners.space_hypermodel import SpaceHyperModel
from nse_tf.tuners.weight_sharing_tuner import WeightSharingTuner


class SpaceEvolutionOracle(SearchOracle):
    """Evolves a space round by round, after NSE.

    Args:
        hypermodel: What to search: a space, or a `SpaceHyperModel` of one. Its
            active ops are the pool.
        budget: Limits that the network found must keep; None for no limit.
        config: The numbers of the search; None takes the paper's.
        start: State of an earlier search to continue; None starts from scratch.
        cost_model: Computes the costs of networks. None computes MACs and
            parameters; a limit on latency or file size needs one with a table.
        seed: Seed of everything drawn, in place of that of `config`.
        **kwargs: See `SearchOracle`.

    Raises:
        BudgetError: If no network of the pool has the target cost.
        ValueError: If the numbers do not fit the pool, or the budget needs a
            `cost_model` with a table.

    References:
        Ci et al., Evolving Search Space for Neural Architecture Search (2021):
        https://arxiv.org/abs/2011.10904
    """

    def __init__(
        self,
        hypermodel: SearchSpace | SpaceHyperModel,
        budget: Budget | None = None,
        config: SpaceEvolutionConfig | None = None,
        start: StartState | None = None,
        cost_model: CostModel | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        networks = read_networks(hypermodel)
        budget = budget or Budget()
        config = settled(
            config or SpaceEvolutionConfig(), seed, kwargs.get("objective")
        )
        method = methods.SpaceEvolution(
            cost_model_for(networks.space, budget, cost_model),
            budget,
            config,
            start,
        )
        super().__init__(method, networks.space, seed=config.seed, **kwargs)
        self.networks = networks


class SpaceEvolution(WeightSharingTuner[SpaceEvolutionConfig]):
    """Evolves a space of multi-branch cells, trains the winner alone.

    `SupernetTuner` and `SpaceEvolutionOracle` in the form of keras-tuner's own
    tuners. See `WeightSharingTuner` for all arguments; `config` is a
    `SpaceEvolutionConfig` here. To continue from the ops of an earlier search,
    give `SpaceEvolutionOracle` its `start`.

    Example:
        ```python
        tuner = SpaceEvolution(space, max_macs=1.2e6, effort="quick")
        tuner.search(images, labels, validation_split=0.2)
        model = tuner.get_best_models()[0]
        ```
    """

    oracle_class = SpaceEvolutionOracle

    @classmethod
    def config_of(cls, effort: Effort, budget: Budget) -> SpaceEvolutionConfig:
        """Returns the numbers of an effort, aimed at what the budget limits."""
        return effort.evolution_within(budget)
