"""Branches as data: names, order of the pools, convolutions."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nse_tf.spaces import (
    BranchOp,
    ConvStep,
    LinearBottleneck,
    NormalConv,
    RectangularConv,
    parse_op,
)
from nse_tf.spaces.branch_ops import (
    NSE_27_OPS,
    NSE_72_OPS,
    NSE_GPU_OPS,
    NSE_SMALL_OPS,
)

# Methods, section 1.2: index and op.
PUBLISHED_27 = {
    0: LinearBottleneck(3, 1),
    2: LinearBottleneck(3, 1, dilation=3),
    4: LinearBottleneck(3, 3, dilation=2),
    8: LinearBottleneck(3, 6, dilation=3),
    9: LinearBottleneck(5, 1),
    17: LinearBottleneck(9, 6),
    20: LinearBottleneck(11, 6),
    21: RectangularConv(5, 1),
    26: RectangularConv(7, 4),
}
PUBLISHED_72 = {
    27: LinearBottleneck(3, 1, groups=(1, 2)),
    28: LinearBottleneck(3, 1, groups=(2, 1)),
    34: LinearBottleneck(3, 6, groups=(2, 1)),
    53: LinearBottleneck(7, 6, groups=(2, 2)),
    71: LinearBottleneck(11, 6, groups=(2, 2)),
}
PUBLISHED_GPU = {
    1: LinearBottleneck(3, 3),
    8: LinearBottleneck(7, 6),
    9: NormalConv(1),
    10: NormalConv(2),
    11: NormalConv(1, depth=2),
    15: RectangularConv(5, 4),
    18: RectangularConv(7, 4),
}


@pytest.mark.parametrize(
    ("ops", "size", "published"),
    [
        (NSE_27_OPS, 27, PUBLISHED_27),
        (NSE_72_OPS, 72, PUBLISHED_27 | PUBLISHED_72),
        (NSE_GPU_OPS, 19, PUBLISHED_GPU),
    ],
)
def test_pools_are_counted_as_published(
    ops: tuple[BranchOp, ...], size: int, published: dict[int, BranchOp]
) -> None:
    assert len(ops) == len(set(ops)) == size
    assert {index: ops[index] for index in published} == published


def test_the_small_pool_is_of_the_first_one() -> None:
    assert len(set(NSE_SMALL_OPS)) == 13
    assert set(NSE_SMALL_OPS) <= set(NSE_27_OPS)


@pytest.mark.parametrize("op", NSE_72_OPS + NSE_GPU_OPS, ids=lambda op: op.name)
def test_names_read_back(op: BranchOp) -> None:
    assert parse_op(op.name) == op


@pytest.mark.parametrize("op", NSE_72_OPS + NSE_GPU_OPS, ids=lambda op: op.name)
@given(
    in_channels=st.integers(1, 12).map(lambda n: 8 * n),
    out_channels=st.integers(1, 12).map(lambda n: 8 * n),
    stride=st.sampled_from([1, 2]),
)
def test_channels_and_strides_meet(
    op: BranchOp, in_channels: int, out_channels: int, stride: int
) -> None:
    steps = op.steps(in_channels, out_channels, stride)
    widths = [in_channels, *(step.out_channels for step in steps)]
    assert widths[:-1] == [step.in_channels for step in steps]
    assert widths[-1] == out_channels
    for axis in (0, 1):
        strides = [step.strides[axis] for step in steps]
        assert sorted(strides) == sorted([stride] + [1] * (len(steps) - 1))
    assert [step.is_activated for step in steps].index(False) == len(steps) - 1


def test_a_rectangle_strides_across_then_down() -> None:
    steps = RectangularConv(5, 2).steps(8, 16, 2)
    assert [(step.kernel, step.strides) for step in steps] == [
        ((1, 1), (1, 1)),
        ((1, 5), (1, 2)),
        ((5, 1), (2, 1)),
        ((1, 1), (1, 1)),
    ]


def test_the_second_of_two_convolutions_strides() -> None:
    steps = NormalConv(1, depth=2).steps(8, 8, 2)
    assert [step.strides for step in steps] == [(1, 1), (1, 1), (2, 2), (1, 1)]


def test_only_the_depthwise_kernel_is_dilated() -> None:
    steps = LinearBottleneck(3, 6, dilation=3).steps(8, 8, 1)
    assert [step.dilation for step in steps] == [1, 3, 1]
    assert steps[1] == ConvStep(
        name="depthwise",
        kernel=(3, 3),
        strides=(1, 1),
        dilation=3,
        groups=48,
        in_channels=48,
        out_channels=48,
    )
    assert steps[1].is_depthwise
    assert LinearBottleneck(3, 6, dilation=3).reach == 7


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: LinearBottleneck(4, 1), "`kernel` of a LinearBottleneck .* 4"),
        (lambda: LinearBottleneck(3, 0), "`expansion` .* at least 1, not 0"),
        (lambda: LinearBottleneck(3, 1, 0), "`dilation` and `groups` .* not 0"),
        (lambda: RectangularConv(2, 1), "`kernel` of a RectangularConv .* 2"),
        (lambda: NormalConv(1, 3), "`depth` .* 1 or 2, not 3"),
    ],
)
def test_numbers_no_branch_has_are_refused(make: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()  # type: ignore[operator]


def test_groups_that_do_not_divide_are_refused() -> None:
    op = LinearBottleneck(3, 1, groups=(2, 1))
    with pytest.raises(ValueError, match="'lb_k3_e1_g2x1' do not divide 9 to"):
        op.steps(9, 8, 1)
