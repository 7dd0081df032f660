"""The likeliest networks within a budget.

A differentiable search gives each candidate a probability, and the network that
it means opens the likeliest candidate of each block. Where that costs too much,
the likeliest network that keeps the budget is looked for by branch and bound:
costs that are limited have prices, chosen so that the likeliest network at
these prices costs about what is allowed, and no network can be likelier than
the prices say.
"""

import dataclasses
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from nse_tf.costs import Budget, CostModel, sample_within
from nse_tf.spaces import SearchSpace

# Prefixes of networks that are looked at; hundreds are enough where one cost
# is limited.
MAX_NODES = 100_000
_PRICE_ROUNDS = 8
_BISECTIONS = 60
# Of candidates that are as good as impossible.
_LEAST_PROBABILITY = 1e-300
_NUM_FALLBACKS = 1000


@dataclasses.dataclass(frozen=True, kw_only=True)
class LikeliestNetworks:
    """The likeliest networks that fit a budget.

    Attributes:
        paths: Their candidate indices, `(count, num_blocks)`, the likeliest
            first.
        log_odds: For each the logarithm of how likely it is against
            `unbounded`; zero or less.
        unbounded: The likeliest network whatever it costs, `(num_blocks,)`.
        is_proven: Whether no others are likelier; else the search for them was
            cut short.
    """

    paths: np.ndarray
    log_odds: np.ndarray
    unbounded: np.ndarray
    is_proven: bool


def likeliest_within(
    model: CostModel,
    budget: Budget,
    probabilities: np.ndarray,
    count: int,
    rng: np.random.Generator,
    max_nodes: int = MAX_NODES,
) -> LikeliestNetworks:
    """Returns the likeliest single paths within a budget.

    Args:
        model: Cost model of the space as it stands.
        budget: What they must fit.
        probabilities: Probability of each candidate of each block,
            `(num_blocks, max_candidates)`.
        count: How many to return; fewer where there are no more.
        rng: Draws networks where the search is cut short before it found any.
        max_nodes: Most prefixes of networks that are looked at.

    Raises:
        BudgetError: If none is found.
    """
    space, problem = model.space, _Problem.of(model, budget, probabilities)

    def fits(rows: tuple[int, ...]) -> bool:
        paths = space.of_rows(np.array([rows]))
        return not budget.path_excess(model, paths)[0]

    found, is_proven = problem.search(
        count, max_nodes, None if budget.ram_bytes is None else fits
    )
    paths = np.empty((0, len(space.blocks)), np.int64)
    if found:
        paths = space.of_rows(np.array([each.rows for each in found]))
        # Sums of measured costs may round otherwise.
        paths = paths[budget.path_excess(model, paths) == 0.0]
    logarithms = _logarithms(space, probabilities)
    blocks = np.arange(len(space.blocks))
    if not len(paths):
        is_proven = False
        drawn = sample_within(model, budget, rng, _NUM_FALLBACKS)
        order = np.argsort(-logarithms[blocks, drawn].sum(axis=1))
        paths = np.unique(drawn[order[:count]], axis=0)
    scores = logarithms[blocks, paths].sum(axis=1)
    order = np.argsort(-scores, kind="stable")
    (unbounded,) = space.of_rows(problem.likeliest[np.newaxis])
    return LikeliestNetworks(
        paths=paths[order],
        log_odds=scores[order] - logarithms[blocks, unbounded].sum(),
        unbounded=unbounded,
        is_proven=is_proven,
    )


def _logarithms(space: SearchSpace, probabilities: np.ndarray) -> np.ndarray:
    """Returns the logarithm of each probability.

    An edge of DARTS that is left out counts nothing, since all networks leave
    out equally many.
    """
    found: np.ndarray = np.log(np.maximum(probabilities, _LEAST_PROBABILITY))
    for node in space.nodes:
        for block, none in zip(node.blocks, node.none, strict=True):
            if none is not None:
                found[block, none] = 0.0
    return found


@dataclasses.dataclass(frozen=True, kw_only=True)
class _Problem:
    """The decisions of a space: scores to add up, and costs that are bounded.

    Attributes:
        scores: For each decision the score of each of its rows, `(num_rows,)`.
        costs: The same for costs, `(num_rows, num_bounds)`; where a cost has a
            lower bound, its negative.
        bounds: What the costs may add up to, `(num_bounds,)`.
        may_fit: For each decision which rows some network can have.
    """

    scores: list[np.ndarray]
    costs: list[np.ndarray]
    bounds: np.ndarray
    may_fit: list[np.ndarray]

    @classmethod
    def of(
        cls, model: CostModel, budget: Budget, probabilities: np.ndarray
    ) -> "_Problem":
        signed = [
            *(
                (name, limit, 1.0)
                for name, limit in budget.limits.items()
                if name != "ram_bytes"  # It is no sum.
            ),
            *((name, least, -1.0) for name, least in budget.floors.items()),
        ]
        tables = [
            sign * model.by_operator[name].astype(np.float64)
            for name, _, sign in signed
        ]
        logarithms = _logarithms(model.space, probabilities)
        scores, costs = [], []
        for decision in model.space.joint_decisions:
            blocks = list(decision.blocks)
            scores.append(logarithms[blocks, decision.rows].sum(axis=1))
            columns = [
                table[blocks, decision.rows].sum(axis=1) for table in tables
            ]
            costs.append(
                np.stack(columns, axis=1)
                if columns
                else np.zeros((len(decision.rows), 0))
            )
        bounds = np.array(
            [
                sign * (bound - model.backbone[name])
                for name, bound, sign in signed
            ]
        )
        fit = np.ones((len(model.space.blocks), model.space.max_candidates))
        if budget.ram_bytes is not None:
            fit = model.memory.may_fit(budget.ram_bytes)
        may_fit: list[np.ndarray] = [
            np.min(fit[list(decision.blocks), decision.rows], axis=1) > 0
            for decision in model.space.joint_decisions
        ]
        return cls(scores=scores, costs=costs, bounds=bounds, may_fit=may_fit)

    @property
    def likeliest(self) -> np.ndarray:
        """The row of each decision with the highest score."""
        return np.array([each.argmax() for each in self.scores])

    def prices(self) -> np.ndarray:
        """Returns a price of each cost that is bounded, `(num_bounds,)`.

        One after the other they are set so that what is best at these prices
        keeps the bound, as closely as it can.
        """
        prices = np.zeros(len(self.bounds))
        spread = sum(float(np.ptp(each)) for each in self.scores)
        for _ in range(_PRICE_ROUNDS if len(prices) > 1 else 1):
            for number in range(len(prices)):
                prices[number] = 0.0
                if self._excess(prices, number) <= 0:
                    continue
                steps = [np.ptp(each[:, number]) for each in self.costs]
                least = min((each for each in steps if each > 0), default=1.0)
                low, high = 0.0, (spread + 1.0) / least
                for _ in range(_BISECTIONS):
                    prices[number] = (low + high) / 2
                    if self._excess(prices, number) > 0:
                        low = prices[number]
                    else:
                        high = prices[number]
                prices[number] = high
        return prices

    def _excess(self, prices: np.ndarray, number: int) -> float:
        """Returns by how much the best at some prices exceeds a bound."""
        total = -self.bounds[number]
        for scores, costs in zip(self.scores, self.costs, strict=True):
            total += costs[(scores - costs @ prices).argmax(), number]
        return float(total)

    def _orders(self, priced: list[np.ndarray]) -> list[list[int]]:
        """Returns the rows of each decision that may fit, the best first."""
        return [
            [
                row
                for row in np.argsort(-each, kind="stable").tolist()
                if ok[row]
            ]
            for each, ok in zip(priced, self.may_fit, strict=True)
        ]

    def search(
        self,
        count: int,
        max_nodes: int,
        fits: Callable[[tuple[int, ...]], bool] | None = None,
    ) -> tuple[list["_Outcome"], bool]:
        """Returns the best outcomes within the bounds, and if it is proven.

        Args:
            count: How many.
            max_nodes: Most prefixes that are looked at.
            fits: Whether an outcome counts, by its rows; None for all.
        """
        prices = self.prices()
        priced = [
            scores - costs @ prices
            for scores, costs in zip(self.scores, self.costs, strict=True)
        ]
        # What is left after each decision comes to, at best, and costs.
        best_left = _sums_from(np.array([each.max() for each in priced]))
        least_left = _sums_from(
            np.array([each.min(axis=0) for each in self.costs])
        )
        slack = float(prices @ self.bounds)
        orders = self._orders(priced)
        found: list[_Outcome] = []
        num_nodes = 0
        # Prefixes, and which row each tries next, in the order of prices.
        stack = [(_Prefix((), 0.0, 0.0, np.zeros(len(prices))), 0)]
        while stack:
            prefix, position = stack.pop()
            depth = len(prefix.rows)
            if depth == len(orders):
                if fits is not None and not fits(prefix.rows):
                    continue
                found.append(_Outcome(prefix.score, prefix.rows))
                found.sort(key=lambda each: -each.score)
                del found[count:]
                continue
            if position == len(orders[depth]):
                continue
            row = orders[depth][position]
            bound = prefix.priced + priced[depth][row] + slack
            bound += best_left[depth + 1]
            if len(found) == count and bound <= found[-1].score:
                continue  # Nor is any row better that comes later.
            num_nodes += 1
            if num_nodes > max_nodes:
                return found, False
            stack.append((prefix, position + 1))
            longer = _Prefix(
                (*prefix.rows, row),
                prefix.score + float(self.scores[depth][row]),
                prefix.priced + float(priced[depth][row]),
                prefix.costs + self.costs[depth][row],
            )
            if (longer.costs + least_left[depth + 1] <= self.bounds).all():
                stack.append((longer, 0))
        return found, True


class _Outcome(NamedTuple):
    """A row of each decision, and their scores together."""

    score: float
    rows: tuple[int, ...]


class _Prefix(NamedTuple):
    """A row of each of the first decisions.

    Attributes:
        rows: These.
        score: Their scores together.
        priced: The same less the price of their costs.
        costs: Their costs together.
    """

    rows: tuple[int, ...]
    score: float
    priced: float
    costs: np.ndarray


def _sums_from(values: np.ndarray) -> np.ndarray:
    """Returns the sums of all values from each one on, and of none."""
    nothing = np.zeros_like(values[:1])
    sums: np.ndarray = np.cumsum(
        np.concatenate([nothing, values[::-1]]), axis=0
    )[::-1]
    return sums
