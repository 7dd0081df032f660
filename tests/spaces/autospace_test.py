"""AutoSpace's published space and network."""

import dataclasses

import pytest

from nse_tf.spaces import (
    Identity,
    MBConv,
    Motif,
    make_preset,
    motif_named,
    published_network,
    space_from_json,
    space_to_json,
)
from nse_tf.spaces.autospace import (
    GROUPS,
    NETWORK_340M,
    REFERENCES,
    autospace_space,
    published_blocks,
)
from nse_tf.spaces.chain_skeletons import Stage
from nse_tf.spaces.published_skeletons import PROXYLESSNAS_SKELETON

SPACE = make_preset("autospace")


def test_groups_are_nine_cells_that_end_in_the_references() -> None:
    assert len(GROUPS) == 11
    for group in GROUPS:
        assert len(group) == 9
        assert group[-3:] == REFERENCES
    # Published: the sixth cell of one group is a reference itself.
    assert [len(set(group)) for group in GROUPS] == [9] * 6 + [8] + [9] * 4


def test_two_blocks_share_a_group_beside_what_is_plain() -> None:
    assert len(SPACE.blocks) == 21
    assert SPACE.convention == "plain"
    plain = [MBConv(3, 3), MBConv(3, 6)]
    for number, block in enumerate(SPACE.as_chain().blocks):
        optional = [Identity()] if block.has_shortcut else []
        cells = list(dict.fromkeys(GROUPS[number // 2]))
        assert list(block.candidates) == [*cells, *plain, *optional]


def test_each_cell_of_the_network_is_a_merged_cell_of_its_group() -> None:
    names = NETWORK_340M.split()
    motifs = {n: motif_named(name) for n, name in enumerate(names)}
    found = {n: motif for n, motif in motifs.items() if motif is not None}
    assert len(found) == 13
    for number, motif in found.items():
        group = [cell.collapsed() for cell in GROUPS[number // 2]]
        assert motif in group
    space, genotype = published_network("autospace_340m")
    assert space.name == "autospace_collapsed"
    assert [
        block.candidates[index].name
        for block, index in zip(space.blocks, genotype.path, strict=True)
    ] == names


def test_small_images_keep_the_groups_of_the_last_stages() -> None:
    tiny = make_preset("autospace_tiny", image_size=(8, 8), num_classes=10)
    chain = tiny.as_chain()
    assert [stage.depth for stage in chain.skeleton.stages] == [3, 3, 3, 1]
    # Of the published stages of four blocks, the first, second and third.
    assert published_blocks(chain.skeleton) == [
        *(8, 9, 10, 12, 13, 14, 16, 17, 18, 20)
    ]
    assert tiny.blocks[3].candidates[0] == GROUPS[6][0]
    narrow = make_preset("autospace", image_size=(8, 8), num_classes=10)
    assert published_blocks(narrow.as_chain().skeleton) == [*range(8, 21)]


def test_merged_kernels_that_only_see_padding_are_left_out() -> None:
    space = make_preset("autospace_collapsed", image_size=(8, 8))
    last = space.as_chain().blocks[-1]
    assert last.in_size == (2, 2)
    assert max(op.reach for op in last.candidates) == 3


def test_a_space_file_with_an_illegal_gene_is_refused() -> None:
    value = space_to_json(SPACE)
    assert space_from_json(value) == SPACE
    value["blocks"][2]["candidates"][0] = "motif_0.5.00.55.953"
    with pytest.raises(
        ValueError, match=r"'stage0_block2': Motif .* 9 as its op on edge 0→3"
    ):
        space_from_json(value)


def test_a_skeleton_of_more_stages_is_refused() -> None:
    stages = (Stage(16, 1, 1), *PROXYLESSNAS_SKELETON.stages)
    skeleton = dataclasses.replace(PROXYLESSNAS_SKELETON, stages=stages)
    with pytest.raises(ValueError, match="up to 6 stages, not 7"):
        autospace_space("longer", skeleton)


def test_a_collapsed_space_is_of_collapsed_cells() -> None:
    for block in make_preset("autospace_collapsed").blocks:
        for op in block.candidates:
            assert not isinstance(op, Motif) or op == op.collapsed()
