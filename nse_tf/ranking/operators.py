"""Ranks of operators by known accuracies, to compare shrinking with."""

import numpy as np

from nse_tf.ranking.nasbench201 import NB201Table
from nse_tf.shrinking import operator_means
from nse_tf.spaces import SearchSpace


def operator_ranks(table: NB201Table, column: str) -> np.ndarray:
    """Returns the rank of each operator by the mean of all cells with it.

    Args:
        table: The table of the cells.
        column: Name of the column of accuracies.

    Returns:
        `(num_edges, num_candidates)`, 1 for the best. Among equal operators the
        first ranks first.

    Raises:
        ValueError: If there is no such column.
    """
    means = operator_means(table.space, table.paths, table.column(column))
    order = np.argsort(-means.ravel(), kind="stable")
    ranks = np.empty(means.size, np.int64)
    ranks[order] = np.arange(1, means.size + 1)
    return ranks.reshape(means.shape)


def kept_ranks(table: NB201Table, space: SearchSpace, column: str) -> list[int]:
    """Returns the true ranks of the active operators of a space, sorted.

    Raises:
        ValueError: If the space has other cells than the table, or there is no
            such column.
    """
    ours = [block.candidates for block in space.blocks]
    if ours != [block.candidates for block in table.space.blocks]:
        raise ValueError(
            f"Space {space.name!r} does not have the operators of "
            "NAS-Bench-201, which the table is about."
        )
    ranks = operator_ranks(table, column)
    return sorted(int(ranks[operator]) for operator in space.operators)
