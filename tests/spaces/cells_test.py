import pytest

from nse_tf.spaces import CellGraph, Edge, make_preset
from nse_tf.spaces.cells import DARTS_GRAPH, NB201_GRAPH


def test_edges_are_numbered_as_in_nas_bench_201() -> None:
    assert NB201_GRAPH.edges == ((0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 3))
    assert NB201_GRAPH.last_node == 3


def test_edges_are_numbered_as_in_darts() -> None:
    # Of j -> i: the sum of t for t = 2 to i - 1, plus j.
    assert len(DARTS_GRAPH.edges) == 14
    for index, (source, target) in enumerate(DARTS_GRAPH.edges):
        assert index == sum(range(2, target)) + source


@pytest.mark.parametrize("edge", [(1, 1), (2, 1), (-1, 2), (1, 4), (0, 0)])
def test_an_edge_that_does_not_lead_on_is_refused(
    edge: tuple[int, int],
) -> None:
    with pytest.raises(ValueError, match=f"Edge {edge[0]}->{edge[1]} must"):
        CellGraph(1, 4, (edge,), (3,))


def test_edges_out_of_order_are_refused() -> None:
    with pytest.raises(ValueError, match="sorted by target"):
        CellGraph(1, 3, ((0, 2), (0, 1)), (2,))


@pytest.mark.parametrize("outputs", [(), (0,), (3,)])
def test_outputs_must_be_inner_nodes(outputs: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="`outputs` is"):
        CellGraph(1, 3, ((0, 1), (1, 2)), outputs)


def test_an_edge_knows_its_candidates() -> None:
    edges = make_preset("nb201").as_cells().edges
    assert edges[2].index_of("nor_conv_3x3") == 3
    with pytest.raises(ValueError, match="edge 'cell_1_2', whose candidates"):
        edges[2].index_of("sep_conv_3x3")
    with pytest.raises(ValueError, match="'x' has no candidates"):
        Edge(name="x", candidates=(), kind="cell", source=0, target=1, sites=())
    op = edges[0].candidates[0]
    with pytest.raises(ValueError, match="names an op twice"):
        Edge(
            name="x",
            candidates=(op, op),
            kind="cell",
            source=0,
            target=1,
            sites=(),
        )
