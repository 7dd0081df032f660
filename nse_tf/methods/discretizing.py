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


def drawn_within(
    model: CostModel,
    budget: Budget,
    probabilities: np.ndarray,
    rng: np.random.Generator,
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

    Raises:
        BudgetError: If no network within the budget was found.
    """
    space, pressure = model.space, _pressure(model, budget)

    def bent(bend: float) -> tuple[int, ...]:
        return likeliest(space, probabilities - bend * pressure)

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
        return _likeliest_drawn(model, budget, probabilities, rng)
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
) -> Drawn:
    """Returns the likeliest one of many networks within the budget."""
    paths = sample_within(model, budget, rng, _NUM_DRAWN)
    blocks = np.arange(paths.shape[1])
    totals = probabilities[blocks, paths].sum(axis=1)
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
