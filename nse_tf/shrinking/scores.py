"""Operator scores: the mean angle of the children that contain an operator."""

import numpy as np

from nse_tf.costs import Budget, CostModel, sample_within
from nse_tf.shrinking.angle import AngleSums
from nse_tf.shrinking.children import draw_spread_depths


def operator_scores(
    model: CostModel,
    sums: AngleSums,
    budget: Budget,
    rng: np.random.Generator,
    children_per_operator: int = 1000,
    max_rounds: int = 20,
) -> np.ndarray:
    """Returns the score of every operator, `(num_places, max_candidates)`.

    Distinct children within the budget are drawn until each operator is part
    of `children_per_operator` of them, or `max_rounds` draws went by; a child
    counts for every operator it contains, its first appearances only. What is
    not active, or was never drawn, scores NaN.

    Args:
        model: Of the space as it stands.
        sums: Of the weights as they stand.
        budget: What children must fit.
        rng: Draws the children.
        children_per_operator: Most children that an operator is judged by.
        max_rounds: Bounds the draws; an operator that the budget all but rules
            out is judged by the few children found.

    Raises:
        BudgetError: If no child fits the budget.
        ValueError: If sums are not finite or a child has no weights.

    References:
        Hu et al., ABS (2020), algorithm 2: https://arxiv.org/abs/2004.13431
    """
    space = model.space
    sums.check(space)
    wanted = space.operators
    paths = np.empty((0, len(space.blocks)), np.int64)
    for _ in range(max_rounds):
        drawn = sample_within(
            model,
            budget,
            rng,
            4 * children_per_operator,
            draw=draw_spread_depths,
        )
        paths = _first_of_each(np.concatenate([paths, drawn]))
        counts = [(paths[:, place] == index).sum() for place, index in wanted]
        if min(counts) >= children_per_operator or len(paths) >= space.size:
            break
    angles = sums.angles(paths)
    scores = np.full((len(space.blocks), space.max_candidates), np.nan)
    for place, index in wanted:
        rows = np.flatnonzero(paths[:, place] == index)[:children_per_operator]
        if len(rows):
            scores[place, index] = angles[rows].mean()
    return scores


def _first_of_each(paths: np.ndarray) -> np.ndarray:
    """Returns the distinct rows, in the order in which they first appeared."""
    rows = np.ascontiguousarray(paths.astype(np.int16))
    as_one = rows.view(np.dtype((np.void, rows.itemsize * rows.shape[1])))
    _, first = np.unique(as_one.ravel(), return_index=True)
    return paths[np.sort(first)]
