"""Costs of cells, as the benchmark and the papers count them."""

from collections.abc import Callable

import pytest

from nse_tf.costs import CostModel, backbone_parts, op_part, published_macs
from nse_tf.spaces import (
    Identity,
    NorConv,
    make_preset,
    published_network,
)

NB201 = make_preset("nb201")


@pytest.mark.parametrize(
    ("op", "macs", "params"),
    [
        (0, 7_783_040, 73_306),
        (1, 7_783_040, 73_306),
        (2, 31_376_000, 241_306),
        (3, 220_119_680, 1_531_546),
        (4, 7_783_040, 73_306),
    ],
)
def test_uniform_cells_of_nas_bench_201(
    op: int, macs: int, params: int
) -> None:
    costs = CostModel(NB201).costs(NB201.genotype([op] * 6))
    assert costs == {"macs": macs, "params": params}


def test_the_best_cell_costs_what_the_table_says() -> None:
    best = NB201.genotype([3, 3, 3, 1, 3, 2])
    assert published_macs(NB201, best) == 153_272_970
    assert CostModel(NB201).costs(best)["params"] == 1_073_466


def test_other_images_and_classes() -> None:
    space = make_preset("nb201", image_size=(16, 16), num_classes=120)
    costs = CostModel(space).costs(space.genotype([3] * 6))
    assert costs == {"macs": 55_037_440, "params": 1_538_696}


def test_the_backbone_of_nas_bench_201_by_hand() -> None:
    stem, first, second, tail, classifier = backbone_parts(NB201.skeleton)
    assert stem.macs == 32 * 32 * 9 * 3 * 16
    kernels = 9 * 16 * 32 + 9 * 32 * 32 + 16 * 32
    assert first.kernel_params == kernels
    assert first.macs == 16 * 16 * kernels
    assert first.params == kernels + 2 * 2 * 32
    assert second.macs == first.macs  # Four times the kernels, a quarter map.
    assert (tail.macs, tail.params) == (0, 2 * 64)
    assert classifier.params == 64 * 10 + 10


@pytest.mark.parametrize(
    ("name", "published", "params"),
    [
        ("darts_abs", 619_687_640, 5_590_144),
        ("darts_abs_c45", 547_553_996, 4_978_098),
        ("pdarts_abs", 645_089_240, 5_812_288),
        ("pdarts_abs_c45", 570_097_916, 5_175_018),
        ("darts_v2", 530_678_552, 4_718_752),
        ("pdarts", 543_586_328, 4_944_352),
    ],
)
def test_published_networks_of_the_darts_family(
    name: str, published: int, params: int
) -> None:
    # 619.688, 547.554, 530.679 and 543.586 M; 645 and 570 M in the paper.
    space, genotype = published_network(name)
    assert published_macs(space, genotype) == published
    assert CostModel(space).costs(genotype)["params"] == params


@pytest.mark.parametrize(
    ("op", "edge_name", "params_of_width"),
    [
        ("none", "normal_0_2", lambda c: 0),
        ("max_pool_3x3", "reduce_0_2", lambda c: 0),
        ("skip_connect", "normal_0_2", lambda c: 0),
        # Two 1×1 convolutions of half the channels, one norm.
        ("skip_connect", "reduce_0_2", lambda c: c * c + 2 * c),
        ("skip_connect", "reduce_2_3", lambda c: 0),
        (
            "sep_conv_5x5",
            "reduce_1_2",
            lambda c: 2 * (25 * c + c * c + 2 * c),
        ),
        ("dil_conv_3x3", "reduce_3_5", lambda c: 9 * c + c * c + 2 * c),
    ],
)
def test_params_of_darts_ops_by_hand(
    op: str, edge_name: str, params_of_width: Callable[[int], int]
) -> None:
    edges = make_preset("darts").as_cells().edges
    edge = next(each for each in edges if each.name == edge_name)
    part = op_part(edge.candidates[edge.index_of(op)], edge)
    # The two reduction cells have 96 and 192 channels.
    widths = (96, 192) if edge.kind == "reduce" else ()
    assert part.params == sum(params_of_width(width) for width in widths)


def test_macs_of_a_separable_convolution_that_halves_the_map() -> None:
    edges = make_preset("darts").as_cells().edges
    edge = next(each for each in edges if each.name == "reduce_0_2")
    part = op_part(edge.candidates[edge.index_of("sep_conv_3x3")], edge)
    # From 28 to 14 pixels at 96 channels, from 14 to 7 at 192.
    assert part.macs == sum(
        side**2 * 2 * (9 * c + c * c) for side, c in ((14, 96), (7, 192))
    )
    assert part.num_convs == 8


def test_a_costs_convention_only_holds_for_published_images() -> None:
    assert make_preset("nb201", width=2.0).convention == "nb201"
    assert make_preset("nb201", num_classes=100).convention == "plain"
    assert make_preset("darts", image_size=(32, 32)).convention == "plain"


def test_an_op_of_another_kind_of_space_is_refused() -> None:
    with pytest.raises(ValueError, match=r"'identity' cannot .* 'cell_0_1'"):
        op_part(Identity(), NB201.blocks[0])
    with pytest.raises(ValueError, match="'nor_conv_3x3' cannot compete"):
        op_part(NorConv(3), make_preset("spos").blocks[0])
