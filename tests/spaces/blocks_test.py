import pytest

from nse_tf.spaces import ChoiceBlock, Identity, MBConv
from nse_tf.spaces.blocks import strided

THREE, FIVE = MBConv(3, 3), MBConv(5, 3)


def test_only_a_block_that_keeps_its_shape_has_a_shortcut() -> None:
    assert ChoiceBlock(
        name="b",
        candidates=(THREE,),
        in_size=(8, 8),
        in_channels=16,
        out_channels=16,
    ).has_shortcut
    assert not ChoiceBlock(
        name="b",
        candidates=(THREE,),
        in_size=(8, 8),
        in_channels=16,
        out_channels=24,
    ).has_shortcut
    assert not ChoiceBlock(
        name="b",
        candidates=(THREE,),
        in_size=(8, 8),
        in_channels=16,
        out_channels=16,
        stride=2,
    ).has_shortcut


def test_an_odd_side_is_rounded_up() -> None:
    assert strided((7, 10), 2) == (4, 5)
    assert ChoiceBlock(
        name="b",
        candidates=(THREE,),
        in_size=(7, 10),
        in_channels=8,
        out_channels=8,
        stride=2,
    ).out_size == (4, 5)


def test_a_candidate_is_found_by_its_name() -> None:
    block = ChoiceBlock(
        name="b",
        candidates=(THREE, FIVE),
        in_size=(8, 8),
        in_channels=16,
        out_channels=24,
    )
    assert block.index_of("mbconv_k5_e3") == 1


def test_an_absent_candidate_is_refused_with_those_there_are() -> None:
    block = ChoiceBlock(
        name="b",
        candidates=(THREE, FIVE),
        in_size=(8, 8),
        in_channels=16,
        out_channels=24,
    )
    with pytest.raises(
        ValueError,
        match=r"'identity' does not compete at block 'b'.*mbconv_k3_e3, m",
    ):
        block.index_of("identity")


def test_identity_is_refused_where_the_shape_changes() -> None:
    for channels, stride in ((24, 1), (16, 2)):
        with pytest.raises(ValueError, match=r"16 to .* 'identity' cannot"):
            ChoiceBlock(
                name="b",
                candidates=(THREE, Identity()),
                in_size=(8, 8),
                in_channels=16,
                out_channels=channels,
                stride=stride,
            )


def test_an_empty_block_is_refused() -> None:
    with pytest.raises(ValueError, match="'b' has no candidates"):
        ChoiceBlock(
            name="b",
            candidates=(),
            in_size=(8, 8),
            in_channels=16,
            out_channels=16,
        )


def test_a_candidate_named_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="names an op twice"):
        ChoiceBlock(
            name="b",
            candidates=(THREE, FIVE, THREE),
            in_size=(8, 8),
            in_channels=16,
            out_channels=16,
        )


@pytest.mark.parametrize("max_open", [0, 3])
def test_more_or_fewer_open_branches_than_candidates_are_refused(
    max_open: int,
) -> None:
    with pytest.raises(
        ValueError, match=f"`max_open` of block 'b' is {max_open}"
    ):
        ChoiceBlock(
            name="b",
            candidates=(THREE, FIVE),
            in_size=(8, 8),
            in_channels=16,
            out_channels=16,
            max_open=max_open,
        )
