import dataclasses
from typing import Any

import pytest

from nse_tf.spaces import ChainSkeleton, Stage

SKELETON = ChainSkeleton(
    image_size=(30, 20),
    image_channels=3,
    num_classes=10,
    stem_channels=16,
    stem_stride=2,
    first_channels=8,
    stages=(Stage(16, 2, 2), Stage(24, 1, 1), Stage(32, 3, 2)),
    tail_channels=64,
)


def test_sizes_are_halved_and_rounded_up_stage_by_stage() -> None:
    assert SKELETON.stem_size == (15, 10)
    assert SKELETON.tail_size == (4, 3)  # 15 -> 8 -> 4 and 10 -> 5 -> 3
    assert SKELETON.total_stride == 8


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("image_channels", 0),
        ("stem_channels", 0),
        ("stem_stride", 0),
        ("first_channels", -1),
        ("tail_channels", 0),
        ("num_classes", 1),
    ],
)
def test_a_number_too_small_is_refused_by_name(name: str, value: int) -> None:
    changed: dict[str, Any] = {name: value}
    with pytest.raises(ValueError, match=f"`{name}` .* not {value}"):
        dataclasses.replace(SKELETON, **changed)


@pytest.mark.parametrize(
    "changed",
    [
        {"stem_channels": 10**18},
        {"num_classes": 10**18},
        {"image_size": (8, 10**18)},
    ],
)
def test_a_number_too_large_is_refused_by_name(changed: dict[str, Any]) -> None:
    (name,) = changed
    with pytest.raises(ValueError, match=f"`{name}` must be at most 1,000,000"):
        dataclasses.replace(SKELETON, **changed)
    with pytest.raises(ValueError, match="`channels` must be at most"):
        Stage(10**18, 1, 1)


def test_an_image_smaller_than_the_strides_is_refused() -> None:
    assert dataclasses.replace(SKELETON, image_size=(8, 8)).tail_size == (1, 1)
    with pytest.raises(ValueError, match=r"9x7 is too small .* Use at least 8"):
        dataclasses.replace(SKELETON, image_size=(9, 7))


def test_a_skeleton_without_stages_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one stage"):
        dataclasses.replace(SKELETON, stages=())


@pytest.mark.parametrize(
    "numbers", [(0, 1, 1), (8, 0, 1), (8, 1, 0), (8, 1, 3)]
)
def test_an_impossible_stage_is_refused(numbers: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match=", ".join(map(str, numbers))):
        Stage(*numbers)
