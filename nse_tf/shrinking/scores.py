"""Operator scores: the mean angle of the children that contain an operator."""

import numpy as np

from nse_tf.costs import Budget, CostModel, sample_within
from nse_tf.shrinking.angle import AngleSums
from nse_tf.shrinking.children import draw_spread_depths
from nse_tf.spaces import SearchSpace

MOST_LISTED = 100_000


def operator_scores(
    model: CostModel,
    sums: AngleSums,
    budget: Budget,
    rng: np.random.Generator,
    children_per_operator: int = 1000,
    max_rounds: int = 20,
) -> np.ndarray:
    """Returns the score of every operator, `(num_blocks, max_candidates)`.

    Distinct children within the budget are drawn, more and more of them around
    the operators that still lack some, until each is part of
    `children_per_operator`. A child counts for every operator it contains.
    Drawing ends early after `max_rounds`, or once a round finds hardly any new
    children, as happens with a tight budget. Operators that are not active, or
    part of no child, score NaN.

    Args:
        model: Costs in the present space.
        sums: Angle sums of the present weights.
        budget: The budget of the children.
        rng: Random generator of the children.
        children_per_operator: Upper limit of the children that score an
            operator.
        max_rounds: Upper limit of the rounds of draws. Few children score an
            operator that the budget nearly excludes.

    Raises:
        BudgetError: If no child fits the budget.
        ValueError: If sums are not finite or a child has no weights.

    References:
        Hu et al., ABS (2020), algorithm 2: https://arxiv.org/abs/2004.13431
    """
    sums.check(model.space)
    paths = draw_children(model, budget, rng, children_per_operator, max_rounds)
    return operator_means(
        model.space, paths, sums.angles(paths), children_per_operator
    )


def operator_means(
    space: SearchSpace,
    paths: np.ndarray,
    values: np.ndarray,
    children_per_operator: int | None = None,
) -> np.ndarray:
    """Returns each operator's mean value, `(num_blocks, max_candidates)`.

    A child counts for every operator it contains. Operators that are not
    active, or part of no child, have NaN. With all children of a space and
    their true accuracies this is the ranking of operators that shrinking
    estimates.

    Args:
        space: The present space.
        paths: Distinct children `(count, num_blocks)`.
        values: Values of the children, `(count,)`.
        children_per_operator: The first so many children of each operator
            count; None takes all.
    """
    means = np.full((len(space.blocks), space.max_candidates), np.nan)
    for block, index in space.operators:
        # The first ones: later rounds drew around operators that lacked some.
        rows = np.flatnonzero(paths[:, block] == index)[:children_per_operator]
        if len(rows):
            means[block, index] = values[rows].mean()
    return means


def those_that_count(
    space: SearchSpace, paths: np.ndarray, children_per_operator: int | None
) -> np.ndarray:
    """Returns the children that `operator_means` would use, in order.

    Children are drawn around operators that lack some, so that others get far
    more than they need. Where evaluating a child takes seconds, those are left
    out.

    Args:
        space: The present space.
        paths: Distinct children `(count, num_blocks)`.
        children_per_operator: See `operator_means`.
    """
    counts = np.zeros(len(paths), bool)
    for block, index in space.operators:
        rows = np.flatnonzero(paths[:, block] == index)[:children_per_operator]
        counts[rows] = True
    return paths[counts]


def draw_children(
    model: CostModel,
    budget: Budget,
    rng: np.random.Generator,
    wanted: int | None = 1000,
    max_rounds: int = 20,
) -> np.ndarray:
    """Returns distinct children to score operators by, `(count, num_blocks)`.

    Args:
        model: Costs in the present space.
        budget: The budget of the children.
        rng: Random generator of the children.
        wanted: Least number of children with each operator, if the budget
            allows as many; None lists all children of the space.
        max_rounds: Upper limit of the rounds of draws.

    Raises:
        BudgetError: If no child fits the budget.
        ValueError: If all children are wanted and the space has more than
            `MOST_LISTED`.
    """
    space = model.space
    if wanted is None:
        paths = _all_children(space)
        fitting: np.ndarray = paths[budget.path_excess(model, paths) == 0]
        if len(fitting) == 0:  # Raises an error that names the closest cost.
            sample_within(model, budget, rng, 1)
        return fitting
    lacking = np.array(space.operators)
    num_lacking = wanted * len(lacking)
    paths = np.empty((0, len(space.blocks)), np.int64)

    def draw_lacking(
        space: SearchSpace, rng: np.random.Generator, count: int
    ) -> np.ndarray:
        drawn = space.repaired(rng, draw_spread_depths(space, rng, count))
        # `lacking` as it stands when called: the rounds below shrink it.
        blocks, indices = lacking[rng.integers(len(lacking), size=count)].T
        drawn[np.arange(count), blocks] = indices
        return drawn

    # Each round draws children that contain one of the operators that still
    # lack children, and stops when that hardly helps any more.
    for _ in range(max_rounds):
        drawn = sample_within(model, budget, rng, 4 * wanted, draw=draw_lacking)
        paths = _first_of_each(np.concatenate([paths, drawn]))
        found = _counts(paths, space.max_candidates)[tuple(lacking.T)]
        lacking = lacking[found < wanted]
        before, num_lacking = num_lacking, (wanted - found).clip(0).sum()
        if num_lacking == 0 or num_lacking > 0.95 * before:
            break
    return paths


def _all_children(space: SearchSpace) -> np.ndarray:
    """Returns every valid path of a small space."""
    count = space.num_valid
    if count > MOST_LISTED:
        raise ValueError(
            f"Space {space.name!r} has {count:.3g} networks, more than "
            f"the {MOST_LISTED} that can be scored one by one: set "
            "`children_per_operator`."
        )
    rows = [np.arange(len(each.rows)) for each in space.joint_decisions]
    grids = np.meshgrid(*rows, indexing="ij")
    return space.of_rows(np.stack([grid.ravel() for grid in grids], axis=1))


def _counts(paths: np.ndarray, max_candidates: int) -> np.ndarray:
    """Returns how many paths contain each candidate, block by block."""
    return np.array(
        [np.bincount(column, minlength=max_candidates) for column in paths.T]
    )


def _first_of_each(paths: np.ndarray) -> np.ndarray:
    """Returns the distinct rows, in the order in which they first appeared."""
    rows = np.ascontiguousarray(paths.astype(np.int16))
    # `unique` sorts; first occurrences, sorted, restore the order of draws.
    as_one = rows.view(np.dtype((np.void, rows.itemsize * rows.shape[1])))
    _, first = np.unique(as_one.ravel(), return_index=True)
    return paths[np.sort(first)]
