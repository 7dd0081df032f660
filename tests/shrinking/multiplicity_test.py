import hypothesis
import numpy as np
from hypothesis import strategies as st

from nse_tf.shrinking import multiplicities, path_counts
from nse_tf.spaces import CellGraph, make_preset
from nse_tf.spaces.cells import DARTS_GRAPH, NB201_GRAPH
from tests.shrinking.cell_oracle import listed_paths


@st.composite
def graphs(draw: st.DrawFn) -> CellGraph:
    """Draws DAGs of up to six nodes, not all of them connected."""
    num_inputs = draw(st.integers(1, 2))
    num_nodes = draw(st.integers(num_inputs + 1, 6))
    edges = [
        (source, target)
        for target in range(num_inputs, num_nodes)
        for source in range(target)
        if draw(st.booleans())
    ]
    hypothesis.assume(edges)
    return CellGraph(num_inputs, num_nodes, tuple(edges), (num_nodes - 1,))


@hypothesis.given(graphs(), st.integers(0))
def test_counts_are_those_of_listed_paths(graph: CellGraph, seed: int) -> None:
    rng = np.random.default_rng(seed)
    is_open = rng.choice([True, False], (5, len(graph.edges)), p=[0.7, 0.3])
    expected = np.zeros(is_open.shape, np.int64)
    for steps in listed_paths(graph):
        expected[:, list(steps)] += np.all(
            is_open[:, list(steps)], axis=1, keepdims=True
        )
    np.testing.assert_array_equal(path_counts(graph, is_open), expected)


def test_cells_of_nas_bench_201_by_hand() -> None:
    # 0-3, 0-1-3, 0-2-3, 0-1-2-3; edges 01, 02, 12, 03, 13, 23.
    all_open = np.ones((1, 6), bool)
    assert path_counts(NB201_GRAPH, all_open).tolist() == [[2, 1, 1, 1, 1, 2]]
    without_01 = np.array([[0, 1, 1, 1, 1, 1]], bool)
    assert path_counts(NB201_GRAPH, without_01).tolist() == [[0, 1, 0, 1, 0, 1]]
    without_23 = np.array([[1, 1, 1, 1, 1, 0]], bool)
    assert path_counts(NB201_GRAPH, without_23).tolist() == [[1, 0, 0, 1, 1, 0]]


def test_a_darts_cell_has_sixteen_paths() -> None:
    assert len(listed_paths(DARTS_GRAPH)) == 16
    counts = path_counts(DARTS_GRAPH, np.ones((1, 14), bool))[0]
    into_last = [t == 5 for _, t in DARTS_GRAPH.edges]
    assert counts[into_last].sum() == 16


def test_kinds_of_cells_are_counted_apart() -> None:
    space = make_preset("darts")
    none, conv = [0] * 14, [4] * 14
    times = multiplicities(space, np.array([[*none, *conv], [*conv, *none]]))
    assert times[0, :14].tolist() == [0] * 14 == times[1, 14:].tolist()
    assert times[0, 14:].tolist() == times[1, :14].tolist()
    assert times[0].sum() > 16


def test_in_a_chain_every_block_counts_once() -> None:
    times = multiplicities(make_preset("spos"), np.zeros((2, 21), int))
    assert times.tolist() == [[1] * 21] * 2
