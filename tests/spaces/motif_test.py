"""Motifs as data: codes, edges, indices, mutation, merged kernels."""

import numpy as np
import pytest

from nse_tf.spaces import Motif, motif_named, parse_op
from nse_tf.spaces.motif_genes import (
    EXPLORED,
    GENES,
    NUM_MOTIFS,
    genes_of_indices,
    indices_of_genes,
    mutated,
)


def test_a_code_says_what_stands_where() -> None:
    motif = Motif.of_code("1.7.10.52.155")
    assert motif.genes == (1, 7, 1, 0, 5, 2, 1, 5, 5)
    assert motif.expansion == 3
    assert motif.takes_maximum == {2: True, 3: False}
    assert [
        (edge.source, edge.target, edge.kernel) for edge in motif.edges
    ] == [(0, 1, 5), (1, 2, 0), (0, 2, 3), (2, 3, 3), (1, 3, 3)]
    assert motif.reach == 5


def test_an_absent_edge_is_left_out() -> None:
    motif = Motif.of_code("0.3.01.12.112")
    assert [edge.name for edge in motif.edges] == [
        "depthwise_01",
        "depthwise_12",
        "depthwise_23",
    ]
    assert motif.inputs_of(3) == motif.edges[-1:]


def test_a_name_is_read_back() -> None:
    motif = Motif.of_code("2.5.00.15.115")
    assert motif.name == "motif_2.5.00.15.115"
    assert parse_op(motif.name) == motif == motif_named(motif.name)
    assert motif_named("mbconv_k3_e6") is None


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("3.5.00.15.115", "3 as its index of the exp.* one of 0, 1, 2"),
        ("2.4.00.15.115", "4 as its op on edge 0→1.* one of 2, 3, 5, 7, 9"),
        ("2.5.02.15.115", "2 as its mixing mode of node 3.* one of 0, 1"),
        ("2.5.00.75.115", "7 as its op on edge 0→2.* one of 1, 2, 3, 5"),
        ("2.5.00.11.115", "1 as its op on edge 1→2.* one of 2, 3, 5"),
        ("2.5.00.15.215", "2 as its op on edge 0→3.* one of 1"),
        ("2.5.00.15.111", "1 as its op on edge 2→3.* one of 2, 3, 5"),
    ],
)
def test_an_illegal_gene_is_refused_by_name(code: str, words: str) -> None:
    with pytest.raises(ValueError, match=f"Motif '{code}' has {words}"):
        parse_op(f"motif_{code}")


def test_what_is_no_code_is_refused() -> None:
    with pytest.raises(ValueError, match=r"'2\.5\.0\.15\.115' is not the code"):
        Motif.of_code("2.5.0.15.115")
    with pytest.raises(ValueError, match="has 9 genes, not 2"):
        Motif((2, 5))


@pytest.mark.parametrize(
    ("code", "merged"),
    [
        ("2.5.00.15.115", "2.9.00.12.112"),
        ("2.5.00.15.112", "2.7.00.12.112"),
        ("2.5.00.12.112", "2.5.00.12.112"),
        # Another edge enters the row or leaves it: the last kernel stays.
        ("2.5.00.55.115", "2.7.00.52.115"),
        ("2.5.00.15.125", "2.7.00.12.125"),
        ("1.2.00.55.125", "1.2.00.55.125"),
    ],
)
def test_stacked_kernels_are_merged(code: str, merged: str) -> None:
    found = Motif.of_code(code).collapsed()
    assert found.code == merged
    assert found.collapsed() == found


def test_indices_and_genes_are_one_to_one() -> None:
    assert NUM_MOTIFS == 5184
    indices = np.arange(NUM_MOTIFS)
    genes = genes_of_indices(indices)
    assert (indices_of_genes(genes) == indices).all()
    assert len({Motif(tuple(each)).name for each in genes.tolist()}) == 5184
    for column, values in zip(genes.T, EXPLORED.values(), strict=True):
        assert set(column.tolist()) == set(values)


def test_wrong_indices_and_genes_are_refused() -> None:
    with pytest.raises(ValueError, match="No motif has the index 5184"):
        genes_of_indices(np.array([0, 5184]))
    genes = genes_of_indices(np.array([7, 8]))
    genes[1, 1] = 9
    with pytest.raises(ValueError, match="has 9 as its op on edge 0→1, of"):
        indices_of_genes(genes)
    with pytest.raises(ValueError, match=r"9 columns.* shape \(1, 8\)"):
        indices_of_genes(genes[:1, :8])


def test_a_mutant_differs_in_one_gene_evenly() -> None:
    rng = np.random.default_rng(0)
    parents = genes_of_indices(rng.integers(0, NUM_MOTIFS, 16_000))
    kept = parents.copy()
    mutants = mutated(parents, rng)
    differs = mutants != parents
    assert (parents == kept).all()
    assert (differs.sum(axis=1) == 1).all()
    indices_of_genes(mutants)  # All of them are explored.
    counts = differs.sum(axis=0)
    assert counts[GENES.index("op on edge 0→3")] == 0
    # Eight genes have another value: 2,000 each, with a deviation of 42.
    assert ((counts == 0) | (np.abs(counts - 2000) < 200)).all()
    # Of the three other values of a gene, each a third.
    (changed,) = np.nonzero(differs[:, 4] & (parents[:, 4] == 1))
    _, found = np.unique(mutants[changed, 4], return_counts=True)
    assert len(found) == 3
    assert found.min() > 0.7 * found.max()
