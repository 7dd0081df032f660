import math

import hypothesis
import pytest
from hypothesis import strategies as st

from nse_tf.costs import Part, backbone_parts, op_part
from nse_tf.costs.parts import conv_part, mbconv_part, total
from nse_tf.spaces import (
    ChainSkeleton,
    ChoiceBlock,
    Identity,
    MBConv,
    make_preset,
)
from tests.spaces.strategies import skeletons

# ABS, published operator costs in millions of MACs: rows are candidates,
# columns the first and the later blocks of each stage.
SPOS_BLOCKS = (0, 1, 4, 5, 8, 9, 12, 13, 16, 17, 20)
SPOS_TABLE = """
30.9335 21.9771 14.5260 15.9372 11.3602 15.3444 16.3981 19.9450 14.6200 19.6063 26.2295
61.8670 43.9542 29.0519 31.8743 22.7203 30.6889 32.7963 39.8899 29.2401 39.2125 52.4590
34.5462 26.7940 15.7302 18.0445 11.8870 16.3981 17.4518 21.1492 14.9211 20.2084 26.8316
69.0924 53.5880 31.4604 36.0891 23.7740 32.7963 34.9037 42.2984 29.8422 40.4168 53.6632
39.9652 34.0193 17.5365 21.2056 12.6773 17.9787 19.0324 22.9555 15.3727 21.1116 27.7348
79.9304 68.0387 35.0730 42.4113 25.3546 35.9574 38.0648 45.9110 30.7453 42.2231 55.4696
"""  # noqa: E501
FAIRNAS_BLOCKS = (0, 1, 2, 3, 6, 7, 10, 11, 14, 15, 18)
FAIRNAS_TABLE = """
15.8054 21.9771 13.3217 8.3731 5.8565 7.9498 8.7024 11.3460 8.2555 11.0920 14.7047
31.6109 43.9542 26.6435 16.7462 11.7130 15.8995 17.4048 22.6921 16.5110 22.1841 29.4094
18.2139 26.7940 14.5260 9.8784 6.2328 8.7024 9.4550 12.2492 8.4813 11.5436 15.1563
36.4278 53.5880 29.0519 19.7568 12.4656 17.4048 18.9101 24.4984 16.9626 23.0872 30.3126
21.8266 34.0193 16.3323 12.1363 6.7973 9.8314 10.5840 13.6040 8.8200 12.2210 15.8337
43.6531 68.0387 32.6646 24.2726 13.5946 19.6627 21.1680 27.2079 17.6400 24.4420 31.6673
"""  # noqa: E501


@pytest.mark.parametrize(
    ("name", "first_blocks", "table"),
    [
        ("spos", SPOS_BLOCKS, SPOS_TABLE),
        ("fairnas", FAIRNAS_BLOCKS, FAIRNAS_TABLE),
    ],
)
def test_every_operator_costs_what_was_published(
    name: str, first_blocks: tuple[int, ...], table: str
) -> None:
    space = make_preset(name)
    rows = [line.split() for line in table.split("\n") if line]
    for number, block in enumerate(space.blocks):
        # The column of the last listed block that is not beyond this one.
        column = sum(first <= number for first in first_blocks) - 1
        for candidate, row in enumerate(rows):
            macs = op_part(block.candidates[candidate], block).macs
            assert f"{macs / 1e6:.4f}" == row[column]


def test_the_ends_of_the_spos_chain_by_hand() -> None:
    stem, first, tail, classifier = backbone_parts(make_preset("spos").skeleton)
    assert stem.macs == 112 * 112 * 9 * 3 * 40
    assert first.macs == 112 * 112 * (9 * 40 + 40 * 24)
    assert tail.macs == 7 * 7 * 432 * 1728
    assert classifier.macs == 1728 * 1000
    assert stem.macs + first.macs == 30_105_600  # Published as 30.1056 M.
    assert stem.params == 9 * 3 * 40 + 2 * 40
    assert first.params == 9 * 40 + 2 * 40 + 40 * 24 + 2 * 24
    assert tail.params == 432 * 1728 + 2 * 1728
    assert classifier.params == 1728 * 1000 + 1000


def test_the_ends_of_the_fairnas_chain_by_hand() -> None:
    stem, first, tail, classifier = backbone_parts(
        make_preset("fairnas").skeleton
    )
    assert stem.macs + first.macs == 20_873_216  # The true 20.8732 M.
    assert tail.macs + classifier.macs == 49 * 320 * 1280 + 1280 * 1000


def test_an_mbconv_by_hand() -> None:
    part = mbconv_part("x", MBConv(3, 2), (8, 6, 4), (4, 3, 6))
    expand, depthwise, project = 48 * 4 * 8, 12 * 9 * 8, 12 * 8 * 6
    assert part.macs == expand + depthwise + project == 2976
    assert part.kernel_params == 32 + 72 + 48
    assert part.params == part.kernel_params + 2 * (8 + 8 + 6)
    assert part.num_convs == 3


def test_an_mbconv_of_expansion_one_does_not_expand() -> None:
    part = mbconv_part("x", MBConv(5, 1), (8, 8, 4), (8, 8, 4))
    assert part.macs == 64 * 25 * 4 + 64 * 4 * 4
    assert part.num_convs == 2


def test_squeeze_and_excite_costs_two_convolutions_and_biases() -> None:
    plain, gated = (
        mbconv_part("x", MBConv(3, 4, squeeze), (8, 8, 8), (4, 4, 8))
        for squeeze in (False, True)
    )
    kernels = 2 * 32 * 8
    assert gated.macs - plain.macs == kernels
    assert gated.kernel_params - plain.kernel_params == kernels
    assert gated.params - plain.params == kernels + 8 + 32
    assert gated.num_convs == 5


def test_activations_are_free() -> None:
    one, other = (
        mbconv_part("x", MBConv(3, 4, activation=kind), (8, 8, 8), (4, 4, 8))
        for kind in ("relu6", "hard_swish")
    )
    assert one == other


def test_an_identity_is_free() -> None:
    block = ChoiceBlock(
        name="b",
        candidates=(Identity(), MBConv(3, 3)),
        in_size=(8, 8),
        in_channels=16,
        out_channels=16,
    )
    assert op_part(Identity(), block) == Part(name="b")


@hypothesis.given(
    st.integers(1, 9), st.integers(1, 9), st.integers(1, 16), st.integers(1, 9)
)
def test_a_convolution_costs_its_kernel_at_every_pixel(
    height: int, width: int, groups: int, kernel: int
) -> None:
    part = conv_part("x", (height, width), kernel, 2 * groups, groups, groups)
    assert part.kernel_params == kernel**2 * 2 * groups
    assert part.macs == height * width * part.kernel_params
    assert part.params == part.kernel_params + 2 * groups


@hypothesis.given(skeletons())
def test_backbone_parts_cost_what_their_parameters_say(
    skeleton: ChainSkeleton,
) -> None:
    stem, _, tail, classifier = backbone_parts(skeleton)
    assert stem.macs == math.prod(skeleton.stem_size) * stem.kernel_params
    assert tail.macs == math.prod(skeleton.tail_size) * tail.kernel_params
    assert classifier.macs == classifier.kernel_params
    assert classifier.params == classifier.macs + skeleton.num_classes


def test_parts_add_up_under_the_name_of_the_sum() -> None:
    parts = [
        Part(name="a", macs=1, params=2, kernel_params=3, num_convs=4),
        Part(name="b", macs=10, params=20, kernel_params=30, num_convs=40),
    ]
    assert total("c", parts) == Part(
        name="c", macs=11, params=22, kernel_params=33, num_convs=44
    )
    assert total("c", []) == Part(name="c")
