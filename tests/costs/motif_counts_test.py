"""What motifs cost, against the published network and built layers."""

import dataclasses

import pytest

from nse_tf.costs import CostModel, describe_network, op_part
from nse_tf.spaces import (
    ChoiceBlock,
    MBConv,
    Motif,
    make_preset,
    published_network,
)

# MACs by block as the published configuration gives them, identities left out.
BLOCKS = {
    0: 29_202_432,
    1: 25_740_288,
    4: 10_612_224,
    5: 16_746_240,
    6: 8_373_120,
    8: 12_983_040,
    9: 8_796_480,
    10: 15_899_520,
    12: 20_603_520,
    13: 22_692_096,
    16: 17_470_656,
    17: 24_441_984,
    18: 24_441_984,
    19: 24_441_984,
    20: 31_667_328,
}


def test_the_published_network_counts_block_by_block() -> None:
    space, genotype = published_network("autospace_340m")
    network = describe_network(space, genotype)
    assert (network.macs, network.params) == (336_336_512, 4_507_920)
    assert CostModel(space).costs(genotype) == {
        "macs": 336_336_512,
        "params": 4_507_920,
    }
    chosen = [part.macs for part in network.blocks if part.is_choice]
    assert {n: macs for n, macs in enumerate(chosen) if macs} == BLOCKS
    fixed = [part.macs for part in network.blocks if not part.is_choice]
    assert fixed == [10_838_016, 10_035_200, 20_070_400, 1_280_000]


def test_a_norm_follows_each_convolution() -> None:
    space, genotype = published_network("autospace_340m")
    parts = [
        op_part(block.candidates[index], block)
        for block, index in zip(space.blocks, genotype.path, strict=True)
    ]
    norms = sum(part.params - part.kernel_params for part in parts)
    # Of 44,640 scales and offsets the rest are those of stem and tail.
    assert norms == 44_640 - 2 * (32 + 32 + 16 + 1280)


def test_by_hand() -> None:
    block = ChoiceBlock(
        name="block",
        candidates=(Motif.of_code("1.7.10.52.155"),),
        in_size=(8, 8),
        in_channels=4,
        out_channels=6,
        stride=2,
    )
    part = op_part(block.candidates[0], block)
    expand, project = 4 * 12, 12 * 6
    depthwise = 12 * (25 + 9 + 9 + 9)
    assert part.kernel_params == expand + depthwise + project
    assert part.params == part.kernel_params + 2 * (12 + 4 * 12 + 6)
    assert part.macs == 64 * expand + 16 * (depthwise + project)
    assert part.num_convs == 6


def test_the_smallest_reference_costs_what_a_plain_block_does() -> None:
    block = make_preset("autospace").as_chain().blocks[0]
    motif, plain = (
        dataclasses.replace(op_part(op, block), name="")
        for op in (Motif.of_code("2.5.00.12.112"), MBConv(3, 6))
    )
    assert motif == plain


@pytest.mark.parametrize("name", ["autospace", "autospace_tiny"])
def test_a_space_has_a_range_of_costs(name: str) -> None:
    space = make_preset(name, image_size=(8, 8), num_classes=10)
    lowest, highest = CostModel(space).range("macs")
    assert 0 < lowest < highest / 4
