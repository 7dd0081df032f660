import pytest

from nse_tf.spaces import SearchSpace, make_preset
from nse_tf.spaces.scales import Scale, scaled_spaces, sides_for


def at(scale: Scale) -> SearchSpace:
    return make_preset(
        "spos",
        image_size=(scale.image_size, scale.image_size),
        num_classes=10,
        width=scale.width,
        depth=scale.depth,
    )


@pytest.mark.parametrize(
    ("native", "enlarged", "sides"),
    [
        (8, 2.0, (8, 12, 16)),
        (28, 2.0, (16, 24, 28, 32, 48)),
        (32, 2.0, (16, 24, 32, 48, 64)),
        (32, 3.0, (16, 24, 32, 48, 64, 96)),
        (64, 2.0, (32, 48, 64)),
        (100, 2.0, (32, 48, 64, 96, 100)),
        (3000, 2.0, (32, 48, 64, 96, 128, 160, 192, 224)),
    ],
)
def test_sides_suit_the_images(
    native: int, enlarged: float, sides: tuple[int, ...]
) -> None:
    assert sides_for(native, enlarged) == sides


def test_there_is_no_image_without_pixels() -> None:
    with pytest.raises(ValueError, match="`native` must be at least 1"):
        sides_for(0)


def test_a_scale_is_told_by_what_it_has() -> None:
    assert str(Scale(image_size=48, width=0.5, depth=1.0)) == (
        "48 pixels, width 0.5, depth 1"
    )
    assert str(Scale(image_size=48)) == "48 pixels"


def test_each_scale_has_its_space_once() -> None:
    # At width 0.001 and 0.002 all widths are 8.
    found = scaled_spaces(at, (24, 32), (0.001, 0.002, 1.0), (0.5, 1.0))
    assert [str(each.scale) for each in found] == [
        f"{side} pixels, width {width:g}, depth {depth:g}"
        for side in (24, 32)
        for width in (0.001, 1.0)
        for depth in (0.5, 1.0)
    ]
    for each in found:
        side = each.scale.image_size
        assert each.space.skeleton.image_size == (side, side)
        assert each.space == at(each.scale)


def test_sides_below_the_strides_are_left_out_while_others_are_not() -> None:
    found = scaled_spaces(at, (2, 24), (1.0,), (1.0,))
    assert [each.scale.image_size for each in found] == [24]
    with pytest.raises(ValueError, match="2x2 is too small for the strides"):
        scaled_spaces(at, (2,), (1.0,), (1.0,))


def test_nothing_to_choose_from_is_refused() -> None:
    with pytest.raises(ValueError, match="no scale to choose from"):
        scaled_spaces(at, ())
