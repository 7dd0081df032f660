import numpy as np
import pytest

from nse_tf.sampling import CellSampler, draw_cells
from nse_tf.spaces import DartsSkeleton, make_preset

NB201 = make_preset("nb201")


def test_every_node_is_fed_in_every_cell() -> None:
    drawn = draw_cells(NB201, np.random.default_rng(0), 10_000)
    assert drawn.shape == (10_000, 6)
    assert drawn.dtype == np.int32
    assert (drawn[:, 0] != 0).all()
    assert (drawn[:, 1:3] != 0).any(axis=1).all()
    assert (drawn[:, 3:] != 0).any(axis=1).all()


def test_draws_are_uniform_over_what_feeds_every_node() -> None:
    # 4 · 24 · 124 cells feed every node; 24 of 25 pairs, 20 have edge 1 open.
    drawn = draw_cells(NB201, np.random.default_rng(0), 40_000)
    shares = [(drawn[:, edge] == 0).mean() for edge in range(6)]
    expected = [0, 4 / 24, 4 / 24, 24 / 124, 24 / 124, 24 / 124]
    np.testing.assert_allclose(shares, expected, atol=0.01)
    assert len(np.unique(drawn, axis=0)) > 10_000


def test_only_what_is_active_is_drawn() -> None:
    space = NB201.restrict([[1, 3]] * 6)
    drawn = draw_cells(space, np.random.default_rng(0), 100)
    assert set(np.unique(drawn)) == {1, 3}


def test_a_seed_is_exact() -> None:
    first, again, other = (
        draw_cells(NB201, np.random.default_rng(seed), 15) for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_a_node_that_can_hear_of_nothing_is_refused() -> None:
    space = NB201.restrict([[0], *[[1, 2]] * 5])
    with pytest.raises(ValueError, match="nothing but 'none' in 64 draws"):
        draw_cells(space, np.random.default_rng(0), 15)


def test_each_cell_is_drawn_by_its_own_kind() -> None:
    darts = make_preset("darts")
    space = darts.restrict([[4, 5]] * 14 + [[6, 7]] * 14)
    open_branches = CellSampler(space).sample(np.random.default_rng(0))
    assert open_branches.shape == (14 * 14, 1)
    drawn = open_branches.reshape(14, 14)
    skeleton = space.require_skeleton(DartsSkeleton)
    for cell, row in zip(skeleton.cells, drawn, strict=True):
        own = {4, 5} if cell.kind == "normal" else {6, 7}
        assert set(row.tolist()) == own
    assert (drawn[0] != drawn[1]).any()


def test_every_node_of_every_kind_is_fed() -> None:
    space = make_preset("darts").restrict([[0, 4]] * 28)
    drawn = draw_cells(space, np.random.default_rng(0), 2_000)
    for kind in (drawn[:, :14], drawn[:, 14:]):
        first = 0
        for num_sources in (2, 3, 4, 5):
            node = kind[:, first : first + num_sources]
            assert (node != 0).any(axis=1).all()
            first += num_sources


def test_cells_of_one_kind_are_drawn_one_by_one() -> None:
    found = CellSampler(NB201).sample(np.random.default_rng(3))
    wanted = draw_cells(NB201, np.random.default_rng(3), 15)
    np.testing.assert_array_equal(found, wanted.reshape(-1, 1))
