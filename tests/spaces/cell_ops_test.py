import pytest

from nse_tf.spaces import (
    CellOp,
    DilConv,
    NorConv,
    Pool,
    SepConv,
    SkipConnect,
    Zero,
    parse_op,
)
from nse_tf.spaces.cell_ops import DARTS_OPS, NB201_OPS


@pytest.mark.parametrize("op", {*NB201_OPS, *DARTS_OPS, NorConv(7)})
def test_the_name_of_a_cell_op_parses_back(op: CellOp) -> None:
    assert parse_op(op.name) == op


def test_ops_are_numbered_as_published() -> None:
    assert [op.name for op in NB201_OPS] == [
        "none",
        "skip_connect",
        "nor_conv_1x1",
        "nor_conv_3x3",
        "avg_pool_3x3",
    ]
    assert (
        Zero(),
        Pool("max"),
        Pool("avg"),
        SkipConnect(),
        SepConv(3),
        SepConv(5),
        DilConv(3),
        DilConv(5),
    ) == DARTS_OPS


@pytest.mark.parametrize("name", ["nor_conv_3x5", "avg_pool_5x5", "None"])
def test_a_name_that_is_no_ops_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=f"No op is named '{name}'"):
        parse_op(name)


@pytest.mark.parametrize("kind", [NorConv, SepConv, DilConv])
def test_an_even_kernel_is_refused(kind: type[NorConv]) -> None:
    with pytest.raises(ValueError, match=f"of a {kind.__name__} must be odd"):
        kind(2)


def test_an_unknown_pooling_is_refused() -> None:
    with pytest.raises(ValueError, match="'avg' or 'max', not 'sum'"):
        Pool("sum")
