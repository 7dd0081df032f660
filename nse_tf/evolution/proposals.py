"""Proposals: multi-branch networks within a window of costs.

Cells are drawn by their ops' probabilities to be open. Where that meets the
window too seldom, as it does before indicators are trained, the draw is bent:
the odds of each op are multiplied by `exp(-bend · cost)`, with the one number
`bend` that puts the expected cost into the middle of the window. Of all
distributions with that expectation it is the nearest to the one asked for.
"""

import dataclasses
import math

import numpy as np

from nse_tf.costs import BudgetError
from nse_tf.spaces import SearchSpace
from nse_tf.spaces.subsets import open_subsets

# Draws are bent if fewer of them than this share are within the window.
SELDOM = 0.02
_BATCH = 4096
_MOST_BATCHES = 500
# So many batches without anything new say that there is no more.
_PATIENCE = 20
_BISECTIONS = 100

Genes = tuple[tuple[int, ...], ...]


@dataclasses.dataclass(frozen=True)
class OpCosting:
    """One cost of multi-branch networks: a fixed part and open ops.

    Attributes:
        backbone: Of what all networks share.
        by_operator: Of each op, `(num_blocks, max_candidates)`.
    """

    backbone: float
    by_operator: np.ndarray

    def of(self, genes: Genes) -> float:
        """Returns the cost of a network."""
        return self.backbone + float(
            sum(
                self.by_operator[place, index]
                for place, gene in enumerate(genes)
                for index in gene
            )
        )

    def reach(self, space: SearchSpace) -> tuple[float, float]:
        """Returns the lowest and the highest cost in a space."""
        rows = [
            row[list(indices)]
            for row, indices in zip(self.by_operator, space.active, strict=True)
        ]
        lowest = sum(
            float(row.min()) if block.min_open else 0.0
            for row, block in zip(rows, space.blocks, strict=True)
        )
        highest = sum(float(row.sum()) for row in rows)
        return self.backbone + lowest, self.backbone + highest

    def expected(self, space: SearchSpace, opened: np.ndarray) -> float:
        """Returns the expected cost of a draw by probabilities.

        Args:
            space: What is drawn from.
            opened: Probabilities, `(num_blocks, max_candidates)`.
        """
        total = self.backbone
        for block, indices, op_costs, row in zip(
            space.blocks, space.active, self.by_operator, opened, strict=True
        ):
            chosen = list(indices)
            mean = float((op_costs[chosen] * row[chosen]).sum())
            if block.min_open:  # Given that one is open.
                mean /= -float(np.expm1(np.log1p(-row[chosen]).sum()))
            total += mean
        return total


@dataclasses.dataclass(frozen=True)
class Window:
    """Costs above `low` and up to `high`."""

    low: float
    high: float

    @property
    def middle(self) -> float:
        """The middle."""
        return (self.low + self.high) / 2


@dataclasses.dataclass(frozen=True)
class Proposals:
    """What was drawn.

    Attributes:
        genes: Distinct networks, in the order that they were drawn.
        bend: What costs were multiplied by, 0 where the draw was not bent.
        shift: By how much that moved the probabilities of active ops, in the
            mean.
    """

    genes: tuple[Genes, ...]
    bend: float
    shift: float


def propose(
    space: SearchSpace,
    opened: np.ndarray,
    costing: OpCosting,
    window: Window,
    count: int,
    rng: np.random.Generator,
) -> Proposals:
    """Returns distinct networks whose cost lies within a window.

    Args:
        space: Its active ops are drawn from.
        opened: Probability of each op to be open, `(num_blocks,
            max_candidates)`, between 0 and 1.
        costing: What networks cost.
        window: Where the cost has to lie.
        count: How many are wanted; fewer come where there seem to be no more.
        rng: Draws them.

    Raises:
        BudgetError: If no network lies within the window; with the costs that
            can be reached.
    """
    _require_reachable(space, costing, window)
    bend = _bend(space, opened, costing, window, rng)
    bent = bent_by(opened, costing, bend) if bend else opened
    found: dict[bytes, np.ndarray] = {}
    idle = 0
    for _ in range(_MOST_BATCHES):
        draws, costs = _drawn(space, bent, costing, _BATCH, rng)
        before = len(found)
        for draw in draws[(costs > window.low) & (costs <= window.high)]:
            if len(found) < count:
                found.setdefault(np.packbits(draw).tobytes(), draw)
        idle = 0 if len(found) > before else idle + 1
        if len(found) == count or idle == _PATIENCE:
            break
    if not found:
        lowest, highest = costing.reach(space)
        raise BudgetError(
            f"Of {_MOST_BATCHES * _BATCH} networks none has a cost within "
            f"{window.low:g} and {window.high:g}; the space reaches from "
            f"{lowest:g} to {highest:g}. Widen the window."
        )
    return Proposals(
        tuple(_as_genes(space, draw) for draw in found.values()),
        bend,
        _shift(space, opened, bent),
    )


def _require_reachable(
    space: SearchSpace, costing: OpCosting, window: Window
) -> None:
    lowest, highest = costing.reach(space)
    if window.high < lowest or window.low >= highest:
        raise BudgetError(
            f"No network has a cost within {window.low:g} and "
            f"{window.high:g}: the space reaches from {lowest:g} to "
            f"{highest:g}. Choose a target within that."
        )


def _bend(
    space: SearchSpace,
    opened: np.ndarray,
    costing: OpCosting,
    window: Window,
    rng: np.random.Generator,
) -> float:
    """Returns the bend that is needed, or 0 if the window is met without."""
    _, costs = _drawn(space, opened, costing, _BATCH, rng)
    is_within = (costs > window.low) & (costs <= window.high)
    if is_within.mean() >= SELDOM:
        return 0.0
    scale = 1.0 / max(float(np.abs(costing.by_operator).mean()), 1e-300)
    low, high = -1e3 * scale, 1e3 * scale
    for _ in range(_BISECTIONS):
        bend = (low + high) / 2
        bent = bent_by(opened, costing, bend)
        if costing.expected(space, bent) > window.middle:
            low = bend
        else:
            high = bend
    return (low + high) / 2


def bent_by(opened: np.ndarray, costing: OpCosting, bend: float) -> np.ndarray:
    """Returns probabilities whose odds are lower the dearer an op is.

    Args:
        opened: Probabilities, `(num_blocks, max_candidates)`.
        costing: What ops cost.
        bend: Of the odds' logarithm, for each unit of cost.
    """
    odds = np.log(opened) - np.log1p(-opened) - bend * costing.by_operator
    # So that nothing is ever certain, and a last op can still be drawn.
    odds = np.clip(odds, -300.0, 30.0)
    bent: np.ndarray = 1.0 / (1.0 + np.exp(-odds))
    return bent


def _drawn(
    space: SearchSpace,
    opened: np.ndarray,
    costing: OpCosting,
    count: int,
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:
    """Returns draws, bool `(count, num_operators)`, and their costs."""
    draws = []
    costs = np.full(count, float(costing.backbone))
    for block, indices, row, op_costs in zip(
        space.blocks, space.active, opened, costing.by_operator, strict=True
    ):
        chosen = list(indices)
        subsets = open_subsets(row[chosen], count, rng, block.min_open > 0)
        draws.append(subsets)
        costs += subsets @ op_costs[chosen]
    return np.concatenate(draws, axis=1), costs


def _as_genes(space: SearchSpace, draw: np.ndarray) -> Genes:
    genes, start = [], 0
    for indices in space.active:
        opened = draw[start : start + len(indices)]
        genes.append(
            tuple(
                i for i, is_open in zip(indices, opened, strict=True) if is_open
            )
        )
        start += len(indices)
    return tuple(genes)


def _shift(space: SearchSpace, before: np.ndarray, after: np.ndarray) -> float:
    """Returns the mean change of the probabilities of active ops."""
    changes = [
        abs(float(before[operator] - after[operator]))
        for operator in space.operators
    ]
    return math.fsum(changes) / max(1, len(changes))


def propose_paths(
    space: SearchSpace,
    costing: OpCosting,
    window: Window,
    count: int,
    rng: np.random.Generator,
) -> Proposals:
    """Returns distinct lawful paths, drawn uniformly from a window of costs.

    Arguments and errors as of `propose`.
    """
    _require_reachable(space, costing, window)
    found: dict[bytes, np.ndarray] = {}
    idle = 0
    blocks = np.arange(len(space.blocks))
    for _ in range(_MOST_BATCHES):
        paths = space.sample_valid(rng, _BATCH)
        costs = costing.backbone + costing.by_operator[blocks, paths].sum(
            axis=1
        )
        before = len(found)
        for path in paths[(costs > window.low) & (costs <= window.high)]:
            if len(found) < count:
                found.setdefault(path.tobytes(), path)
        idle = 0 if len(found) > before else idle + 1
        if len(found) == count or idle == _PATIENCE:
            break
    if not found:
        raise BudgetError(
            f"Of {_MOST_BATCHES * _BATCH} networks none has a cost within "
            f"{window.low:g} and {window.high:g}. Widen the window."
        )
    return Proposals(
        tuple(
            tuple((index,) for index in path.tolist())
            for path in found.values()
        ),
        0.0,
        0.0,
    )
