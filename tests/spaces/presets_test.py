import dataclasses
from typing import Any

import pytest

from nse_tf.costs import backbone_parts
from nse_tf.spaces import Identity, MBConv, make_preset
from nse_tf.spaces.adaptation import rounded_channels
from nse_tf.spaces.preset_choice import preset_for
from nse_tf.spaces.presets import EXCITE_SKELETON, PRESETS
from nse_tf.spaces.published_skeletons import FAIRNAS_SKELETON, SPOS_SKELETON

SIZES = [
    (8, 8),
    (16, 16),
    (32, 32),
    (48, 48),
    (96, 96),
    (160, 160),
    (224, 224),
    (300, 200),
]


def test_the_spos_preset_is_the_published_chain() -> None:
    space = make_preset("spos")
    assert space.skeleton == SPOS_SKELETON
    rows = [
        (block.in_size[0], block.in_channels, block.out_channels, block.stride)
        for block in space.as_chain().blocks
    ]
    assert rows == [
        (112, 24, 32, 2),
        *[(56, 32, 32, 1)] * 3,
        (56, 32, 56, 2),
        *[(28, 56, 56, 1)] * 3,
        (28, 56, 112, 2),
        *[(14, 112, 112, 1)] * 3,
        (14, 112, 128, 1),
        *[(14, 128, 128, 1)] * 3,
        (14, 128, 256, 2),
        *[(7, 256, 256, 1)] * 3,
        (7, 256, 432, 1),
    ]


def test_spos_candidates_are_numbered_as_published() -> None:
    space = make_preset("spos")
    ops = tuple(MBConv(k, e) for k in (3, 5, 7) for e in (3, 6))
    optional = {1, 2, 3, 5, 6, 7, 9, 10, 11, 13, 14, 15, 17, 18, 19}
    for number, block in enumerate(space.blocks):
        extra = (Identity(),) if number in optional else ()
        assert block.candidates == (*ops, *extra)


def test_the_fairnas_preset_is_the_published_chain() -> None:
    space = make_preset("fairnas")
    assert space.skeleton == FAIRNAS_SKELETON
    assert [
        (block.in_size[0], block.in_channels, block.out_channels, block.stride)
        for block in space.as_chain().blocks
    ] == [
        (112, 16, 32, 2),
        (56, 32, 32, 1),
        (56, 32, 40, 2),
        *[(28, 40, 40, 1)] * 3,
        (28, 40, 80, 2),
        *[(14, 80, 80, 1)] * 3,
        (14, 80, 96, 1),
        *[(14, 96, 96, 1)] * 3,
        (14, 96, 192, 2),
        *[(7, 192, 192, 1)] * 3,
        (7, 192, 320, 1),
    ]
    assert all(len(block.candidates) == 6 for block in space.blocks)


@pytest.mark.parametrize(
    "name",
    [name for name, each in PRESETS.items() if not each.skeleton.cell_kinds],
)
@pytest.mark.parametrize("image_size", SIZES)
def test_a_chain_fits_any_image_size(
    name: str, image_size: tuple[int, int]
) -> None:
    space = make_preset(name, image_size=image_size, num_classes=10)
    skeleton, blocks = space.as_chain()
    shorter = min(image_size)
    assert skeleton.image_size == image_size
    assert skeleton.stem_stride == (2 if shorter >= 96 else 1)
    assert (2 if shorter <= 16 else 4) <= min(skeleton.tail_size) <= 8
    assert blocks[-1].out_size == skeleton.tail_size
    assert space.size > 1


def test_small_images_lose_the_first_stages() -> None:
    def strides(side: int) -> list[int]:
        space = make_preset("spos", image_size=(side, side))
        skeleton = space.as_chain().skeleton
        return [
            skeleton.stem_stride,
            *(stage.stride for stage in skeleton.stages),
        ]

    assert strides(224) == [2, 2, 2, 2, 1, 2, 1]
    assert strides(96) == [2, 2, 2, 1, 2, 1]
    assert strides(32) == [1, 2, 2, 1, 2, 1]
    assert strides(16) == [1, 2, 2, 1, 2, 1]
    assert strides(8) == [1, 2, 1, 2, 1]
    assert strides(4) == [1, 1, 2, 1]


def test_kernels_that_only_see_padding_are_left_out() -> None:
    space = make_preset("spos_tiny", image_size=(8, 8))
    kernels = {
        block.in_size[0]: {
            op.kernel for op in block.candidates if isinstance(op, MBConv)
        }
        for block in space.as_chain().blocks
    }
    assert kernels == {8: {3, 5, 7}, 4: {3, 5, 7}, 2: {3}}


def test_excite_searches_gates_and_activations_in_mobilenet_v3() -> None:
    space = make_preset("excite")
    rows = [
        (block.in_size[0], block.in_channels, block.out_channels, block.stride)
        for block in space.as_chain().blocks
    ]
    assert rows[::4] == [
        (112, 16, 24, 2),
        (56, 24, 40, 2),
        (28, 40, 80, 2),
        (14, 80, 112, 1),
        (14, 112, 160, 2),
    ]
    assert len(rows) == 20
    first, second, *_ = space.blocks
    assert [op.name for op in first.candidates[-3:]] == [
        "mbconv_k3_e6_se_hard_swish",
        "mbconv_k5_e3_se_hard_swish",
        "mbconv_k5_e6_se_hard_swish",
    ]
    assert len(first.candidates) == 2**4
    assert second.candidates == (*first.candidates, Identity())


def test_mobilenet_v3_has_one_convolution_in_front_and_a_layer_behind() -> None:
    stem, tail, hidden, classifier = backbone_parts(EXCITE_SKELETON)
    assert stem.macs == 112 * 112 * 9 * 3 * 16
    assert tail.macs == 7 * 7 * 160 * 960
    assert (hidden.macs, hidden.params) == (960 * 1280, 961 * 1280)
    assert (classifier.macs, classifier.params) == (1280 * 1000, 1281 * 1000)
    half = EXCITE_SKELETON.widened(0.5)
    assert half.hidden_channels == half.classifier_channels == 640


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"hidden_channels": 0}, "`hidden_channels`"),
        ({"first_channels": 24}, "`first_channels` 24 must be the stem's 16"),
    ],
)
def test_ends_that_mobilenet_v3_cannot_have_are_refused(
    fields: dict[str, Any], words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        dataclasses.replace(EXCITE_SKELETON, **fields)


def test_an_image_too_small_for_any_network_is_refused() -> None:
    with pytest.raises(ValueError, match="3x3 is too small for the strides"):
        make_preset("spos", image_size=(3, 3))


def test_width_and_depth_multiply_and_round() -> None:
    skeleton = make_preset("spos", width=0.5, depth=0.5).as_chain().skeleton
    assert skeleton.stem_channels == 24  # From 20.
    assert skeleton.first_channels == 16  # From 12.
    assert [stage.channels for stage in skeleton.stages] == [
        16,
        32,
        56,
        64,
        128,
        216,
    ]
    assert [stage.depth for stage in skeleton.stages] == [2, 2, 2, 2, 2, 1]
    assert skeleton.tail_channels == 864


@pytest.mark.parametrize(
    ("channels", "rounded"),
    [(1, 8), (8, 8), (11.9, 16), (12, 16), (16, 16), (19, 24), (20, 24)],
)
def test_channels_round_to_eights_and_lose_at_most_a_tenth(
    channels: float, rounded: int
) -> None:
    assert rounded_channels(channels) == rounded


def test_only_the_published_skeleton_is_counted_as_published() -> None:
    assert make_preset("fairnas").convention == "thop_fairnas"
    assert make_preset("fairnas", num_classes=10).convention == "plain"
    assert make_preset("spos_tiny").convention == "plain"


@pytest.mark.parametrize(
    ("image_size", "name"),
    [
        ((8, 8), "spos_tiny"),
        ((28, 300), "spos_small"),
        ((96, 96), "spos_small"),
        ((224, 224), "spos"),
    ],
)
def test_the_shorter_side_chooses_the_preset(
    image_size: tuple[int, int], name: str
) -> None:
    assert preset_for(image_size) == name
    motifs = name.replace("spos", "autospace")
    assert preset_for(image_size, "motifs") == motifs
    assert motifs in PRESETS


def test_an_unknown_name_is_offered_the_nearest() -> None:
    with pytest.raises(ValueError, match=r"'fairnass'. Did you mean 'fairnas'"):
        make_preset("fairnass")


@pytest.mark.parametrize("numbers", [(0.0, 1.0), (1.0, -1.0)])
def test_a_multiplier_that_is_not_positive_is_refused(
    numbers: tuple[float, float],
) -> None:
    width, depth = numbers
    with pytest.raises(ValueError, match=f"not {width} and {depth}"):
        make_preset("spos", width=width, depth=depth)


def test_an_empty_image_is_refused() -> None:
    with pytest.raises(ValueError, match="`image_size` 0x8 is too small"):
        make_preset("spos", image_size=(0, 8))
