import re

from nse_tf.costs import describe_network
from nse_tf.reporting.motif_drawing import plot_motifs
from nse_tf.reporting.network_drawing import plot_network
from nse_tf.spaces import motif_named, published_network
from tests.reporting.made_up_run import SPACE

NETWORK = describe_network(*published_network("autospace_340m"))
(DRAWING,) = plot_motifs(NETWORK)
TEXTS = re.findall(r">([^<>]+)</text>", DRAWING.svg)


def test_each_cell_is_drawn_once_with_where_it_stands() -> None:
    titles = [text for text in TEXTS if "expansion" in text]
    assert titles[:2] == [
        "2.5.00.12.112, expansion 6, in 3 blocks",
        "1.7.10.52.155, expansion 3, in stage1_block0",
    ]
    assert len(titles) == 8


def test_edges_say_their_kernels_and_nodes_how_they_mix() -> None:
    ops = {name for part in NETWORK.blocks for name in part.ops}
    cells = [motif for motif in map(motif_named, ops) if motif is not None]
    edges = [edge for cell in cells for edge in cell.edges]
    for side, label in ((0, "id"), (3, "3×3"), (5, "5×5"), (7, "7×7")):
        drawn = sum(edge.kernel == side for edge in edges)
        assert TEXTS.count(label) == drawn > 0
    mixing = [
        cell.takes_maximum[node]
        for cell in cells
        for node in (2, 3)
        if len(cell.inputs_of(node)) == 2
    ]
    assert TEXTS.count("max") == sum(mixing) == 2
    assert TEXTS.count("+") == len(mixing) - 2


def test_it_says_in_words_what_it_shows() -> None:
    found = re.search(r'aria-label="([^"]*)"', DRAWING.svg)
    assert found is not None
    assert (
        "2.2.10.52.122 in stage1_block1: id from 0 to 1, id from 1 to 2, "
        "3×3 from 0 to 2, id from 2 to 3, id from 1 to 3;"
    ) in found[1]
    assert [key.text for key in DRAWING.keys] == [
        "identity",
        "3×3",
        "5×5",
        "7×7",
    ]


def test_other_networks_have_no_cells_to_draw() -> None:
    genotype = SPACE.genotype([0] * len(SPACE.blocks))
    assert plot_motifs(describe_network(SPACE, genotype)) == []


def test_a_network_colors_cells_by_their_largest_kernel() -> None:
    names = [key.text for key in plot_network(NETWORK).keys]
    assert names == ["3×3", "5×5", "7×7", "fixed"]
