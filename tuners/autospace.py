"""Evolution of cells into a space, as an oracle and as a drop-in tuner."""

import dataclasses
from typing import Any

from nse_tf import methods
from nse_tf.costs import Budget, CostModel
from nse_tf.methods import AutoSpaceConfig
from nse_tf.spaces import SearchSpace
from nse_tf.supernet import networks_of
from nse_tf.tuners.efforts import Effort
from nse_tf.tuners.hypermodel_adapter import read_networks
from nse_tf.tuners.search_oracle import SearchOracle, cost_model_for
from nse_tf.tuners.space_hypermodel import SpaceHyperModel
from nse_tf.tuners.weight_sharing_tuner import WeightSharingTuner


class AutoSpaceOracle(SearchOracle):
    """Evolves the cells of a chain into a space, after AutoSpace.

    Its trials train rounds of cells; none of them is of a network alone, so
    that none competes for being the best. The answer is `method.learned`.

    Args:
        hypermodel: A chain, such as the space `autospace_tiny`, or a
            `SpaceHyperModel` of one.
        budget: Limits that networks of the learned space are to keep; None for
            no limit.
        config: The numbers of the search.
        cost_model: Computes the costs of cells. None computes MACs and
            parameters; a limit on latency or file size needs one with a table.
        seed: Seed of everything drawn, in place of that of `config`.
        **kwargs: See `SearchOracle`.

    Raises:
        BudgetError: If no network of cells has the cost that is aimed at.
        ValueError: If the space is no plain chain, or the budget needs a
            `cost_model` with a table.

    References:
        Zhou et al., AutoSpace (2021): https://arxiv.org/abs/2103.11833
    """

    def __init__(
        self,
        hypermodel: SearchSpace | SpaceHyperModel,
        budget: Budget | None = None,
        config: AutoSpaceConfig | None = None,
        cost_model: CostModel | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        space = read_networks(hypermodel).space
        budget = budget or Budget()
        config = config or AutoSpaceConfig()
        if seed is not None:
            config = dataclasses.replace(config, seed=seed)
        self.cells = methods.AutoSpace(
            cost_model_for(space, budget, cost_model), budget, config
        )
        slots = self.cells.slots
        super().__init__(self.cells, slots, seed=config.seed, **kwargs)
        self.networks = networks_of(slots)


class AutoSpace(WeightSharingTuner[AutoSpaceConfig]):
    """Evolves the cells of a chain into a space, which others search.

    `SupernetTuner` and `AutoSpaceOracle` in the form of keras-tuner's own
    tuners. See `WeightSharingTuner` for all arguments; `config` is an
    `AutoSpaceConfig` here. It trains no network alone, so there are no best
    models: its answer is `learned_space`.

    Example:
        ```python
        tuner = AutoSpace(space, max_macs=1.2e6, effort="quick")
        tuner.search(images, labels, validation_split=0.2)
        search = AngleShrinking(tuner.learned_space, max_macs=1.2e6)
        ```
    """

    oracle_class = AutoSpaceOracle

    @classmethod
    def config_of(cls, effort: Effort, budget: Budget) -> AutoSpaceConfig:
        """Returns the numbers of an effort, aimed at what the budget limits."""
        return effort.cells_within(budget)

    @property
    def learned_space(self) -> SearchSpace:
        """The space that was learned.

        Raises:
            ValueError: If the search has not ended.
        """
        found: SearchSpace = self.oracle.cells.learned
        return found
