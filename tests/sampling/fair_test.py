"""What only samplers of several passes a step do."""

import numpy as np
import pytest

from nse_tf.sampling import FairSampler
from nse_tf.spaces.open_branches import decisions
from tests.supernet.tiny_branches import tiny_branches
from tests.supernet.tiny_cells import tiny_cells
from tests.supernet.tiny_darts import tiny_darts
from tests.supernet.tiny_spaces import tiny_space


def test_shorter_lists_are_dealt_again() -> None:
    """Five candidates at the first block, four at the others, by five."""
    space, rng = tiny_space(), np.random.default_rng(0)
    assert [len(each) for each in space.active] == [5, 4, 4]
    for _ in range(20):
        passes = FairSampler(space).sample(rng)
        assert passes.shape == (5, 3, 1)
        assert sorted(passes[:, 0, 0]) == [0, 1, 2, 3, 4]
        assert sorted(passes[:4, 1, 0]) == [0, 1, 2, 3]


def test_decisions_are_dealt_on_their_own() -> None:
    """Also those of cells that share genes."""
    space = tiny_darts()
    passes = FairSampler(space).sample(np.random.default_rng(0))[..., 0]
    cells = passes.T.reshape(3, 14, len(passes))
    assert len(np.unique(cells[:, 0], axis=0)) == len(cells)


def test_no_node_hears_of_nothing_but_none() -> None:
    """Where a node has one edge, that never opens `none`; others do."""
    space = tiny_cells(2)
    edges, rows = space.as_cells().edges, decisions(space)
    sampler, rng = FairSampler(space), np.random.default_rng(0)
    opened = set()
    for _ in range(50):
        passes = sampler.sample(rng)[..., 0]
        for cell in range(rows[:, 0].max() + 1):
            here = passes[:, rows[:, 0] == cell]
            opened |= {
                (edge, int(op)) for row in here for edge, op in enumerate(row)
            }
            for node in {edge.target for edge in edges}:
                into = [edge.target == node for edge in edges]
                assert (here[:, into] != 0).any(axis=1).all()
    assert opened == set(space.operators) - {(0, 0)}


def test_a_node_that_hears_of_nothing_is_refused() -> None:
    space = tiny_cells().restrict([[0], *[[0, 1]] * 5])
    with pytest.raises(ValueError, match="nothing but 'none'"):
        FairSampler(space).sample(np.random.default_rng(0))


@pytest.mark.parametrize("space", [tiny_branches(), tiny_space(max_open=2)])
def test_blocks_that_open_several_are_refused(space: object) -> None:
    with pytest.raises(ValueError, match="opens several at once"):
        FairSampler(space)  # type: ignore[arg-type]
