"""Augmentation is a pure function that moves pixels as its policy says."""

import dataclasses
import math
import timeit
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import tensorflow as tf

from nse_tf.datasets import augmentation
from nse_tf.datasets.augmentation import (
    POLICIES,
    AugmentationPolicy,
    augment,
    policy_with,
)

EVERYTHING = AugmentationPolicy(
    flip=True,
    shift=0.2,
    rotate_degrees=30.0,
    scale=0.2,
    shear=0.1,
    brightness=0.2,
    contrast=0.3,
    cutout=0.3,
)


def noise(*shape: int) -> tf.Tensor:
    return tf.random.stateless_uniform(shape, (1, 2)) * 255.0


def run(
    images: Any, policy: AugmentationPolicy, seed: tuple[int, int] = (0, 0)
) -> npt.NDArray[np.float32]:
    images = tf.constant(images, tf.float32)
    result: npt.NDArray[np.float32] = augment(
        images, policy, tf.constant(seed)
    ).numpy()
    return result


@pytest.mark.parametrize("policy", [*POLICIES.values(), EVERYTHING])
def test_same_seed_same_images_another_seed_others(
    policy: AugmentationPolicy,
) -> None:
    images = noise(8, 12, 10, 3)
    first, again = run(images, policy, (5, 0)), run(images, policy, (5, 0))
    np.testing.assert_array_equal(first, again)
    assert first.shape == images.shape
    assert first.dtype == np.float32
    assert first.min() >= 0
    assert first.max() <= 255
    is_still = policy == POLICIES["none"]
    assert np.array_equal(first, run(images, policy, (5, 1))) == is_still
    assert np.array_equal(first, images.numpy()) == is_still


def test_images_of_a_batch_are_changed_differently() -> None:
    images = tf.tile(noise(1, 12, 12, 1), (16, 1, 1, 1))
    changed = run(images, POLICIES["digits"])
    assert len({image.tobytes() for image in changed}) == 16


def test_flip_alone_mirrors_exactly_about_half_of_the_images() -> None:
    images = noise(400, 5, 6, 1).numpy()
    flipped = run(images, AugmentationPolicy(flip=True))
    is_same = (flipped == images).all(axis=(1, 2, 3))
    is_mirrored = (flipped == images[:, :, ::-1]).all(axis=(1, 2, 3))
    assert (is_same ^ is_mirrored).all()
    # Four standard deviations of a fair coin thrown 400 times.
    assert abs(is_mirrored.sum() - 200) < 40


def test_shift_alone_is_padding_and_cropping_with_every_offset_as_likely() -> (
    None
):
    side, reach = 8, 2
    image = noise(side, side, 1).numpy() + 1.0
    padded = np.pad(image, [(reach, reach), (reach, reach), (0, 0)])
    crops = {
        padded[y : y + side, x : x + side].tobytes(): (y, x)
        for y in range(2 * reach + 1)
        for x in range(2 * reach + 1)
    }
    shifted = run(np.stack([image] * 2500), AugmentationPolicy(shift=0.25))
    blocks = np.array([crops[each.tobytes()] for each in shifted])
    counts = np.bincount(blocks[:, 0] * 5 + blocks[:, 1], minlength=25)
    # 100 of each expected; four standard deviations of that are 39.
    assert abs(counts - 100).max() < 40


def test_rotation_turns_about_the_center_by_at_most_its_limit() -> None:
    image = np.zeros((41, 41, 1))
    image[18:23, 33:38] = 255.0
    turned = run([image] * 200, AugmentationPolicy(rotate_degrees=30.0))
    y, x = np.mgrid[:41, :41] - 20.0
    weight = turned[..., 0] / turned[..., 0].sum(axis=(1, 2), keepdims=True)
    mean_y, mean_x = (weight * y).sum((1, 2)), (weight * x).sum((1, 2))
    np.testing.assert_allclose(np.hypot(mean_y, mean_x), 15.0, atol=0.3)
    angles = np.degrees(np.arctan2(mean_y, mean_x))
    assert 28.0 < angles.max() < 30.5
    assert -30.5 < angles.min() < -28.0


def test_zoom_scales_areas_by_its_square() -> None:
    image = np.zeros((40, 40, 1))
    image[12:28, 12:28] = 1.0
    zoomed = run([image] * 200, AugmentationPolicy(scale=0.25))
    sides = np.sqrt(zoomed.sum(axis=(1, 2, 3)))
    assert 16 * 0.75 - 0.3 < sides.min() < 16 * 0.77
    assert 16 * 1.23 < sides.max() < 16 * 1.25 + 0.3


def test_shear_moves_columns_and_leaves_the_middle_row() -> None:
    image = np.zeros((21, 21, 1))
    image[:, 10] = 255.0
    slanted = run([image] * 50, AugmentationPolicy(shear=0.5))[..., 0]
    x = np.arange(21) - 10.0
    center = (slanted * x).sum(2) / slanted.sum(2)
    np.testing.assert_allclose(center[:, 10], 0.0, atol=1e-3)
    per_row = (center[:, 20] - center[:, 0]) / 20
    assert 0.45 < abs(per_row).max() <= 0.5001


def test_brightness_adds_the_same_to_every_pixel_of_an_image() -> None:
    images = np.full((100, 4, 4, 3), 100.0)
    moved = run(images, AugmentationPolicy(brightness=0.2)) - 100.0
    assert np.ptp(moved, axis=(1, 2, 3)).max() < 1e-3
    assert 45 < abs(moved).max() <= 51.0


def test_contrast_keeps_the_mean() -> None:
    images = noise(20, 8, 8, 3).numpy() * 0.5 + 64.0
    changed = run(images, AugmentationPolicy(contrast=0.4))
    np.testing.assert_allclose(
        changed.mean((1, 2, 3)), images.mean((1, 2, 3)), rtol=1e-5
    )
    gain = changed.std((1, 2, 3)) / images.std((1, 2, 3))
    assert 0.6 <= gain.min() < 0.75
    assert 1.25 < gain.max() <= 1.4


def test_cutout_paints_one_square_in_the_mean_color() -> None:
    images = noise(200, 16, 16, 3).numpy()
    cut = run(images, AugmentationPolicy(cutout=0.25))
    mean = images.mean(axis=(1, 2), keepdims=True)
    is_cut = (cut != images).any(axis=3)
    np.testing.assert_allclose(
        cut[is_cut], np.broadcast_to(mean, cut.shape)[is_cut], rtol=1e-4
    )
    heights, widths = is_cut.any(axis=2).sum(1), is_cut.any(axis=1).sum(1)
    np.testing.assert_array_equal(is_cut.sum((1, 2)), heights * widths)
    # Smaller where the center lies near the border.
    assert heights.max() == widths.max() == 4
    assert heights.min() >= 2


def test_reflection_leaves_no_black_border() -> None:
    images = np.full((50, 8, 8, 1), 200.0)
    policy = AugmentationPolicy(shift=0.25, rotate_degrees=20.0)
    assert run(images, policy).min() < 100.0
    reflecting = dataclasses.replace(policy, reflect=True)
    np.testing.assert_allclose(run(images, reflecting), 200.0, rtol=1e-5)


def test_switching_cutout_on_leaves_the_moves_as_they_were() -> None:
    images, moves = noise(8, 16, 16, 3), POLICIES["small_images"]
    moved = run(images, moves)
    also_cut = run(images, dataclasses.replace(moves, cutout=0.25))
    is_same = (moved == also_cut).all(axis=3).mean(axis=(1, 2))
    assert (is_same > 0.9).all()


def test_one_trace_serves_every_batch_size_and_seed() -> None:
    def augment_all(images: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        changed = augment(images, EVERYTHING, seed)
        assert changed.shape.as_list() == [None, 8, 8, 1]
        return changed

    traced = tf.function(
        augment_all,
        input_signature=[
            tf.TensorSpec((None, 8, 8, 1), tf.float32),
            tf.TensorSpec((2,), tf.int32),
        ],
    )
    for size in (1, 5, 8):
        images = noise(size, 8, 8, 1)
        np.testing.assert_allclose(
            traced(images, tf.constant([3, size])).numpy(),
            run(images, EVERYTHING, (3, size)),
            atol=1e-3,
        )
    assert traced.experimental_get_tracing_count() == 1


def test_padding_and_flipping_a_cifar_batch_is_cheap() -> None:
    images, seed = noise(128, 32, 32, 3), tf.constant([0, 1])
    step = tf.function(lambda: augment(images, POLICIES["small_images"], seed))
    step()
    seconds = min(timeit.repeat(lambda: step().numpy(), number=1, repeat=20))
    # 2.7 ms on 2 cores; the rest is for machines that are busy.
    assert seconds < 0.03


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("shift", -0.1),
        ("cutout", 1.5),
        ("scale", 0.95),
        ("rotate_degrees", 200.0),
        ("contrast", math.nan),
    ],
)
def test_a_number_out_of_range_is_refused(field: str, value: float) -> None:
    with pytest.raises(ValueError, match=f"`{field}` must be from 0 to"):
        AugmentationPolicy(**{field: value})  # type: ignore[arg-type]


def test_characters_are_never_mirrored() -> None:
    assert not POLICIES["digits"].flip
    assert augmentation.suitable_policy(28, 1) == "digits"
    assert augmentation.suitable_policy(32, 3) == "small_images"
    assert augmentation.suitable_policy(96, 3) == "photos"


def test_cutout_may_come_on_top_of_a_policy() -> None:
    policy = POLICIES["small_images"]
    assert policy_with("small_images") is policy
    cut = policy_with("small_images", 0.5)
    assert cut == dataclasses.replace(policy, cutout=0.5)
