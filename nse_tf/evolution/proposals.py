"""Proposals: multi-branch networks within a window of costs.

Cells are drawn by their ops' probabilities of being open. Where such draws are
seldom within the window, as before indicators are trained, the draw is bent:
the odds of each op are multiplied by `exp(-bend · cost)`, where the one number
`bend` puts the expected cost into the middle of the window. Among all
distributions with that expectation this one has the smallest divergence from
the one given.
"""

import dataclasses
import math
from collections.abc import Callable

import numpy as np

from nse_tf.costs import BudgetError
from nse_tf.spaces import SearchSpace
from nse_tf.spaces.subsets import open_subsets

# Draws are bent if fewer of them than this share are within the window.
SELDOM = 0.02
_BATCH = 4096
_MOST_BATCHES = 500
# After so many batches without a new network there are taken to be no more.
_PATIENCE = 20
_BISECTIONS = 100

Genes = tuple[tuple[int, ...], ...]
# Whether a network, by its genes, may be proposed.
Fits = Callable[[Genes], bool]


@dataclasses.dataclass(frozen=True)
class OpCosting:
    """One cost of multi-branch networks: the backbone's and the open ops'.

    Attributes:
        backbone: Cost of the backbone.
        by_operator: Cost of each op, `(num_blocks, max_candidates)`.
    """

    backbone: float
    by_operator: np.ndarray

    def of(self, genes: Genes) -> float:
        """Returns the cost of a network."""
        return self.backbone + float(
            sum(
                self.by_operator[block, index]
                for block, gene in enumerate(genes)
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

    def expected(self, space: SearchSpace, chances: np.ndarray) -> float:
        """Returns the expected cost of a draw.

        Args:
            space: The space whose active ops are drawn.
            chances: Probability that each op is open, `(num_blocks,
                max_candidates)`.
        """
        total = self.backbone
        for block, indices, op_costs, row in zip(
            space.blocks, space.active, self.by_operator, chances, strict=True
        ):
            chosen = list(indices)
            mean = float((op_costs[chosen] * row[chosen]).sum())
            if block.min_open:
                # Given that at least one op is open: divided by the probability
                # of that, 1 - Π(1 - chance), computed without cancellation.
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
    """Networks that were drawn.

    Attributes:
        genes: Distinct networks, in the order in which they were drawn.
        bend: Factor on costs in the odds; 0 if the draw was not bent.
        shift: Mean change of the active ops' probabilities by that.
    """

    genes: tuple[Genes, ...]
    bend: float
    shift: float


def propose(
    space: SearchSpace,
    chances: np.ndarray,
    costing: OpCosting,
    window: Window,
    count: int,
    rng: np.random.Generator,
    fits: Fits | None = None,
) -> Proposals:
    """Returns distinct networks whose cost lies within a window.

    Args:
        space: The space whose active ops are drawn.
        chances: Probability that each op is open, `(num_blocks,
            max_candidates)`, between 0 and 1.
        costing: Costs of networks.
        window: Range of the cost.
        count: How many to return; fewer if there seem to be no more.
        rng: Random generator.
        fits: Whether a network's genes keep what the window does not say; None
            for all.

    Raises:
        BudgetError: If no network lies within the window; names the range of
            costs in the space.
    """
    _require_reachable(space, costing, window)
    bend = _bend(space, chances, costing, window, rng)
    bent = bent_by(chances, costing, bend) if bend else chances
    found = _distinct(
        lambda: _drawn(space, bent, costing, _BATCH, rng),
        window,
        count,
        None if fits is None else lambda row: fits(_as_genes(space, row)),
    )
    if not found:
        lowest, highest = costing.reach(space)
        raise BudgetError(
            f"{_no_network(window)}; the costs of the space range from "
            f"{lowest:g} to {highest:g}. Widen the window."
        )
    return Proposals(
        tuple(_as_genes(space, draw) for draw in found),
        bend,
        _shift(space, chances, bent),
    )


def propose_paths(
    space: SearchSpace,
    costing: OpCosting,
    window: Window,
    count: int,
    rng: np.random.Generator,
    fits: Fits | None = None,
) -> Proposals:
    """Returns distinct valid paths, drawn uniformly from a window of costs.

    Arguments and errors are those of `propose`.
    """
    _require_reachable(space, costing, window)
    blocks = np.arange(len(space.blocks))

    def draw() -> tuple[np.ndarray, np.ndarray]:
        paths = space.sample_valid(rng, _BATCH)
        of_ops = costing.by_operator[blocks, paths].sum(axis=1)
        return paths, costing.backbone + of_ops

    found = _distinct(
        draw,
        window,
        count,
        None if fits is None else lambda path: fits(_genes_of_path(path)),
    )
    if not found:
        raise BudgetError(f"{_no_network(window)}. Widen the window.")
    genes = tuple(map(_genes_of_path, found))
    return Proposals(genes, bend=0.0, shift=0.0)


def _genes_of_path(path: np.ndarray) -> Genes:
    return tuple((index,) for index in path.tolist())


def _distinct(
    draw: Callable[[], tuple[np.ndarray, np.ndarray]],
    window: Window,
    count: int,
    fits: Callable[[np.ndarray], bool] | None,
) -> list[np.ndarray]:
    """Returns up to `count` distinct draws within a window.

    Args:
        draw: Returns a batch of draws, a row each, and their costs.
        window: Range of the cost.
        count: How many to return.
        fits: Whether a draw counts; None for all.
    """
    found: dict[bytes, np.ndarray] = {}
    idle = 0
    for _ in range(_MOST_BATCHES):
        draws, costs = draw()
        before = len(found)
        for row in draws[(costs > window.low) & (costs <= window.high)]:
            if len(found) < count and (fits is None or fits(row)):
                found.setdefault(row.tobytes(), row)
        idle = 0 if len(found) > before else idle + 1
        if len(found) == count or idle == _PATIENCE:
            break
    return list(found.values())


def _no_network(window: Window) -> str:
    return (
        f"None of {_MOST_BATCHES * _BATCH} networks has a cost within "
        f"{window.low:g} and {window.high:g}"
    )


def _require_reachable(
    space: SearchSpace, costing: OpCosting, window: Window
) -> None:
    lowest, highest = costing.reach(space)
    if window.high < lowest or window.low >= highest:
        raise BudgetError(
            f"No network has a cost within {window.low:g} and "
            f"{window.high:g}: the costs of the space range from {lowest:g} "
            f"to {highest:g}. Choose a target within that range."
        )


def _bend(
    space: SearchSpace,
    chances: np.ndarray,
    costing: OpCosting,
    window: Window,
    rng: np.random.Generator,
) -> float:
    """Returns the bend, or 0 if enough draws are within the window anyway."""
    _, costs = _drawn(space, chances, costing, _BATCH, rng)
    is_within = (costs > window.low) & (costs <= window.high)
    if is_within.mean() >= SELDOM:
        return 0.0
    # The expected cost falls as the bend rises, so bisection finds it.
    # Steep enough, either way, for an op of mean cost to reach the limits of
    # `bent_by`; all ops may be free, hence no division by zero.
    scale = 1.0 / max(float(np.abs(costing.by_operator).mean()), 1e-300)
    low, high = -1e3 * scale, 1e3 * scale
    for _ in range(_BISECTIONS):
        bend = (low + high) / 2
        bent = bent_by(chances, costing, bend)
        if costing.expected(space, bent) > window.middle:
            low = bend
        else:
            high = bend
    return (low + high) / 2


def bent_by(chances: np.ndarray, costing: OpCosting, bend: float) -> np.ndarray:
    """Returns probabilities whose odds are lower the more an op costs.

    Args:
        chances: Probabilities, `(num_blocks, max_candidates)`.
        costing: Costs of ops.
        bend: Fall of the odds' logarithm for each unit of cost.
    """
    odds = np.log(chances) - np.log1p(-chances) - bend * costing.by_operator
    # No op becomes certain or impossible, so that one can always be drawn.
    # From 37 on the sigmoid rounds to 1, whose log odds are infinite.
    odds = np.clip(odds, -300.0, 30.0)
    bent: np.ndarray = 1.0 / (1.0 + np.exp(-odds))
    return bent


def _drawn(
    space: SearchSpace,
    chances: np.ndarray,
    costing: OpCosting,
    count: int,
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:
    """Returns draws, bool `(count, num_operators)`, and their costs."""
    draws = []
    costs = np.full(count, float(costing.backbone))
    for block, indices, row, op_costs in zip(
        space.blocks, space.active, chances, costing.by_operator, strict=True
    ):
        chosen = list(indices)
        subsets = open_subsets(row[chosen], count, rng, block.min_open > 0)
        draws.append(subsets)
        costs += subsets @ op_costs[chosen]
    return np.concatenate(draws, axis=1), costs


def _as_genes(space: SearchSpace, draw: np.ndarray) -> Genes:
    genes, start = [], 0
    for indices in space.active:
        subset = draw[start : start + len(indices)]
        genes.append(
            tuple(
                i for i, is_open in zip(indices, subset, strict=True) if is_open
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
