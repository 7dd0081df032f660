"""Spaces of multi-branch cells: skeletons, subsets, skipped cells."""

import itertools

import pytest

from nse_tf.spaces import (
    BranchBlock,
    BranchSkeleton,
    MBConv,
    SearchSpace,
    Stage,
    format_genotype,
    make_preset,
    parse_genotype,
    space_from_json,
    space_to_json,
)
from nse_tf.spaces.branch_networks import FRONT, branch_genes
from nse_tf.spaces.chains import chain_space

# Methods, section 1.13: what the second space's search started with.
LOCKED = (
    "[0] [9,6] [0,3] [0] [] [16,13] [3] [9,12] [9] [17,10,11,13] [9,2] [9,15] "
    "[12] [1,10,6] [9,12] [15] [0,9] [17,13,14] [10,21] [3,19] [13] [3,19,14,7]"
)


def tiny() -> SearchSpace:
    """Returns a space of three cells; the middle one changes shape."""
    return make_preset(
        "nse_27", image_size=(4, 4), image_channels=1, num_classes=3, width=0.2
    )


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("nse_27", "NRNNNRNNNRNNNENNNRNNNE"),
        ("nse_72", "NRNNNRNNNRNNNENNNRNNNE"),
        ("nse_gpu", "NRNNNRNNNRNNNNNNNRNNN"),
    ],
)
def test_cells_stand_as_published(name: str, letters: str) -> None:
    space = make_preset(name)
    assert len(space.blocks) == len(letters)
    for block, letter in zip(space.blocks, letters, strict=True):
        assert isinstance(block, BranchBlock)
        assert block.has_shortcut == (letter == "N")
        assert (block.stride == 2) == (letter == "R")
        assert block.min_open == (0 if letter == "N" else 1)
        assert block.max_open == len(block.candidates)


@pytest.mark.parametrize(
    ("width", "channels"),
    [
        (1.0, [16, 24, 40, 80, 96, 192, 320]),
        (1.04, [16, 24, 40, 80, 96, 200, 336]),
        (1.045, [16, 24, 40, 80, 104, 200, 336]),
        (1.5, [16, 40, 64, 120, 144, 288, 480]),
        (0.5, [16, 16, 24, 40, 48, 96, 160]),
    ],
)
def test_widths_round_as_published(width: float, channels: list[int]) -> None:
    skeleton = make_preset("nse_27", width=width).skeleton
    assert isinstance(skeleton, BranchSkeleton)
    assert [stage.channels for stage in skeleton.stages] == channels
    assert (skeleton.stem_channels, skeleton.tail_channels) == (16, 1024)


def test_a_cell_is_any_subset_and_may_be_skipped_where_it_keeps_shape() -> None:
    space = tiny().restrict(
        [[0, 3], [0, 1, 2], *([[0]] * 100)][: len(tiny().blocks)]
    )
    sizes = [
        2 ** len(active) - block.min_open
        for block, active in zip(space.blocks, space.active, strict=True)
    ]
    found = list(space.enumerate())
    assert len(found) == space.size
    assert len(set(found)) == len(found)
    product = 1
    for size in sizes:
        product *= size
    assert product == space.size
    assert all(genotype in space for genotype in itertools.islice(found, 50))


def test_text_and_json_read_back() -> None:
    space = make_preset("nse_27", squeeze_excite=True, activation="swish")
    assert space_from_json(space_to_json(space)) == space
    genotype = space.genotype(branch_genes(FRONT[0]))
    text = format_genotype(space, genotype)
    assert text.split()[:2] == ["-", "lb_k3_e6"]
    assert "lb_k5_e6+lb_k7_e3+lb_k9_e6" in text
    assert parse_genotype(space, text) == genotype
    indices = FRONT[0].replace(",", "+").replace("/", " ")
    assert parse_genotype(space, indices) == genotype


def test_only_a_cell_that_keeps_its_shape_may_be_skipped() -> None:
    space = make_preset("nse_27")
    genes = [list(gene) for gene in branch_genes(FRONT[0])]
    genes[1] = []
    with pytest.raises(ValueError, match="stage1_block0' must open 1 to 27"):
        space.genotype(genes)


def test_all_ops_may_be_gone_from_a_cell_that_may_be_skipped() -> None:
    space = make_preset("nse_27")
    active: list[list[int]] = [[0] for _ in space.blocks]
    active[0] = []
    assert space.restrict(active).active[0] == ()
    active[1] = []
    with pytest.raises(ValueError, match=r"stage1_block0.* 1 or more"):
        space.restrict(active)


def test_the_locked_ops_are_those_of_the_front() -> None:
    published = [
        sorted(int(index) for index in cell.strip("[]").split(",") if index)
        for cell in LOCKED.split()
    ]
    genes = [branch_genes(cells) for cells in FRONT]
    union = [
        sorted({index for each in genes for index in each[cell]})
        for cell in range(22)
    ]
    assert union == published


def test_options_are_for_multi_branch_cells() -> None:
    with pytest.raises(
        ValueError, match=r"`squeeze_excite` are .* 'spos' does"
    ):
        make_preset("spos", squeeze_excite=True)


def skeleton(**changes: object) -> BranchSkeleton:
    numbers = {
        "image_size": (8, 8),
        "image_channels": 1,
        "num_classes": 3,
        "stem_channels": 8,
        "stem_stride": 1,
        "first_channels": 8,
        "stages": (Stage(8, 1, 1),),
        "tail_channels": 16,
    }
    return BranchSkeleton(**{**numbers, **changes})  # type: ignore[arg-type]


def test_skeletons_that_cannot_be_are_refused() -> None:
    with pytest.raises(ValueError, match="`activation` must be one of relu"):
        skeleton(activation="tanh")
    with pytest.raises(ValueError, match=r"`first_channels` 16 must be .* 8"):
        skeleton(first_channels=16)


def test_ops_of_other_chains_are_refused() -> None:
    with pytest.raises(ValueError, match="'mbconv_k3_e3' cannot compete"):
        chain_space("x", skeleton(), [MBConv(3, 3)])
    spos = make_preset("spos").skeleton
    branch = make_preset("nse_27").blocks[0].candidates[0]
    with pytest.raises(ValueError, match="'lb_k3_e1' cannot compete at block"):
        chain_space("x", spos, [branch])  # type: ignore[arg-type, list-item]
