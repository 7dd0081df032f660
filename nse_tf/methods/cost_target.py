"""What a differentiable search wants its networks to cost."""

import dataclasses

import numpy as np

from nse_tf.costs import Budget, BudgetError, CostModel, base_cost
from nse_tf.jobs import CostPenalty

# In what units penalties count costs, as `CostPenalty` says.
_UNITS = {"macs": 1e6, "params": 1e6, "latency_ms": 1.0}
_SMALL_UNITS = {"macs": 1.0, "params": 1.0, "latency_ms": 1e-3}


@dataclasses.dataclass(frozen=True)
class CostTarget:
    """A cost, and what networks should have of it.

    Attributes:
        model: Cost model of the space.
        cost: Name of the cost.
        value: What networks should cost; None for whatever they do.
    """

    model: CostModel
    cost: str
    value: float | None

    @classmethod
    def chosen(
        cls, model: CostModel, budget: Budget, cost: str, target: float | None
    ) -> "CostTarget":
        """Returns the target that follows from settings.

        Args:
            model: Cost model of the whole space.
            budget: Its limit on the cost is the target where none is given.
            cost: Name of the cost.
            target: What is asked for.

        Raises:
            BudgetError: If no network costs what is asked for.
            ValueError: If the cost is not known.
        """
        if cost not in model.names:
            raise ValueError(
                f"`cost` is {cost!r}, but there is no table of it: it must be "
                f"one of {', '.join(model.names)}."
            )
        if target is None:
            return cls(model, cost, budget.limits.get(cost))
        low, high = model.range(cost)
        if not low <= target <= high:
            raise BudgetError(
                f"`target` is {target:g} {cost}, but networks of space "
                f"{model.space.name!r} reach from {low:g} to {high:g}."
            )
        return cls(model, cost, target)

    def of(self, model: CostModel) -> "CostTarget":
        """Returns the same target for a space that was shrunk."""
        return dataclasses.replace(self, model=model)

    def expected(self, probabilities: np.ndarray) -> float:
        """Returns the expected cost of networks that are drawn.

        Args:
            probabilities: That each candidate is the open one of its block,
                `(num_blocks, max_candidates)`, 0 where not active.
        """
        op_costs = self.model.by_operator[self.cost]
        return float(self.model.backbone[self.cost]) + float(
            (probabilities * op_costs).sum()
        )

    def penalty(
        self, form: str, coefficient: float, exponent: float
    ) -> tuple[CostPenalty, ...]:
        """Returns what missing the target adds to the loss; none without one.

        Args:
            form: See `CostPenalty`.
            coefficient: See there.
            exponent: See there; forms that take none leave it.
        """
        if self.value is None:
            return ()
        units = _SMALL_UNITS if form == "log_factor" else _UNITS
        unit = units[base_cost(self.cost)]
        op_costs = self.model.by_operator[self.cost] / unit
        exponents = {} if form == "relative" else {"exponent": exponent}
        return (
            CostPenalty(
                form=form,
                cost=self.cost,
                target=self.value / unit,
                coefficient=coefficient,
                backbone_cost=float(self.model.backbone[self.cost]) / unit,
                op_costs=tuple(map(tuple, op_costs.tolist())),
                **exponents,
            ),
        )
