import hypothesis
import numpy as np
import pytest
from hypothesis import strategies as st

from nse_tf.evolution.variation import (
    cross_over,
    mutate_genes,
    mutate_one_gene,
)
from nse_tf.spaces import SearchSpace, make_preset
from tests.spaces.strategies import small_spaces

SPOS = make_preset("spos")
SHRUNK = SPOS.restrict([indices[1:4] for indices in SPOS.active])


@hypothesis.given(small_spaces(), st.integers(0, 2**32))
def test_mutating_one_gene_changes_exactly_one(
    space: SearchSpace, seed: int
) -> None:
    hypothesis.assume(any(len(indices) > 1 for indices in space.active))
    rng = np.random.default_rng(seed)
    path = space.sample_paths(rng, 1)[0]
    before = path.copy()
    mutated = mutate_one_gene(space, rng, path)
    assert (mutated != path).sum() == 1
    assert space.genotype(mutated.tolist()) in space
    np.testing.assert_array_equal(path, before)


def test_mutating_one_gene_reaches_every_neighbor_equally() -> None:
    rng = np.random.default_rng(0)
    path = np.array([indices[0] for indices in SHRUNK.active])
    counts: dict[tuple[int, ...], int] = {}
    for _ in range(8_400):
        mutated = tuple(mutate_one_gene(SHRUNK, rng, path).tolist())
        counts[mutated] = counts.get(mutated, 0) + 1
    # 21 blocks with two other candidates; 5 standard deviations of 14.1.
    assert len(counts) == 42
    assert max(abs(count - 200) for count in counts.values()) < 71


def test_a_single_network_cannot_be_mutated() -> None:
    single = SPOS.restrict([indices[:1] for indices in SPOS.active])
    with pytest.raises(ValueError, match=r"'spos' has a single network"):
        mutate_one_gene(single, np.random.default_rng(0), np.zeros(21, int))


@pytest.mark.parametrize("probability", [0.1, 0.5, 1.0])
def test_genes_are_redrawn_as_often_as_asked(probability: float) -> None:
    rng = np.random.default_rng(0)
    paths = SHRUNK.sample_paths(rng, 5_000)
    mutants = mutate_genes(SHRUNK, rng, paths, probability)
    changed = (mutants != paths).mean()
    # A redrawn gene comes out as another with 2 odds in 3. 105,000 genes: 5
    # standard deviations are below 0.008.
    assert abs(changed - probability * 2 / 3) < 0.008
    assert all(SHRUNK.genotype(p) in SHRUNK for p in mutants[:200].tolist())


def test_no_probability_changes_nothing() -> None:
    rng = np.random.default_rng(0)
    paths = SHRUNK.sample_paths(rng, 10)
    np.testing.assert_array_equal(mutate_genes(SHRUNK, rng, paths, 0.0), paths)


def test_crossing_takes_each_gene_from_either_parent_evenly() -> None:
    mothers = np.zeros((5_000, 21), int)
    fathers = np.ones((5_000, 21), int)
    children = cross_over(SPOS, np.random.default_rng(0), mothers, fathers)
    assert set(np.unique(children)) == {0, 1}
    # Every gene of 5,000 children: 5 standard deviations of 0.0071.
    assert np.abs(children.mean(axis=0) - 0.5).max() < 0.036
    # Genes are drawn apart from each other.
    together = (children[:, 0] == children[:, 1]).mean()
    assert abs(together - 0.5) < 0.036


def test_what_both_parents_have_the_child_has() -> None:
    rng = np.random.default_rng(0)
    mothers, fathers = SPOS.sample_paths(rng, 50), SPOS.sample_paths(rng, 50)
    children = cross_over(SPOS, rng, mothers, fathers)
    assert ((children == mothers) | (children == fathers)).all()


# Cells of DARTS, whose nodes take two inputs.

DARTS = make_preset("darts")


@pytest.mark.parametrize(
    "space", [DARTS, DARTS.restrict([[3, 4]] * 28)], ids=["whole", "shrunk"]
)
def test_mutants_and_crossings_of_darts_stay_valid(space: SearchSpace) -> None:
    rng = np.random.default_rng(0)
    mothers, fathers = (space.sample_valid(rng, 200) for _ in range(2))
    crossed = cross_over(space, rng, mothers, fathers)
    mutants = mutate_genes(space, rng, mothers, 0.3)
    single = np.array([mutate_one_gene(space, rng, path) for path in mothers])
    for children in (crossed, mutants, single):
        assert space.is_valid(children).all()
        assert all(space.genotype(path) in space for path in children.tolist())
    # Another op on an edge, or another edge.
    differences = (single != mothers).sum(axis=1)
    assert set(differences.tolist()) == {1, 2}


def test_a_node_of_darts_is_rewired_where_no_edge_has_a_second_op() -> None:
    space = DARTS.restrict([[4]] * 28)
    rng = np.random.default_rng(0)
    path = space.sample_valid(rng, 1)[0]
    for _ in range(50):
        mutant = mutate_one_gene(space, rng, path)
        assert (mutant != path).sum() == 2
        assert space.is_valid(mutant[None]).all()
