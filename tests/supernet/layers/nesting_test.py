"""Nested candidates: which rows hold which part, and what does not nest."""

import numpy as np
import pytest

from nse_tf.spaces import ChainOp, ChoiceBlock, Identity, MBConv
from nse_tf.supernet.layers.layouts import layout_of, unpacked
from nse_tf.supernet.layers.nesting import Nesting, require_nesting


def block_of(
    *candidates: ChainOp, out_channels: int = 4, max_open: int = 1
) -> ChoiceBlock:
    return ChoiceBlock(
        name="stage0_block0",
        candidates=candidates,
        in_size=(8, 8),
        in_channels=4,
        out_channels=out_channels,
        max_open=max_open,
    )


@pytest.mark.parametrize(
    ("ops", "out_channels", "row_length"),
    [
        ((MBConv(3, 3), MBConv(7, 6), MBConv(5, 6), Identity()), 4, 12),
        ((MBConv(3, 6), MBConv(7, 2)), 5, 8),  # The largest is no candidate.
        ((MBConv(3, 2), MBConv(3, 3), MBConv(5, 5)), 7, 4),
        ((MBConv(3, 1), MBConv(5, 1)), 5, 4),
        ((MBConv(5, 3),), 30, 12),  # Last scales fill more than one row.
    ],
)
def test_a_candidate_is_the_middle_and_the_first_channels(
    ops: tuple[ChainOp, ...], out_channels: int, row_length: int
) -> None:
    block = block_of(*ops, out_channels=out_channels)
    nesting = Nesting(block)
    assert nesting.row_length == row_length
    pieces = nesting.largest.weights
    values = np.arange(1, 1 + sum(each.size for each in pieces))
    matrix = nesting.matrix_of(values.astype(np.float32))
    whole = unpacked(pieces, values)
    side, _, width, _ = whole["depthwise", "kernel"].shape
    for index, op in enumerate(ops):
        rows = nesting.rows_of(index)
        if not isinstance(op, MBConv):
            assert len(rows) == 0
            continue
        layout = layout_of(op, block)
        found = unpacked(layout.weights, matrix[rows].ravel())
        inner, margin = 4 * op.expansion, (side - op.kernel) // 2
        assert inner <= width
        middle = slice(margin, side - margin)
        wanted = {
            ("depthwise", "kernel"): whole["depthwise", "kernel"][
                middle, middle, :inner
            ],
            ("project", "kernel"): whole["project", "kernel"][:, :, :inner],
            **{
                key: value if key[0] == "project_bn" else value[..., :inner]
                for key, value in whole.items()
                if key[0] != "project" and key != ("depthwise", "kernel")
            },
        }
        assert found.keys() == wanted.keys()
        for key, value in found.items():
            np.testing.assert_array_equal(value, wanted[key], str(key))
    assert len(nesting.rows_of(len(ops))) == 0  # Padding.
    sizes = nesting.kernel_sizes
    assert len(sizes) == len(matrix)
    assert sizes.sum() == nesting.largest.kernel_size
    assert not matrix[-1].any()


def test_the_same_candidates_share_what_they_can() -> None:
    """By hand: 3 is in 5, and either expansion in the larger one."""
    nesting = Nesting(block_of(MBConv(3, 3), MBConv(5, 3), MBConv(3, 6)))
    small, wide, deep = (set(nesting.rows_of(i).tolist()) for i in range(3))
    assert small < wide
    assert small < deep
    assert wide & deep == small
    # What a kernel of 5 adds: 25 - 9 positions of one run of channels.
    assert len(wide - small) == 16
    # Four inputs, nine positions, four outputs, two scales, two offsets.
    assert len(deep - small) == 4 + 9 + 4 + 4


@pytest.mark.parametrize(
    ("block", "words"),
    [
        (
            block_of(MBConv(3, 3), MBConv(5, 3), max_open=2),
            "'stage0_block0' opens up to 2 candidates .* `max_open` 1",
        ),
        (
            block_of(MBConv(3, 1), MBConv(5, 1), MBConv(3, 6)),
            "'mbconv_k3_e1' and 'mbconv_k3_e6' of block 'stage0_block0' do "
            "not nest.*let `sharing` be 'rows'",
        ),
        *(
            (
                block_of(MBConv(3, 3), op),
                f"'{op.name}' of block 'stage0_block0' does not nest .*"
                "let `sharing` be 'rows'",
            )
            for op in (
                MBConv(5, 6, squeeze_excite=True),
                MBConv(5, 6, activation="relu"),
                MBConv(5, 4.5),
            )
        ),
    ],
)
def test_what_does_not_nest_is_refused_by_name(
    block: ChoiceBlock, words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        require_nesting(block)
