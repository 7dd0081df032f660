"""From architecture parameters to one network: which ops are drawn.

DARTS's cells take for each node the two edges whose best op other than `none`
has the largest probability, each with that op; where edges are decided by
themselves, as in NAS-Bench-201, each takes its most probable op.
"""

import dataclasses
from collections.abc import Sequence

import numpy as np

from nse_tf.costs import Budget, CostModel, sample_within
from nse_tf.spaces import SearchSpace, SkipConnect, Zero

# The first pressure of costs on the choice, and how often it is doubled.
_LEAST_BEND = 1e-3
_MOST_DOUBLINGS = 40
_NUM_HALVINGS = 30
# Networks that are looked at where no pressure leads into the budget.
_NUM_DRAWN = 1000


@dataclasses.dataclass(frozen=True, kw_only=True)
class Drawn:
    """A network that was drawn from probabilities.

    Attributes:
        path: The candidate of each block.
        bend: By how much a candidate's probability counted less for each whole
            budget that it costs; 0 where the likeliest network fits, infinite
            where no such pressure led to one that does.
    """

    path: tuple[int, ...]
    bend: float = 0.0


def likeliest(space: SearchSpace, probabilities: np.ndarray) -> tuple[int, ...]:
    """Returns the path that probabilities speak for.

    Args:
        space: What is left of the space; each edge has its own candidates.
        probabilities: `(num_blocks, max_candidates)`; what an edge that is
            left out counts for in a node of DARTS is not looked at.
    """
    values = probabilities.astype(np.float64)
    for node in space.nodes:
        for block, none in zip(node.blocks, node.none, strict=True):
            if none is not None:
                values[block, none] = 0.0
    path = np.empty(len(space.blocks), np.int64)
    for decision in space.joint_decisions:
        blocks = list(decision.blocks)
        totals = values[blocks, decision.rows].sum(axis=1)
        path[blocks] = decision.rows[totals.argmax()]
    return tuple(path.tolist())


def with_few_skips(
    space: SearchSpace, probabilities: np.ndarray, most: int
) -> tuple[int, ...]:
    """Returns the likeliest path whose first kind of cell has few skips.

    While there are more, the skip connection that was kept with the lowest
    probability is closed, and the path taken again. One without which its node
    would have too few inputs stays.

    Args:
        space: What is left of the space; each edge has its own candidates.
        probabilities: `(num_blocks, max_candidates)`.
        most: Most skip connections in a cell of the first kind: the normal
            ones, where there are two.

    References:
        Chen et al., P-DARTS (2019) and its code, which restricts normal cells:
        https://arxiv.org/abs/1904.12760
    """
    values = probabilities.astype(np.float64)
    # Below whatever else a path may open.
    penalty = 1.0 + 2.0 * len(space.blocks) * np.abs(values).max()
    closed: set[int] = set()
    while True:
        path = likeliest(space, values)
        kept = _kept_skips(space, path)
        still_open = [block for block in kept if block not in closed]
        if len(kept) <= most or not still_open:
            return path
        weakest = min(still_open, key=lambda block: values[block, path[block]])
        values[weakest, path[weakest]] -= penalty
        closed.add(weakest)


def num_skips(space: SearchSpace, path: Sequence[int]) -> int:
    """Returns how many skip connections a cell of the first kind has."""
    return len(_kept_skips(space, path))


def _kept_skips(space: SearchSpace, path: Sequence[int]) -> list[int]:
    """Returns the edges of the first kind of cell that skip."""
    skeleton, edges = space.as_cells()
    return [
        block
        for block, (edge, index) in enumerate(zip(edges, path, strict=True))
        if edge.kind == skeleton.cell_kinds[0]
        and edge.candidates[index] == SkipConnect()
    ]


def drawn_within(
    model: CostModel,
    budget: Budget,
    probabilities: np.ndarray,
    rng: np.random.Generator,
    max_skips: int | None = None,
) -> Drawn:
    """Returns the likeliest path, bent to the budget as little as it needs.

    Each candidate's probability loses what it costs, as a share of the limit,
    times a bend that is just large enough; a lower limit works the other way
    round. Where no bend leads into the budget, the likeliest one of many
    networks within it is taken.

    Args:
        model: Costs in what is left of the space.
        budget: What the network must fit.
        probabilities: `(num_blocks, max_candidates)`.
        rng: Draws these networks.
        max_skips: Most skip connections, as `with_few_skips` counts them; None
            for any number.

    Raises:
        BudgetError: If no network within the budget was found.
    """
    space, pressure = model.space, _pressure(model, budget)

    def bent(bend: float) -> tuple[int, ...]:
        values = probabilities - bend * pressure
        if max_skips is None:
            return likeliest(space, values)
        return with_few_skips(space, values, max_skips)

    def fits(path: tuple[int, ...]) -> bool:
        return not budget.path_excess(model, np.array([path]))[0]

    if fits(path := bent(0.0)):
        return Drawn(path=path)
    low, high = 0.0, _LEAST_BEND
    for _ in range(_MOST_DOUBLINGS):
        if fits(bent(high)):
            break
        low, high = high, 2 * high
    else:
        return _likeliest_drawn(model, budget, probabilities, rng, max_skips)
    for _ in range(_NUM_HALVINGS):
        middle = (low + high) / 2
        if fits(bent(middle)):
            high = middle
        else:
            low = middle
    return Drawn(path=bent(high), bend=high)


def _pressure(model: CostModel, budget: Budget) -> np.ndarray:
    """Returns each candidate's share of the limits that it uses up."""
    space = model.space
    pressure = np.zeros((len(space.blocks), space.max_candidates))
    for name, limit in budget.limits.items():
        pressure += model.by_operator[name] / limit
    for name, least in budget.floors.items():
        if name not in budget.limits:
            pressure -= model.by_operator[name] / least
    return pressure


def _likeliest_drawn(
    model: CostModel,
    budget: Budget,
    probabilities: np.ndarray,
    rng: np.random.Generator,
    max_skips: int | None,
) -> Drawn:
    """Returns the likeliest one of many networks within the budget."""
    paths = sample_within(model, budget, rng, _NUM_DRAWN)
    blocks = np.arange(paths.shape[1])
    totals = probabilities[blocks, paths].sum(axis=1)
    if max_skips is not None:
        counts = np.array([num_skips(model.space, path) for path in paths])
        # Fewer skips come first, since all probabilities are below 1.
        totals -= len(blocks) * np.maximum(counts - max_skips, 0)
    return Drawn(path=tuple(paths[totals.argmax()].tolist()), bend=np.inf)


def skip_shares(space: SearchSpace, path: Sequence[int]) -> tuple[float, ...]:
    """Returns how many of the edges in use skip, for each kind of cell.

    An edge of a node that must carry two is in use if it carries something;
    where edges are decided by themselves every edge is in use, and one that
    carries nothing counts as one that skips: neither computes.

    Args:
        space: A space of cells.
        path: The candidate of each edge.
    """
    skeleton, edges = space.as_cells()
    at_nodes = bool(space.nodes)
    shares = []
    for kind in skeleton.cell_kinds:
        ops = [
            edge.candidates[index]
            for edge, index in zip(edges, path, strict=True)
            if edge.kind == kind
        ]
        used = [op for op in ops if not (at_nodes and op == Zero())]
        idle = sum(op in (SkipConnect(), Zero()) for op in used)
        shares.append(idle / max(len(used), 1))
    return tuple(shares)
