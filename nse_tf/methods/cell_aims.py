"""What a search whose cells evolve aims at, and how a round is trained."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from nse_tf.costs import Budget, BudgetError, CostModel, base_cost
from nse_tf.costs.cell_costs import CellCosts
from nse_tf.jobs import (
    ArchitectureRule,
    CostPenalty,
    RateSchedule,
    WeightRule,
)
from nse_tf.methods.autospace_config import AutoSpaceConfig
from nse_tf.spaces.autospace import REFERENCES
from nse_tf.spaces.motif import EDGES
from nse_tf.spaces.motif_genes import (
    IDENTITY,
    NUM_MOTIFS,
    genes_of_indices,
    indices_of_genes,
)

# In what units penalties count costs, as `CostPenalty` says.
_UNITS = {"macs": 1e6, "params": 1e6, "latency_ms": 1.0}


@dataclasses.dataclass(frozen=True)
class CellAims:
    """What cells may cost, and how they are trained.

    Attributes:
        config: The numbers of the search.
        costs: What cells cost at each block.
        target: What networks are expected to cost; None for whatever they do.
        allowed: Whether each explored motif may be in the population of each
            group, `(num_groups, NUM_MOTIFS)`.
    """

    config: AutoSpaceConfig
    costs: CellCosts
    target: float | None
    allowed: np.ndarray

    weights = WeightRule(rule="mixed")

    @classmethod
    def chosen(
        cls,
        model: CostModel,
        budget: Budget,
        config: AutoSpaceConfig,
        groups: Sequence[Sequence[int]],
    ) -> "CellAims":
        """Returns the aims that follow from settings.

        Raises:
            BudgetError: If no network of cells has the cost that is aimed at.
            ValueError: If the cost is not known.
        """
        if config.cost not in model.names:
            raise ValueError(
                f"`cost` is {config.cost!r}, but there is no table of it: it "
                f"must be one of {', '.join(model.names)}."
            )
        costs = CellCosts(model, config.cost)
        target = config.target
        limit = budget.limits.get(config.cost)
        if target is None and limit is not None:
            target = limit / config.slack
        allowed = np.stack([_useful(model, group) for group in groups])
        if target is not None:
            _require_reachable(costs, target, config.cost)
            allowed &= _cheap(costs, target - costs.backbone, config, groups)
        return cls(config, costs, target, allowed)

    def schedule(self, number: int) -> RateSchedule:
        """Returns the learning rate of a round, part of one fall.

        Where cells begin each round anew, it is a fall of its own.
        """
        first, last = self.config.learning_rates
        if self.config.cell_start == "fresh":
            return RateSchedule(first=first, last=last)
        start, end = (
            first + (last - first) * each / self.config.max_rounds
            for each in (number, number + 1)
        )
        return RateSchedule(first=start, last=end)

    def architecture(
        self, by_block: Sequence[Sequence[int]]
    ) -> ArchitectureRule:
        """Returns how shares of cells are trained.

        Args:
            by_block: The motif in each slot of each block, by its index.
        """
        config = self.config
        return ArchitectureRule(
            rule="first_order",
            rate=config.architecture_rate,
            betas=config.architecture_betas,
            weight_decay=0.0,
            deviation=0.0,
            epochs_without=config.epochs_without,
            penalties=self._penalties(by_block),
            loss_images=config.images_of("loss"),
            distance_images=config.images_of("distance"),
        )

    def _penalties(
        self, by_block: Sequence[Sequence[int]]
    ) -> tuple[CostPenalty, ...]:
        config = self.config
        if self.target is None or not config.penalty:
            return ()
        unit = _UNITS[base_cost(config.cost)]
        target = self.target / unit
        op_costs = self._op_costs(by_block) / unit
        return (
            CostPenalty(
                cost=config.cost,
                target=target,
                coefficient=config.penalty / target**2,
                backbone_cost=self.costs.backbone / unit,
                op_costs=tuple(map(tuple, op_costs.tolist())),
            ),
        )

    def _op_costs(self, by_block: Sequence[Sequence[int]]) -> np.ndarray:
        found: np.ndarray = np.take_along_axis(
            self.costs.by_cell, np.array(by_block), axis=1
        )
        return found

    def expected(
        self, shares: np.ndarray, by_block: Sequence[Sequence[int]]
    ) -> float:
        """Returns the expected cost of networks, by the shares of slots."""
        op_costs = self._op_costs(by_block)
        return self.costs.backbone + float((shares * op_costs).sum())


def _useful(model: CostModel, group: Sequence[int]) -> np.ndarray:
    """Returns which motifs suit the maps of a group, `(NUM_MOTIFS,)`.

    Kernels that would only ever see padding do not; nor do the references,
    which the learned space has in any case.
    """
    blocks = model.space.as_chain().blocks
    widest = min(2 * max(blocks[index].in_size) - 1 for index in group)
    genes = genes_of_indices(np.arange(NUM_MOTIFS))
    sides = genes[:, list(EDGES.values())] - IDENTITY
    found: np.ndarray = np.all(sides <= widest, axis=1)
    found[indices_of_genes(np.array([each.genes for each in REFERENCES]))] = (
        False
    )
    return found


def _require_reachable(costs: CellCosts, target: float, cost: str) -> None:
    """Refuses a target that no network of cells has.

    Raises:
        BudgetError: Naming the least cost.
    """
    least = costs.backbone + float(costs.by_cell.min(axis=1).sum())
    if target < least:
        raise BudgetError(
            f"The target is {target:g} {cost}, but no cell reaches it: the "
            f"cheapest one at every block of space {costs.model.space.name!r} "
            f"comes to {least:g}. Aim higher, or take smaller blocks."
        )


def _cheap(
    costs: CellCosts,
    left: float,
    config: AutoSpaceConfig,
    groups: Sequence[Sequence[int]],
) -> np.ndarray:
    """Returns which motifs each group can afford, `(num_groups, NUM_MOTIFS)`.

    A group's share of what the backbone leaves of the target is what its mean
    cell costs, as a share of what mean cells of all groups do.

    Args:
        costs: What cells cost at each block.
        left: What the backbone leaves of the target.
        config: Says how many such shares a cell may cost.
        groups: The blocks of each group.
    """
    by_group = np.stack(
        [costs.by_cell[list(group)].sum(axis=0) for group in groups]
    )
    means = by_group.mean(axis=1, keepdims=True)
    most = config.max_cost * left * means / means.sum()
    affordable: np.ndarray = by_group <= most
    return affordable
