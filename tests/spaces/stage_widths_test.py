"""Chains whose stages have widths to choose, as data."""

import json

import numpy as np
import pytest

from nse_tf.spaces import (
    MBConv,
    Stage,
    Width,
    every_end,
    every_shape,
    format_genotype,
    make_preset,
    parse_genotype,
    parse_op,
    realized,
    shaped_blocks,
    space_from_json,
    space_to_json,
    variants_of,
    with_stage_widths,
)
from nse_tf.spaces.chains import chain_space
from tests.spaces.tiny_widths import GENES, HALVES, chain


def test_a_width_stands_before_the_blocks_of_its_stage() -> None:
    assert HALVES.name == "short of stage widths 0.5, 1"
    assert [block.name for block in HALVES.blocks] == [
        *("stage0_width", "stage0_block0", "stage0_block1"),
        *("stage1_width", "stage1_block0"),
    ]
    assert HALVES.size == chain().size * 4
    width = HALVES.blocks[3]
    # It hands on what the stage before puts out.
    assert width.in_map == width.out_map == HALVES.blocks[2].out_map
    with pytest.raises(ValueError, match="costs what the blocks of its stage"):
        width.cost_key("width_1")


def test_genotypes_and_spaces_come_back_from_text() -> None:
    genotype = parse_genotype(HALVES, GENES)
    assert genotype.path == (0, 0, 2, 1, 1)
    assert format_genotype(HALVES, genotype) == GENES
    text = json.dumps(space_to_json(HALVES))
    assert space_from_json(json.loads(text)) == HALVES
    assert HALVES.fingerprint != chain().fingerprint


@pytest.mark.parametrize("factor", [1.0, 0.5, 0.123456789, 1 / 3])
def test_the_name_of_a_width_says_all_of_it(factor: float) -> None:
    assert parse_op(Width(factor).name) == Width(factor)


def test_widths_are_multiples_of_eight_and_each_once() -> None:
    """24 channels: 0.3 of them are 8, 0.5 are 16, as 0.6; 0.75 are all."""
    space = with_stage_widths(
        chain([Stage(24, 1, 2)]), (0.3, 0.5, 0.6, 0.75, 1)
    )
    names = [op.name for op in space.blocks[0].candidates]
    assert names == ["width_0.3", "width_0.5", "width_1"]
    assert [Width(each).channels(24) for each in (0.3, 0.5, 0.75, 1)] == [
        *(8, 16, 24, 24)
    ]
    # As many as there are at most, though 8 is the least elsewhere.
    assert Width(0.5).channels(4) == 4


def test_a_network_is_one_of_a_plain_chain() -> None:
    plain, genotype = realized(HALVES, parse_genotype(HALVES, GENES))
    skeleton, blocks = plain.as_chain()
    assert skeleton.kind == "chain"
    assert [stage.channels for stage in skeleton.stages] == [8, 32]
    assert [block.out_channels for block in blocks] == [8, 8, 32]
    assert format_genotype(plain, genotype) == (
        "mbconv_k3_e3 identity mbconv_k3_e6"
    )
    # Of the widest network the space is the one that it was made of.
    widest = HALVES.genotype([-1] * 5)
    assert realized(HALVES, widest)[0].fingerprint == chain().fingerprint


def test_a_space_without_widths_is_its_own() -> None:
    space = chain()
    genotype = space.genotype([0, 0, 0])
    assert realized(space, genotype) == (space, genotype)
    assert every_end(space) == [space]
    assert every_shape(space) == list(space.blocks)


def test_variants_are_what_networks_are_made_of() -> None:
    blocks = shaped_blocks(HALVES)
    # Stage 0 has two widths behind the same stem, stage 1 two by two.
    assert [len(block.shapes) for block in blocks] == [2, 2, 4]
    assert blocks[2].strides == {4: 1, 3: 2, 0: 4}
    assert every_shape(HALVES)[-1] == HALVES.blocks[-1] == blocks[2].widest
    paths = HALVES.sample_valid(np.random.default_rng(0), 20)
    for path, variants in zip(paths, variants_of(blocks, paths), strict=True):
        plain, genotype = realized(HALVES, HALVES.genotype(path.tolist()))
        for block, variant, wanted, candidate in zip(
            blocks, variants, plain.blocks, genotype.path, strict=True
        ):
            assert block.variants[variant] == (wanted, candidate)
            assert block.variant_of(path.tolist()) == variant


def test_only_active_ops_are_in_the_plain_chain() -> None:
    space = HALVES.restrict([[0, 1], [1], [0, 2], [1], [0, 1]])
    plain, _ = realized(space, space.genotype([0, 1, 2, 1, 0]))
    assert plain.active == ((1,), (0, 2), (0, 1))


@pytest.mark.parametrize(
    ("widths", "words"),
    [
        ((0.5,), r"`stage_widths` are 0.5; give 1, all"),
        ((1.0,), "at least one smaller share"),
        ((0.5, 1.5), "give 1, all channels"),
        ((0.0, 1.0), "must lie between 0.01 and 1, not 0.0"),
    ],
)
def test_other_widths_are_refused(
    widths: tuple[float, ...], words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        with_stage_widths(chain(), widths)


@pytest.mark.parametrize("name", ["nb201", "nse_tiny", "excite_small"])
def test_other_spaces_are_refused(name: str) -> None:
    space = make_preset(name, image_size=(32, 32))
    with pytest.raises(ValueError, match="are for chains of MBConvs"):
        with_stage_widths(space, (0.5, 1))
    with pytest.raises(ValueError, match="are for chains of MBConvs"):
        with_stage_widths(HALVES, (0.5, 1))


def test_what_needs_a_plain_chain_refuses_it() -> None:
    with pytest.raises(ValueError, match="have widths to choose"):
        HALVES.as_chain()


def test_a_block_whose_shape_widths_change_is_not_skipped() -> None:
    space = chain([Stage(16, 1, 2), Stage(16, 1, 1)])
    assert space.active[1] == (0, 1, 2)
    widths = with_stage_widths(space.restrict([[0], [1, 2]]), (0.5, 1))
    names = [op.name for op in widths.blocks[3].candidates]
    assert names == ["mbconv_k3_e3", "mbconv_k3_e6"]
    assert widths.active == ((0, 1), (0,), (0, 1), (1,))
    value = space_to_json(widths)
    del value["fingerprint"]
    value["blocks"][3]["candidates"].append("identity")
    with pytest.raises(ValueError, match="'stage1_block0' may be skipped, but"):
        space_from_json(value)


def test_several_open_candidates_are_refused() -> None:
    space = chain_space(
        "wide",
        chain().as_chain().skeleton,
        (MBConv(3, 3), MBConv(3, 6)),
        max_open=2,
    )
    with pytest.raises(ValueError, match="opens several candidates of a block"):
        with_stage_widths(space, (0.5, 1))


def test_edited_files_are_refused() -> None:
    value = space_to_json(HALVES)
    del value["fingerprint"]
    for number, changes, words in (
        (0, {"candidates": ["width_1", "width_0.5"]}, "let them ascend to all"),
        (0, {"candidates": ["width_0.5"]}, "let them ascend to all 16"),
        (0, {"candidates": ["identity", "width_1"]}, "cannot compete at block"),
        (1, {"max_open": 2}, "`max_open` is 2, but in a chain with widths"),
    ):
        blocks = [dict(block) for block in value["blocks"]]
        blocks[number] |= changes
        with pytest.raises(ValueError, match=words):
            space_from_json({**value, "blocks": blocks})
    with pytest.raises(ValueError, match="has 5 widths and blocks"):
        space_from_json({**value, "blocks": value["blocks"][:-1]})
