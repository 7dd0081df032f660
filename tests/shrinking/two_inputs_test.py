"""Children of DARTS that hear of two nodes each."""

import numpy as np
import pytest

from nse_tf.costs import Budget, CostModel
from nse_tf.shrinking import draw_children, with_two_inputs
from nse_tf.spaces import SearchSpace, make_preset

DARTS = make_preset("darts")
SHARED = make_preset("darts_shrinking")


def num_open(space: SearchSpace, paths: np.ndarray) -> np.ndarray:
    """Returns how many open edges each node has, `(count, num_nodes)`."""
    starts = [
        first + offset
        for first in range(0, len(space.blocks), 14)
        for offset in (0, 2, 5, 9)
    ]
    return np.add.reduceat(paths != 0, starts, axis=1)


@pytest.mark.parametrize("space", [DARTS, SHARED])
def test_every_node_has_two_inputs(space: SearchSpace) -> None:
    rng = np.random.default_rng(0)
    paths = space.sample_paths(rng, 500)
    paths[:5] = 0
    repaired = with_two_inputs(space, rng, paths)
    assert (num_open(space, repaired) == 2).all()
    assert all(space.genotype(path) in space for path in repaired.tolist())


def test_a_node_that_has_two_stays_as_it_is() -> None:
    rng = np.random.default_rng(0)
    paths = with_two_inputs(DARTS, rng, DARTS.sample_paths(rng, 100))
    np.testing.assert_array_equal(with_two_inputs(DARTS, rng, paths), paths)


def test_all_inputs_and_ops_come_up_equally_often() -> None:
    rng = np.random.default_rng(0)
    repaired = with_two_inputs(SHARED, rng, SHARED.sample_paths(rng, 20_000))
    last = repaired[:, 9:]
    np.testing.assert_allclose((last != 0).mean(axis=0), 2 / 5, atol=0.02)
    shares = np.bincount(last[last != 0], minlength=8)[1:] / (last != 0).sum()
    np.testing.assert_allclose(shares, 1 / 7, atol=0.01)


def test_edges_without_a_choice_stay() -> None:
    active = [list(range(8)) for _ in range(14)]
    active[9], active[10], active[11] = [4], [5, 6], [4]  # Cannot be closed.
    active[0] = [0]  # Cannot be opened.
    space = SHARED.restrict(active)
    rng = np.random.default_rng(0)
    repaired = with_two_inputs(space, rng, space.sample_paths(rng, 200))
    assert (num_open(space, repaired) == [1, 2, 2, 3]).all()


def test_operators_are_scored_by_such_children() -> None:
    model = CostModel(SHARED)
    paths = draw_children(model, Budget(), np.random.default_rng(0), 30)
    counts = num_open(SHARED, paths)
    # But for the one edge that the scored operator was written to.
    assert (np.abs(counts - 2).sum(axis=1) <= 1).all()
    assert (counts == 2).all(axis=1).mean() > 0.3


def test_another_skeleton_is_refused() -> None:
    space = make_preset("nb201")
    with pytest.raises(ValueError, match="a skeleton of its own"):
        with_two_inputs(space, np.random.default_rng(0), np.zeros((1, 6)))
