"""Which operators are truly best: what shrinking is held against."""

import numpy as np

from nse_tf.ranking.nasbench201 import NB201Table
from nse_tf.shrinking import operator_means
from nse_tf.spaces import SearchSpace


def operator_ranks(table: NB201Table, column: str) -> np.ndarray:
    """Returns the rank of each operator by the mean of all cells that hold it.

    Args:
        table: The known answers.
        column: Of the accuracies.

    Returns:
        `(num_edges, num_candidates)`, 1 for the best. Of equal operators the
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
    """Returns the true ranks of the operators that a space has left, sorted.

    Raises:
        ValueError: If the space has not the cells of the table, or there is no
            such column.
    """
    ours = [block.candidates for block in space.blocks]
    if ours != [block.candidates for block in table.space.blocks]:
        raise ValueError(
            f"Space {space.name!r} has not the operators of NAS-Bench-201, so "
            "the table knows nothing of them."
        )
    ranks = operator_ranks(table, column)
    return sorted(int(ranks[operator]) for operator in space.operators)
