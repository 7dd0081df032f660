"""Arch strings, (op, input) pairs and the order of the table."""

import hypothesis
import numpy as np
import pytest
from hypothesis import strategies as st

from nse_tf.spaces import (
    PUBLISHED,
    DartsSkeleton,
    cell_space,
    format_genotype,
    genotype_of_pairs,
    in_table_order,
    make_preset,
    pairs_of,
    parse_genotype,
    published_network,
)
from nse_tf.spaces.cell_ops import DARTS_OPS

NB201 = make_preset("nb201")
BEST = (
    "|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+"
    "|skip_connect~0|nor_conv_3x3~1|nor_conv_1x1~2|"
)
CELL_NETWORKS = [
    name for name, each in PUBLISHED.items() if each.space == "darts"
]


def test_an_arch_string_by_hand() -> None:
    assert parse_genotype(NB201, BEST).path == (3, 3, 3, 1, 3, 2)
    assert format_genotype(NB201, NB201.genotype([3, 3, 3, 1, 3, 2])) == BEST


def test_indices_say_the_same_as_the_arch_string() -> None:
    assert parse_genotype(NB201, "3 3 3 1 3 2") == parse_genotype(NB201, BEST)


@hypothesis.given(
    st.sampled_from(["nb201", "darts", "darts_shrinking"]), st.integers(0)
)
def test_text_round_trip(name: str, seed: int) -> None:
    space = make_preset(name)
    genotype = space.sample(np.random.default_rng(seed))
    assert parse_genotype(space, format_genotype(space, genotype)) == genotype


def test_the_table_is_numbered_as_in_the_benchmark() -> None:
    # The two that the benchmark's own code asserts, and the best one.
    paths = in_table_order(NB201)
    assert len(set(paths)) == 15_625
    assert format_genotype(NB201, NB201.genotype(paths[0])) == (
        "|avg_pool_3x3~0|+|nor_conv_1x1~0|skip_connect~1|+"
        "|nor_conv_1x1~0|skip_connect~1|skip_connect~2|"
    )
    assert format_genotype(NB201, NB201.genotype(paths[9])) == (
        "|avg_pool_3x3~0|+|none~0|none~1|+|skip_connect~0|none~1|"
        "nor_conv_3x3~2|"
    )
    assert paths[6111] == parse_genotype(NB201, BEST).path


def test_a_shrunk_space_does_not_renumber_the_table() -> None:
    assert in_table_order(NB201.restrict([[1]] * 6)) == in_table_order(NB201)


@pytest.mark.parametrize("name", CELL_NETWORKS)
def test_published_pairs_are_the_network(name: str) -> None:
    space, genotype = published_network(name)
    pairs = pairs_of(space, genotype)
    assert {kind: len(each) for kind, each in pairs.items()} == {
        "normal": 8,
        "reduce": 8,
    }
    assert genotype_of_pairs(space, pairs) == genotype


def test_pairs_of_the_network_that_abs_found() -> None:
    pairs = pairs_of(*published_network("darts_abs"))["normal"]
    assert pairs == (
        ("dil_conv_3x3", 0),
        ("sep_conv_3x3", 1),
        ("sep_conv_5x5", 1),
        ("sep_conv_3x3", 2),
        ("sep_conv_5x5", 1),
        ("dil_conv_3x3", 2),
        ("dil_conv_5x5", 2),
        ("dil_conv_3x3", 4),
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            BEST.replace("skip_connect", "skip"),
            "'skip' is not a candidate of edge",
        ),
        (BEST.replace("1x1~2", "1x1~7"), "from node 7: there is no such edge"),
        (BEST.replace("|nor_conv_1x1~2|", "|"), "named for edge 'cell_2_3'"),
        (BEST[:-1] + "|none~3|", "no such edge"),
        (BEST.split("+|sk")[0], "has 3 inner nodes, not 2"),
        (BEST.replace("|+|", "+"), "does not read; a node is written"),
        (BEST.replace("3x3~1|+", "3x3~0|+"), "takes node 0 twice"),
        (BEST.replace("~1", ""), "does not read"),
        (f"{BEST} {BEST}", "reads |op~0|+"),
        (f"reduce={BEST}", "reads |op~0|+"),
    ],
)
def test_a_bad_arch_string_is_refused(text: str, message: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        parse_genotype(NB201, text)
    assert message in str(caught.value)


def test_a_darts_genotype_needs_both_kinds_of_cells() -> None:
    darts = make_preset("darts")
    with pytest.raises(ValueError, match="reads normal="):
        parse_genotype(darts, "normal=|sep_conv_3x3~0|+||+||+||")
    with pytest.raises(ValueError, match="of the kinds normal, reduce"):
        genotype_of_pairs(darts, {"normal": []})
    with pytest.raises(ValueError, match="has 1 pairs, not 8"):
        genotype_of_pairs(
            darts, {"normal": [("sep_conv_3x3", 0)], "reduce": []}
        )


def test_an_edge_left_out_needs_none_among_its_candidates() -> None:
    darts = make_preset("darts_shrinking")
    assert parse_genotype(darts, "||+||+||+||").path == (0,) * 14
    dropped = darts.without([(0, 0)])  # It no longer competes.
    assert parse_genotype(dropped, "||+||+||+||").path == (0,) * 14
    skeleton = darts.require_skeleton(DartsSkeleton)
    full = cell_space("full", skeleton, DARTS_OPS[1:])
    with pytest.raises(ValueError, match="No op is named for edge 'cell_0_2'"):
        parse_genotype(full, "||+||+||+||")
