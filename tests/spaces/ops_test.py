import decimal
from typing import Any

import hypothesis
import pytest
from hypothesis import strategies as st

from nse_tf.spaces import Identity, MBConv, parse_op
from nse_tf.spaces.ops import MBCONV_ACTIVATIONS


@hypothesis.given(st.integers(0, 20), st.integers(1, 99))
def test_the_name_of_an_mbconv_parses_back(half: int, expansion: int) -> None:
    op = MBConv(2 * half + 1, expansion)
    assert parse_op(op.name) == op


@hypothesis.given(
    st.decimals(1, 99, places=2),
    st.booleans(),
    st.sampled_from(MBCONV_ACTIVATIONS),
)
def test_so_does_that_of_any_other_kind(
    expansion: decimal.Decimal, squeeze_excite: bool, activation: str
) -> None:
    op = MBConv(5, float(expansion), squeeze_excite, activation)
    parsed = parse_op(op.name)
    assert parsed == op
    assert parsed.name == op.name


def test_identity_parses_back() -> None:
    assert parse_op("identity") == Identity() == parse_op(Identity().name)


def test_names_are_those_of_the_published_operators() -> None:
    assert MBConv(5, 6).name == "mbconv_k5_e6"


def test_a_name_says_what_differs_from_mobilenet_v2() -> None:
    op = MBConv(5, 4.5, squeeze_excite=True, activation="hard_swish")
    assert op.name == "mbconv_k5_e4.5_se_hard_swish"
    assert MBConv(5, 6.0, activation="relu").name == "mbconv_k5_e6_relu"
    others: list[dict[str, Any]] = [
        {"squeeze_excite": True},
        {"activation": "relu"},
    ]
    assert MBConv(5, 6.0).is_plain
    assert not MBConv(5, 4.5).is_plain
    assert not any(MBConv(5, 6, **kind).is_plain for kind in others)


@pytest.mark.parametrize(
    ("width", "expansion", "inner", "narrow"),
    [
        (16, 1, 16, 8),
        (16, 4.5, 72, 24),  # 18, which 16 is more than a tenth below.
        (24, 3.67, 88, 24),
        (40, 6, 240, 64),  # From 60.
        (80, 2.3, 184, 48),
        (96, 6, 576, 144),
        (10, 3, 30, 8),  # A whole expansion multiplies exactly.
    ],
)
def test_widths_are_those_of_mobilenet_v3(
    width: int, expansion: float, inner: int, narrow: int
) -> None:
    op = MBConv(3, expansion)
    assert op.inner_channels(width) == inner
    assert op.squeezed_channels(width) == narrow


def test_an_unknown_activation_is_refused_with_those_there_are() -> None:
    with pytest.raises(
        ValueError, match="one of relu6, relu, hard_swish, not 'swish'"
    ):
        MBConv(3, 6, activation="swish")


@pytest.mark.parametrize(
    "name", ["mbconv_k3", "mbconv_k3_e6 ", "xmbconv_k3_e6", "Identity", ""]
)
def test_a_name_that_is_no_ops_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="No op is named") as caught:
        parse_op(name)
    assert repr(name) in str(caught.value)


def test_a_misspelled_op_is_offered_the_nearest_name() -> None:
    with pytest.raises(ValueError, match=r"Did you mean 'mbconv_k5_e6'"):
        parse_op("mbconv_k5e6")


@pytest.mark.parametrize("kernel", [-3, 0, 2, 4])
def test_an_even_or_empty_kernel_is_refused(kernel: int) -> None:
    with pytest.raises(ValueError, match=f"`kernel` .* not {kernel}"):
        MBConv(kernel, 3)


def test_an_expansion_below_one_is_refused() -> None:
    with pytest.raises(ValueError, match=r"`expansion` .* not 0"):
        MBConv(3, 0)


def test_a_bad_number_in_a_name_is_refused_by_its_argument() -> None:
    with pytest.raises(ValueError, match=r"`kernel` .* not 4"):
        parse_op("mbconv_k4_e3")
