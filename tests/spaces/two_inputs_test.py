"""Networks of DARTS whose nodes hear of two others each."""

import itertools

import numpy as np
import pytest

from nse_tf.spaces import (
    DartsSkeleton,
    SearchSpace,
    SepConv,
    SkipConnect,
    Zero,
    cell_space,
    make_preset,
    published_network,
)

DARTS = make_preset("darts")
SHARED = make_preset("darts_shrinking")
# Without `none` anywhere; the first edge of the last node has nothing else.
SHRUNK = SHARED.restrict([[0] if block == 9 else [3, 4] for block in range(14)])


def num_open(paths: np.ndarray) -> np.ndarray:
    """Returns how many open edges each node has, `(count, num_nodes)`."""
    starts = [
        first + offset
        for first in range(0, paths.shape[1], 14)
        for offset in (0, 2, 5, 9)
    ]
    return np.add.reduceat(paths != 0, starts, axis=1)


# Drawing.


@pytest.mark.parametrize("space", [DARTS, SHARED, SHRUNK])
def test_what_is_drawn_has_two_inputs_at_each_node(space: SearchSpace) -> None:
    paths = space.sample_valid(np.random.default_rng(0), 500)
    assert (num_open(paths) == 2).all()
    assert space.is_valid(paths).all()
    assert all(space.genotype(path) in space for path in paths.tolist())


def test_valid_networks_are_those_of_brute_force() -> None:
    rows = [choice.rows for choice in SHARED.joint_decisions]
    for num_edges, found in enumerate(rows, 2):
        every = itertools.product(range(8), repeat=num_edges)
        valid = {row for row in every if sum(op != 0 for op in row) == 2}
        assert set(map(tuple, found.tolist())) == valid
    assert SHARED.num_valid == 49**4 * 1 * 3 * 6 * 10
    assert SHARED.num_valid == np.prod([len(each) for each in rows])


def test_each_valid_network_is_drawn_equally_often() -> None:
    few = SHARED.restrict([[0, 4]] * 5 + [[4]] * 9)
    first = few.joint_decisions[1]
    drawn = few.sample_valid(np.random.default_rng(0), 9_000)[:, first.blocks]
    rows, counts = np.unique(drawn, axis=0, return_counts=True)
    assert len(rows) == len(first.rows) == 3
    assert abs(counts - 3_000).max() < 5 * 45  # Standard deviations.


@pytest.mark.parametrize("name", ["spos", "nb201"])
def test_elsewhere_every_path_is_valid(name: str) -> None:
    space = make_preset(name)
    space = space.restrict([indices[1:] for indices in space.active])
    valid = space.sample_valid(np.random.default_rng(5), 50)
    paths = space.sample_paths(np.random.default_rng(5), 50)
    np.testing.assert_array_equal(valid, paths)
    rng = np.random.default_rng(0)
    np.testing.assert_array_equal(space.repaired(rng, paths), paths)
    assert space.is_valid(paths).all()
    assert space.num_valid == space.size


@pytest.mark.parametrize(
    "name", ["darts_abs", "pdarts", "pdarts_abs", "darts_v2"]
)
def test_published_networks_are_valid(name: str) -> None:
    space, genotype = published_network(name)
    assert space.is_valid(np.array([genotype.path])).all()


# An edge is left out whatever competes for it.


def test_edges_are_left_out_where_none_was_dropped() -> None:
    left_out = [0, 0, 0, 3, 4, 0, 0, 0, 3, 0, 0, 0, 3, 4]
    other = [3, 4, *left_out[2:]]
    assert SHRUNK.genotype(other) in SHRUNK
    assert SHRUNK.is_valid(np.array([left_out, other])).tolist() == [
        False,
        False,
    ]
    other[5] = 4
    assert SHRUNK.is_valid(np.array([other])).all()


def test_what_was_dropped_stays_refused() -> None:
    with pytest.raises(ValueError, match=r"'cell_0_2' offers \(0, 3, 4\)"):
        SHRUNK.genotype([5, *[3] * 13])
    nb201 = make_preset("nb201").restrict([[3]] * 6)
    with pytest.raises(ValueError, match=r"offers \(3,\), not \(0,\)"):
        nb201.genotype([0] * 6)


def test_where_none_never_competed_nodes_keep_all_inputs() -> None:
    skeleton = SHARED.require_skeleton(DartsSkeleton)
    space = cell_space("full", skeleton, [SkipConnect(), SepConv(3)])
    assert Zero() not in space.blocks[0].candidates
    paths = space.sample_paths(np.random.default_rng(0), 20)
    assert space.is_valid(paths).all()
    assert space.num_valid == 2**14


def test_a_node_that_cannot_have_two_has_as_many_as_it_can() -> None:
    space = SHARED.restrict([[0]] * 2 + [[0, 4], [0], [0]] + [[0, 4]] * 9)
    paths = space.sample_valid(np.random.default_rng(0), 20)
    assert (num_open(paths) == [0, 1, 2, 2]).all()
    assert space.is_valid(paths).all()


# Mending.


@pytest.mark.parametrize("space", [DARTS, SHARED, SHRUNK])
def test_repaired_paths_are_valid(space: SearchSpace) -> None:
    rng = np.random.default_rng(0)
    paths = space.sample_paths(rng, 500)
    paths[:5] = 0
    repaired = space.repaired(rng, paths)
    assert (num_open(repaired) == 2).all()
    assert all(space.genotype(path) in space for path in repaired.tolist())


def test_a_valid_path_stays_as_it_is() -> None:
    rng = np.random.default_rng(0)
    paths = DARTS.sample_valid(rng, 100)
    np.testing.assert_array_equal(DARTS.repaired(rng, paths), paths)


def test_all_inputs_and_ops_come_up_equally_often() -> None:
    rng = np.random.default_rng(0)
    repaired = SHARED.repaired(rng, SHARED.sample_paths(rng, 20_000))
    last = repaired[:, 9:]
    np.testing.assert_allclose((last != 0).mean(axis=0), 2 / 5, atol=0.02)
    shares = np.bincount(last[last != 0], minlength=8)[1:] / (last != 0).sum()
    np.testing.assert_allclose(shares, 1 / 7, atol=0.01)


def test_what_is_kept_stays_open_or_left_out() -> None:
    rng = np.random.default_rng(0)
    paths = SHARED.sample_valid(rng, 400)
    kept = np.zeros(paths.shape, bool)
    kept[:, 11] = True
    paths[:200, 11], paths[200:, 11] = 5, 0
    repaired = SHARED.repaired(rng, paths, kept)
    assert (num_open(repaired) == 2).all()
    assert (repaired[:200, 11] == 5).all()
    assert (repaired[200:, 11] == 0).all()
