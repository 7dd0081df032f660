import hypothesis
import pytest
from hypothesis import strategies as st

from nse_tf.spaces import Identity, MBConv, parse_op


@hypothesis.given(st.integers(0, 20), st.integers(1, 99))
def test_the_name_of_an_mbconv_parses_back(half: int, expansion: int) -> None:
    op = MBConv(2 * half + 1, expansion)
    assert parse_op(op.name) == op


def test_identity_parses_back() -> None:
    assert parse_op("identity") == Identity() == parse_op(Identity().name)


def test_names_are_those_of_the_published_operators() -> None:
    assert MBConv(5, 6).name == "mbconv_k5_e6"


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
