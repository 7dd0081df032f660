"""Operators ranked by a table: made up by hand, and the true one."""

import numpy as np
import pytest

from nse_tf.ranking import kept_ranks, operator_ranks, read_table
from nse_tf.spaces import make_preset
from tests.ranking.made_up_table import made_up_table
from tests.shared_data import NB201_CSV, needs_nasbench201
from tests.shrinking.chains import chain


def test_ranks_are_those_of_the_mean_of_all_cells() -> None:
    table = made_up_table()
    ranks = operator_ranks(table, "truth")
    assert sorted(ranks.ravel().tolist()) == list(range(1, 31))
    truth = table.column("truth")
    means = {
        (block, index): truth[table.paths[:, block] == index].mean()
        for block in range(6)
        for index in range(5)
    }
    best = max(means, key=means.__getitem__)
    assert ranks[best] == 1
    left = table.space.without([best])
    assert kept_ranks(table, left, "truth") == list(range(2, 31))


def test_a_space_of_other_operators_is_refused() -> None:
    with pytest.raises(ValueError, match="does not have the operators"):
        kept_ranks(made_up_table(), chain(6), "truth")
    small = make_preset("nb201", width=0.25, depth=0.2)
    with pytest.raises(ValueError, match="no column 'x'"):
        kept_ranks(made_up_table(), small, "x")


@needs_nasbench201
def test_the_true_table_puts_convolutions_first() -> None:
    ranks = operator_ranks(read_table(NB201_CSV), "cifar10_test")
    # 3×3 on the edges from the input to the last and to the first node.
    assert ranks[3, 3] == 1
    assert ranks[0, 3] == 2
    convolutions = ranks[:, 2:4]
    assert np.sort(convolutions.ravel())[:10].tolist() == list(range(1, 11))
