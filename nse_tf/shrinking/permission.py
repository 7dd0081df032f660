"""Shrinking that leaves enough within the budget to choose from."""

from collections.abc import Callable, Sequence

import numpy as np

from nse_tf.costs import Budget, CostModel
from nse_tf.spaces import SearchSpace

Permission = Callable[[SearchSpace], bool]

NUM_STEPS = 1000


def always(space: SearchSpace) -> bool:
    """Allows any space; the plain `Permission`."""
    del space
    return True


def keeps_enough(model: CostModel, budget: Budget, wanted: int) -> Permission:
    """Allows spaces that keep `wanted` networks within each limit.

    Where the space has fewer to begin with, all of them must stay. Unlike ABS,
    whose budgets are wide: angles may favor the dear operators, and a tight
    budget would be left with next to nothing, or nothing, that fits.

    Args:
        model: Of the space before anything is dropped.
        budget: What networks must fit.
        wanted: How many there should be to choose from.
    """
    least = min(wanted, num_within(model, budget, model.space))

    def is_allowed(space: SearchSpace) -> bool:
        return num_within(model, budget, space) >= least

    return is_allowed


def num_within(model: CostModel, budget: Budget, space: SearchSpace) -> float:
    """Returns how many lawful paths of a subspace meet the tightest limit.

    Each limit is looked at by itself, and the count is a little low, never too
    high: costs are rounded up to a thousandth of the room that a limit leaves.

    Args:
        model: Of a space that holds the subspace.
        budget: Whose limits are looked at.
        space: The subspace.
    """
    limits = [
        (model.by_operator[name], limit - model.backbone[name])
        for name, limit in budget.limits.items()
    ]
    limits += [
        (-model.by_operator[name], model.backbone[name] - least)
        for name, least in budget.floors.items()
    ]
    counts = [
        _num_at_most(
            [
                op_costs[choice.blocks, choice.rows].sum(axis=1)
                for choice in space.joint_decisions
            ],
            limit,
        )
        for op_costs, limit in limits
    ]
    return min([space.num_valid, *counts])


def _num_at_most(op_costs: Sequence[np.ndarray], limit: float) -> float:
    """Returns how many sums of one price of each choice are at most `limit`."""
    room = limit - sum(each.min() for each in op_costs)
    if room < 0:
        return 0.0
    # How many sums so far take so many steps of the room.
    num_sums = np.zeros(NUM_STEPS + 1)
    num_sums[0] = 1
    for each in op_costs:
        extra = each - each.min()
        fitting = extra[extra <= room]
        steps = np.ceil(fitting * (NUM_STEPS / (room or 1))).astype(int)
        shifted = [
            np.pad(num_sums, (step, 0))[: NUM_STEPS + 1] for step in steps
        ]
        num_sums = np.sum(shifted, axis=0)
    return float(num_sums.sum())
