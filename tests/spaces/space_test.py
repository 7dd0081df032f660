import dataclasses
import math

import hypothesis
import numpy as np
import pytest
from hypothesis import strategies as st

from nse_tf.spaces import (
    ChainSkeleton,
    Genotype,
    Identity,
    MBConv,
    SearchSpace,
    Stage,
    make_preset,
)
from nse_tf.spaces.chains import chain_space
from nse_tf.spaces.presets import MBCONVS
from nse_tf.spaces.published_skeletons import FAIRNAS_SKELETON
from tests.spaces.strategies import (
    genotypes_of,
    small_spaces,
    spaces_and_genotypes,
)

SKELETON = ChainSkeleton(
    image_size=(32, 32),
    image_channels=3,
    num_classes=10,
    stem_channels=16,
    stem_stride=1,
    first_channels=8,
    stages=(Stage(16, 2, 2), Stage(24, 1, 1)),
    tail_channels=64,
)
OPS = (MBConv(3, 3), MBConv(5, 3), MBConv(7, 3))


def make_space(max_open: int = 1) -> SearchSpace:
    return chain_space("made", SKELETON, OPS, (Identity(),), max_open)


# By hand.


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("spos", 221_502_229_807_900_608),
        ("proxyless", 221_502_229_807_900_608),
        ("fairnas", 609_359_740_010_496),
    ],
)
def test_published_spaces_have_their_published_size(
    name: str, size: int
) -> None:
    assert make_preset(name).size == size


def test_the_spos_space_has_141_operators() -> None:
    assert len(make_preset("spos").operators) == 141


def test_several_open_branches_are_counted_as_subsets() -> None:
    # Blocks of 3, 4 and 3 candidates, up to 2 of them open: 6 * 10 * 6.
    assert make_space(max_open=2).size == 360


def test_enumeration_of_a_space_of_two_branches() -> None:
    small = dataclasses.replace(SKELETON, stages=(Stage(16, 1, 1),))
    (block,) = small.blocks([OPS], [2])
    space = SearchSpace(
        name="one", skeleton=SKELETON, blocks=(block,), active=((0, 2),)
    )
    assert [genotype.genes for genotype in space.enumerate()] == [
        ((0,),),
        ((2,),),
        ((0, 2),),
    ]


def test_blocks_have_the_shapes_of_the_skeleton() -> None:
    shapes = [
        (block.name, block.in_size, block.in_channels, block.out_channels)
        for block in make_space().as_chain().blocks
    ]
    assert shapes == [
        ("stage0_block0", (32, 32), 8, 16),
        ("stage0_block1", (16, 16), 16, 16),
        ("stage1_block0", (16, 16), 16, 24),
    ]


def test_identity_competes_only_where_nothing_changes_shape() -> None:
    counts = [len(block.candidates) for block in make_space().blocks]
    assert counts == [3, 4, 3]
    assert make_space().max_candidates == 4


# Algebra.


@hypothesis.given(small_spaces())
def test_size_is_the_product_over_blocks(space: SearchSpace) -> None:
    subsets = [
        sum(
            1
            for bits in range(1, 2 ** len(indices))
            if bits.bit_count() <= block.max_open
        )
        for block, indices in zip(space.blocks, space.active, strict=True)
    ]
    assert space.size == math.prod(subsets)


@hypothesis.given(small_spaces())
def test_enumeration_yields_every_genotype_once(space: SearchSpace) -> None:
    genotypes = list(space.enumerate())
    assert len(genotypes) == len(set(genotypes)) == space.size
    assert all(genotype in space for genotype in genotypes)


@hypothesis.given(small_spaces(), st.data())
def test_a_restricted_space_is_a_subset(
    space: SearchSpace, data: st.DataObject
) -> None:
    kept = [
        data.draw(st.lists(st.sampled_from(each), min_size=1, unique=True))
        for each in space.active
    ]
    subspace = space.restrict(kept)
    inside = {
        genotype
        for genotype in space.enumerate()
        if all(
            set(gene) <= set(each)
            for gene, each in zip(genotype.genes, kept, strict=True)
        )
    }
    assert set(subspace.enumerate()) == inside
    assert subspace.fingerprint == space.fingerprint


@hypothesis.given(spaces_and_genotypes())
def test_a_genotype_survives_its_indices(
    drawn: tuple[SearchSpace, Genotype],
) -> None:
    space, genotype = drawn
    assert genotype in space
    assert space.genotype(genotype.genes) == genotype
    assert space.require(genotype) is genotype


@hypothesis.given(small_spaces(), st.integers(0, 2**32))
def test_what_is_sampled_lies_in_the_space(
    space: SearchSpace, seed: int
) -> None:
    genotype = space.sample(np.random.default_rng(seed))
    assert genotype in space
    assert genotype.is_path


@hypothesis.given(small_spaces(), small_spaces(), st.data())
def test_a_genotype_of_another_space_is_not_in_the_space(
    space: SearchSpace, other: SearchSpace, data: st.DataObject
) -> None:
    hypothesis.assume(space.structure() != other.structure())
    genotype = data.draw(genotypes_of(other))
    assert space.fingerprint != other.fingerprint
    assert genotype not in space
    with pytest.raises(ValueError, match=other.fingerprint):
        space.require(genotype)


# Sampling.


def test_paths_are_drawn_uniformly_from_what_is_active() -> None:
    space = make_space().without([(1, 0)])
    paths = space.sample_paths(np.random.default_rng(0), 30_000)
    assert paths.shape == (30_000, 3)
    for block, indices in enumerate(space.active):
        values, counts = np.unique(paths[:, block], return_counts=True)
        assert tuple(values) == indices
        # Each count is binomial; 5 of its standard deviations.
        share = 1 / len(indices)
        deviation = math.sqrt(30_000 * share * (1 - share))
        assert np.abs(counts - 30_000 * share).max() < 5 * deviation


def test_the_same_seed_draws_the_same_paths() -> None:
    first, again, other = (
        make_space().sample_paths(np.random.default_rng(seed), 20)
        for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


# Restriction.


def test_dropped_operators_are_gone_and_others_stay() -> None:
    space = make_space()
    smaller = space.without([(0, 1), (1, 3)])
    assert smaller.active == ((0, 2), (0, 1, 2), (0, 1, 2))
    assert set(space.operators) - set(smaller.operators) == {(0, 1), (1, 3)}


def test_the_last_candidate_of_a_block_stays() -> None:
    with pytest.raises(ValueError, match=r"block 'stage0_block0' is \(\)"):
        make_space().without([(0, 0), (0, 1), (0, 2)])


def test_a_dropped_candidate_does_not_come_back() -> None:
    smaller = make_space().without([(0, 1)])
    with pytest.raises(ValueError, match=r"only loses .* has \(0, 2\)"):
        smaller.restrict([[0, 1, 2], [0], [0]])


# Refusals.


@pytest.mark.parametrize("indices", [(), (1, 0), (0, 0), (3,), (-1,)])
def test_impossible_active_candidates_are_refused(
    indices: tuple[int, ...],
) -> None:
    space = make_space()
    active = (indices, *space.active[1:])
    with pytest.raises(ValueError, match="`active` of block 'stage0_block0'"):
        dataclasses.replace(space, active=active)


def test_active_of_too_few_blocks_is_refused() -> None:
    with pytest.raises(ValueError, match="2 entries for 3 blocks"):
        make_space().restrict([[0], [0]])


def test_a_gene_beyond_the_candidates_is_refused_with_its_block() -> None:
    with pytest.raises(ValueError, match="'stage0_block1' offers"):
        make_space().genotype([0, 4, 0])


def test_a_genotype_of_the_wrong_length_is_refused() -> None:
    with pytest.raises(ValueError, match=r"has 3 genes.*not 2"):
        make_space().genotype([0, 0])


def test_an_inactive_candidate_is_not_in_a_shrunk_space() -> None:
    genotype = make_space().genotype([1, 0, 0])
    smaller = make_space().without([(0, 1)])
    assert genotype not in smaller
    assert "offers (0, 2), not (1,)" in (
        smaller.why_not_in_space(genotype) or ""
    )


def test_more_open_branches_than_allowed_are_not_in_the_space() -> None:
    genotype = Genotype(((0, 1), (0,), (0,)), make_space().fingerprint)
    assert "must open 1 branches" in (
        make_space().why_not_in_space(genotype) or ""
    )
    assert make_space(max_open=2).genotype([(0, 1), 0, 0]).genes[0] == (0, 1)


def test_negative_genes_count_from_the_last_candidate() -> None:
    assert make_space().genotype([-1, -1, -3]).path == (2, 3, 0)


# Fingerprints.


def test_the_fingerprint_names_the_structure_and_not_the_name() -> None:
    space = make_preset("spos")
    assert space.fingerprint == make_preset("proxyless").fingerprint
    assert space.fingerprint == dataclasses.replace(space, name="x").fingerprint
    assert space.fingerprint != make_preset("spos", num_classes=10).fingerprint


def test_fingerprints_do_not_change_between_versions() -> None:
    # Saved genotypes hold it: a change here orphans every one of them.
    assert make_preset("spos").fingerprint == "aefc68223c372cb1"


# Chains.


def test_as_many_candidate_lists_as_blocks_are_needed() -> None:
    with pytest.raises(ValueError, match=r"19 blocks, but .* for 1 and"):
        FAIRNAS_SKELETON.blocks([MBCONVS], [1] * 19)
