"""What a search whose space evolves aims at: a cost, and windows around it."""

import dataclasses

import numpy as np

from nse_tf.costs import Budget, BudgetError, CostModel, base_cost
from nse_tf.evolution.proposals import OpCosting, Window
from nse_tf.jobs import CostPenalty
from nse_tf.methods.nse_config import SpaceEvolutionConfig
from nse_tf.spaces import SearchSpace

# In what units penalties count costs, as `CostPenalty` says.
_UNITS = {"macs": 1e6, "params": 1e6, "latency_ms": 1.0}


@dataclasses.dataclass(frozen=True)
class Aims:
    """What networks should cost.

    Attributes:
        costing: The cost that is aimed at.
        target: What expected costs are drawn to; None for nothing.
        window: Where the cost of proposals must lie.
        extra_window: Where that of extra ones must lie.
    """

    costing: OpCosting
    target: float | None
    window: Window
    extra_window: Window

    @classmethod
    def chosen(
        cls, model: CostModel, budget: Budget, config: SpaceEvolutionConfig
    ) -> "Aims":
        """Returns the aims that follow from settings.

        Without a budget or target there is nothing to aim at, but for
        multi-branch cells, whose number of branches is free.

        Raises:
            BudgetError: If no network has the cost that is aimed at, with the
                costs that can be reached, or the budget allows none of them.
            ValueError: If the cost is not known.
        """
        if config.cost not in model.names:
            raise ValueError(
                f"`cost` is {config.cost!r}, but there is no table of it: it "
                f"must be one of {', '.join(model.names)}."
            )
        costing = OpCosting(
            float(model.backbone[config.cost]),
            model.by_operator[config.cost].astype(np.float64),
        )
        target = config.target
        limit = budget.limits.get(config.cost)
        if target is None and limit is not None:
            target = limit / (1 + config.window_shift + config.window)
        if target is None and model.space.opens_subsets:
            target = _of_one_branch(model.space, costing)
        if target is None:
            everything = Window(-np.inf, np.inf)
            return cls(costing, None, everything, everything)
        middle = target * (1 + config.window_shift)
        half = target * config.window
        window = Window(middle - half, middle + half)
        extra = Window(window.low - target * config.extra_window, window.low)
        if limit is not None and window.low >= limit:
            raise BudgetError(
                f"`target` {target:g} lets in networks of more than "
                f"{window.low:g} {config.cost}, but the budget allows {limit:g}"
                ": aim lower, or leave the target to the budget."
            )
        aims = cls(costing, target, window, extra)
        aims._require_reachable(model.space, config.cost)
        return aims

    def _require_reachable(self, space: SearchSpace, cost: str) -> None:
        lowest, highest = self.costing.reach(space)
        if self.window.high < lowest or self.window.low >= highest:
            raise BudgetError(
                f"No network of space {space.name!r} has {cost} within "
                f"{self.window.low:g} and {self.window.high:g}: they reach "
                f"from {lowest:g} to {highest:g}. Choose another target."
            )

    @property
    def has_extra(self) -> bool:
        """Whether there is anything below the window."""
        return self.extra_window.low > -np.inf

    def penalties(
        self, config: SpaceEvolutionConfig
    ) -> tuple[CostPenalty, ...]:
        """Returns what networks beside the target add to the loss."""
        if self.target is None or not config.penalty:
            return ()
        unit = _UNITS[base_cost(config.cost)]
        target = self.target / unit
        penalty = CostPenalty(
            cost=config.cost,
            target=target,
            coefficient=config.penalty / target**2,
            backbone_cost=self.costing.backbone / unit,
            op_costs=tuple(
                map(tuple, (self.costing.by_operator / unit).tolist())
            ),
        )
        return (penalty,)


def _of_one_branch(space: SearchSpace, costing: OpCosting) -> float:
    """Returns the mean cost of networks with one branch in each cell."""
    return costing.backbone + sum(
        float(row[list(indices)].mean())
        for row, indices in zip(costing.by_operator, space.active, strict=True)
        if indices
    )
