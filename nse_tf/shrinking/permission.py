"""Shrinking that leaves enough networks within the budget."""

import math
from collections.abc import Callable, Sequence

import numpy as np

from nse_tf.costs import Budget, CostModel
from nse_tf.spaces import SearchSpace

Permission = Callable[[SearchSpace], bool]

NUM_STEPS = 1000
# A count between two limits is the difference of two, so it takes finer steps.
NUM_WINDOW_STEPS = 10_000


def always(space: SearchSpace) -> bool:
    """Allows any space; the plain `Permission`."""
    del space
    return True


def keeps_enough(model: CostModel, budget: Budget, wanted: int) -> Permission:
    """Allows spaces that keep `wanted` networks within each cost's limits.

    Where the space has fewer from the start, all of them must stay. ABS has no
    such rule, since its budgets are wide. But angles may favor the expensive
    operators, and then almost no network, or none, would fit a tight budget.

    Args:
        model: Costs in the space before anything is dropped.
        budget: The budget of the networks.
        wanted: How many networks there should be.
    """
    least = min(wanted, num_within(model, budget, model.space))

    def is_allowed(space: SearchSpace) -> bool:
        return num_within(model, budget, space) >= least

    return is_allowed


def num_within(model: CostModel, budget: Budget, space: SearchSpace) -> float:
    """Returns how many valid paths of a subspace keep the tightest limits.

    Each cost is counted by itself, an upper and a lower limit of it together.
    The count is a little low, never too high: costs are rounded up to a
    thousandth of the slack that a limit leaves.

    Args:
        model: Costs in a space that contains the subspace.
        budget: The limits.
        space: The subspace.
    """
    counts = []
    for name in {**budget.limits, **budget.floors}:
        if name == "ram_bytes":
            counts.append(_num_within_ram(model, budget.limits[name], space))
            continue
        op_costs = [
            model.by_operator[name][decision.blocks, decision.rows].sum(axis=1)
            for decision in space.joint_decisions
        ]
        most = budget.limits.get(name, math.inf)
        least = budget.floors.get(name, -math.inf)
        counts.append(_num_between(op_costs, model.backbone[name], most, least))
    return min([space.num_valid, *counts])


def _num_within_ram(
    model: CostModel, limit: float, space: SearchSpace
) -> float:
    """Returns at least how many valid paths keep a limit on RAM."""
    counts = [0.0]
    for base, table in model.memory.ram_tables():
        op_costs = [
            table[decision.blocks, decision.rows].sum(axis=1)
            for decision in space.joint_decisions
        ]
        if all(np.isfinite(each).any() for each in op_costs):
            counts.append(_num_at_most(op_costs, limit - base))
    return max(counts)


def _num_between(
    op_costs: Sequence[np.ndarray],
    backbone: float,
    most: float,
    least: float,
) -> float:
    """Returns how many networks keep the limits of one cost.

    Args:
        op_costs: What the candidates of each decision cost.
        backbone: What all networks cost.
        most: Upper limit, or infinite.
        least: Lower limit, or infinitely low.
    """
    if least == -math.inf:
        return _num_at_most(op_costs, most - backbone)
    if most == math.inf:
        return _num_at_most([-each for each in op_costs], backbone - least)
    below = _num_at_most(op_costs, least - backbone, NUM_WINDOW_STEPS, np.floor)
    up_to = _num_at_most(op_costs, most - backbone, NUM_WINDOW_STEPS)
    return max(0.0, up_to - below)


def _num_at_most(
    op_costs: Sequence[np.ndarray],
    limit: float,
    num_steps: int = NUM_STEPS,
    rounded: Callable[[np.ndarray], np.ndarray] = np.ceil,
) -> float:
    """Returns how many sums of one cost of each decision are at most `limit`.

    This is the counting form of the knapsack problem. There are far too many
    sums to list, so costs are rounded up to whole steps and sums are counted by
    their steps, decision by decision.

    Args:
        op_costs: What the candidates of each decision cost.
        limit: The most that a sum may be.
        num_steps: Steps of the slack between the cheapest sum and the limit.
        rounded: Rounds costs to steps; up counts too few, down too many.
    """
    # Only what a decision costs beyond its cheapest candidate takes slack.
    slack = limit - sum(each.min() for each in op_costs)
    if slack < 0:
        return 0.0
    # `num_sums[n]` is the number of sums so far that take n steps of the slack.
    # In floats: counts of networks exceed 64-bit integers.
    num_sums = np.zeros(num_steps + 1)
    num_sums[0] = 1
    for each in op_costs:
        extra = each - each.min()
        fitting = extra[extra <= slack]
        # Without slack nothing that fits costs extra: 0 steps at any scale.
        steps = rounded(fitting * (num_steps / (slack or 1))).astype(int)
        # Each candidate moves all sums by its own steps; what exceeds the slack
        # falls off the end. Many candidates of a node cost the same.
        moved = np.zeros_like(num_sums)
        for step, count in zip(
            *np.unique(steps, return_counts=True), strict=True
        ):
            moved[step:] += count * num_sums[: num_sums.size - step]
        num_sums = moved
    return float(num_sums.sum())
