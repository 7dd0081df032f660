"""Multi-branch cells cost what their authors say."""

import pytest

from nse_tf.costs import describe_network, describe_space, op_part
from nse_tf.spaces import (
    DecisionPoint,
    SearchSpace,
    make_preset,
    published_network,
)

# Methods, section 1.14: MACs of each cell that is not skipped.
NSENET_27_CELLS = (
    8_228_864,
    29_202_432,
    12_870_144,
    4_290_048,
    12_249_216,
    8_373_120,
    3_292_800,
    27_565_440,
    5_550_720,
    3_277_120,
    20_305_600,
    8_617_728,
    4_083_072,
    36_634_752,
    23_520_000,
    12_024_600,
    13_200_600,
    69_736_800,
)
# Section 1.13, in units of ten thousand MACs.
FRONT_MACS = (
    "312.50 311.71 303.30 335.85 339.91 326.03 313.16 333.67 344.35 347.82 "
    "308.98 346.69 302.63 306.66 306.88 311.05 315.82"
)


@pytest.mark.parametrize(
    ("squeeze_excite", "macs", "params"),
    [(None, 326_326_224, 4_570_464), (True, 328_335_632, 6_588_572)],
)
def test_nsenet_27_counts_as_published(
    squeeze_excite: bool | None, macs: int, params: int
) -> None:
    space, genotype = published_network(
        "nsenet_27", squeeze_excite=squeeze_excite
    )
    found = describe_network(space, genotype)
    assert (found.published_macs, found.params) == (macs, params)
    assert found.macs == macs - 1024


def test_its_cells_count_as_listed() -> None:
    found = describe_network(*published_network("nsenet_27"))
    macs = [each.macs for each in found.blocks if each.is_choice and each.ops]
    assert tuple(macs) == NSENET_27_CELLS


@pytest.mark.parametrize("number", range(1, 18))
def test_the_front_counts_as_listed(number: int) -> None:
    found = describe_network(*published_network(f"nse_front_{number}"))
    listed = FRONT_MACS.split()[number - 1]
    assert f"{found.published_macs / 1e6:.2f}" == listed


def test_nsenet_with_squeeze_and_excite_has_the_macs_of_the_abstract() -> None:
    space, genotype = published_network("nsenet", squeeze_excite=True)
    assert describe_network(space, genotype).published_macs // 10**6 == 333


@pytest.mark.parametrize(
    ("name", "params"),
    [
        ("nse_27", 157_820_888),
        ("nse_72", 221_656_248),
        ("nse_gpu", 262_486_552),
    ],
)
def test_whole_supernets_count_as_published(name: str, params: int) -> None:
    assert describe_space(make_preset(name)).params == params


def cell(
    space: SearchSpace, channels: int, size: int, letter: str
) -> DecisionPoint:
    """Returns the first cell of a kind."""
    for block in space.as_chain().blocks:
        shape = (block.in_channels, block.in_size[0])
        is_normal = block.has_shortcut
        if shape == (channels, size) and is_normal == (letter == "N"):
            return block
    raise AssertionError((channels, size, letter))


# Section 1.14, single ops.
@pytest.mark.parametrize(
    ("letter", "channels", "size", "index", "macs", "params"),
    [
        ("N", 80, 14, 0, 2_649_920, 14_000),
        ("N", 80, 14, 3, 7_949_760, 41_680),
        ("N", 80, 14, 11, 17_404_800, 90_880),
        ("N", 80, 14, 20, 26_436_480, 136_960),
        ("N", 80, 14, 21, 15_052_800, 77_440),
        ("N", 80, 14, 26, 291_020_800, 1_486_880),
        ("N", 80, 14, 29, 1_395_520, 7_600),
        ("N", 80, 14, 34, 12_136_320, 64_000),
        ("N", 80, 14, 71, 18_910_080, 98_560),
        ("R", 40, 28, 0, 1_952_160, 5_480),
        ("R", 40, 28, 17, 15_099_840, 49_360),
        ("R", 40, 28, 22, 22_579_200, 74_240),
    ],
)
def test_single_ops_count_as_published(
    letter: str, channels: int, size: int, index: int, macs: int, params: int
) -> None:
    block = cell(make_preset("nse_72"), channels, size, letter)
    part = op_part(block.candidates[index], block)
    assert (part.macs, part.params) == (macs, params)


def test_normal_and_dual_convolutions_by_hand() -> None:
    block = cell(make_preset("nse_gpu"), 64, 28, "N")  # 64 channels, t = 2.
    m, area = 128, 28 * 28
    normal = op_part(block.candidates[10], block)
    assert normal.macs == area * (64 * m + 9 * m * m + m * 64)
    assert normal.params == 64 * m + 9 * m * m + m * 64 + 4 * m + 2 * 64
    dual = op_part(block.candidates[12], block)
    assert dual.macs == area * (64 * m + 18 * m * m + m * 64)
    assert dual.params == 64 * m + 18 * m * m + m * 64 + 6 * m + 2 * 64


def test_the_first_of_two_convolutions_sees_the_whole_map() -> None:
    block = cell(make_preset("nse_gpu"), 32, 56, "R")  # 32 to 64 channels.
    area, m = 56 * 56, 32
    dual = op_part(block.candidates[11], block)
    whole, quarter = area * (32 * m + 9 * m * m), area // 4
    assert dual.macs == whole + quarter * (9 * m * m + m * 64)
