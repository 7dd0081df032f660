"""The likeliest networks within a budget.

A differentiable search gives each candidate a probability, and the network that
it means opens the likeliest candidate of each block. Where that costs too much,
the likeliest network that keeps the budget is looked for by branch and bound:
costs that are limited have prices, chosen so that the likeliest network at
these prices costs about what is allowed, and no network can be likelier than
the prices say.
"""

import dataclasses

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
    problem = _Problem.of(model, budget, probabilities)
    found, is_whole = problem.search(count, max_nodes)
    paths = model.space.of_rows(np.array([rows for _, rows in found], int))
    fits = budget.path_excess(model, paths) == 0.0 if found else []
    paths = paths[fits] if found else paths[:0]
    if not len(paths):
        drawn = sample_within(model, budget, rng, _NUM_FALLBACKS)
        scores = _scores_of_paths(model.space, probabilities, drawn)
        paths = np.unique(drawn[np.argsort(-scores)[:count]], axis=0)
        is_whole = False
    scores = _scores_of_paths(model.space, probabilities, paths)
    order = np.argsort(-scores, kind="stable")
    best = problem.likeliest
    (unbounded,) = model.space.of_rows(best[np.newaxis])
    highest = _scores_of_paths(
        model.space, probabilities, unbounded[np.newaxis]
    )
    return LikeliestNetworks(
        paths=paths[order],
        log_odds=scores[order] - highest,
        unbounded=unbounded,
        is_proven=is_whole,
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


def _scores_of_paths(
    space: SearchSpace, probabilities: np.ndarray, paths: np.ndarray
) -> np.ndarray:
    blocks = np.arange(len(space.blocks))
    scores: np.ndarray = _logarithms(space, probabilities)[blocks, paths].sum(
        axis=1
    )
    return scores


@dataclasses.dataclass(frozen=True, kw_only=True)
class _Problem:
    """The decisions of a space: scores to add up, and costs that are bounded.

    Attributes:
        scores: For each decision the score of each of its rows, `(num_rows,)`.
        costs: The same for costs, `(num_rows, num_bounds)`; where a cost has a
            lower bound, its negative.
        bounds: What the costs may add up to, `(num_bounds,)`.
    """

    scores: list[np.ndarray]
    costs: list[np.ndarray]
    bounds: np.ndarray

    @classmethod
    def of(
        cls, model: CostModel, budget: Budget, probabilities: np.ndarray
    ) -> "_Problem":
        signed = [
            *((name, limit, 1.0) for name, limit in budget.limits.items()),
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
        return cls(scores=scores, costs=costs, bounds=bounds)

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

    def search(
        self, count: int, max_nodes: int
    ) -> tuple[list[tuple[float, tuple[int, ...]]], bool]:
        """Returns the best outcomes within the bounds, and if it is proven.

        Args:
            count: How many.
            max_nodes: Most prefixes that are looked at.

        Returns:
            Score and rows of each, the best first.
        """
        prices = self.prices()
        priced = [
            scores - costs @ prices
            for scores, costs in zip(self.scores, self.costs, strict=True)
        ]
        # What is left is at best, and costs at least, after each decision.
        best_left = _sums_from([each.max() for each in priced])
        least_left = _sums_from([each.min(axis=0) for each in self.costs])
        slack = float(prices @ self.bounds)
        orders = [np.argsort(-each, kind="stable").tolist() for each in priced]
        found: list[tuple[float, tuple[int, ...]]] = []
        num_nodes = 0

        # Prefixes to continue: rows, score, price-adjusted score, costs, and
        # the position in the order of the next decision's rows.
        stack = [((), 0.0, 0.0, np.zeros(len(prices)), 0)]
        while stack:
            rows, score, value, cost, position = stack.pop()
            depth = len(rows)
            if depth == len(orders):
                found.append((score, rows))
                found.sort(key=lambda each: -each[0])
                del found[count:]
                continue
            if position == len(orders[depth]):
                continue
            row = orders[depth][position]
            bound = value + priced[depth][row] + best_left[depth + 1] + slack
            is_full = len(found) == count
            if is_full and bound <= found[-1][0]:
                continue  # Nor can any row further down the order be better.
            num_nodes += 1
            if num_nodes > max_nodes:
                return found, False
            stack.append((rows, score, value, cost, position + 1))
            spent = cost + self.costs[depth][row]
            if (spent + least_left[depth + 1] <= self.bounds).all():
                stack.append(
                    (
                        (*rows, row),
                        score + float(self.scores[depth][row]),
                        value + float(priced[depth][row]),
                        spent,
                        0,
                    )
                )
        return found, True


def _sums_from(values: list) -> list:  # type: ignore[type-arg]
    """Returns the sum of all values from each one on, and nothing at the end."""
    sums = [np.zeros_like(values[0])]
    for value in reversed(values):
        sums.append(value + sums[-1])
    return sums[::-1]
