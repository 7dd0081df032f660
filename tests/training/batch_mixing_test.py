"""Keras's augmentations, exact by seed and by hand."""

import numpy as np
import pytest
import tensorflow as tf

from nse_tf.training.batch_mixing import BatchMixing

RNG = np.random.default_rng(0)
# An image of one gray level each, so that it can be told who gave which pixel.
LEVELS = np.arange(12, dtype=np.float32) * 20
IMAGES = np.tile(LEVELS[:, None, None, None], (1, 8, 8, 3))
LABELS = (np.arange(12) % 4).astype(np.int32)
KINDS = {
    "rand_augment": BatchMixing(4, rand_augment=2),
    "mixup": BatchMixing(4, mixup=0.4),
    "cutmix": BatchMixing(4, cutmix=1.0),
    "all": BatchMixing(4, rand_augment=1, mixup=0.4, cutmix=1.0),
}


def mixed(kind: str, seed: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    images, labels = KINDS[kind](
        tf.constant(IMAGES), tf.constant(LABELS), tf.constant(seed)
    )
    return images.numpy(), labels.numpy()


@pytest.mark.parametrize("kind", KINDS)
def test_it_follows_from_the_seed_alone(kind: str) -> None:
    first, labels = mixed(kind, (3, 5))
    mixed(kind, (4, 5))  # Moves the generators of the layers.
    again, same_labels = mixed(kind, (3, 5))
    np.testing.assert_array_equal(first, again)
    np.testing.assert_array_equal(labels, same_labels)
    others = [mixed(kind, (seed, 5))[0] for seed in range(6, 10)]
    assert not all(np.array_equal(first, other) for other in others)
    assert first.shape == IMAGES.shape
    assert first.min() >= 0
    assert first.max() <= 255


def test_by_hand_mixup_mixes_images_as_it_mixes_labels() -> None:
    images, shares = mixed("mixup", (1, 2))
    level = images[:, 0, 0, 0]
    # One share for the whole image.
    assert np.ptp(images, axis=(1, 2, 3)).max() < 1e-3
    np.testing.assert_allclose(shares.sum(axis=1), 1, rtol=1e-6)
    num_pairs = 0
    for index, (image, share) in enumerate(zip(level, shares, strict=True)):
        own = LABELS[index]
        others = [each for each in np.flatnonzero(share) if each != own]
        if not others:
            continue  # Mixed with an image of its own class, or with none.
        num_pairs += 1
        (other,) = others
        # Some image of the other class has the other share of the pixels, too.
        of_others = (
            share[own] * LEVELS[index]
            + share[other] * (LEVELS[other == LABELS])
        )
        assert np.abs(of_others - image).min() < 1e-3
    assert num_pairs > 3
    assert not np.array_equal(level, LEVELS)


def test_by_hand_cutmix_gives_labels_by_area() -> None:
    images, shares = mixed("cutmix", (1, 2))
    np.testing.assert_allclose(shares.sum(axis=1), 1, rtol=1e-6)
    for own, image, share, level in zip(
        LABELS, images, shares, LEVELS, strict=True
    ):
        found = set(np.unique(image).tolist())
        assert len(found) <= 2
        assert found <= set(LEVELS.tolist())
        pasted = float((image != level).mean())
        other = [each for each in np.flatnonzero(share) if each != own]
        # Rectangles end between pixels; whole ones are painted.
        if other:
            assert share[other[0]] == pytest.approx(pasted, abs=0.25)


def test_without_mixing_labels_stay_numbers() -> None:
    _, labels = mixed("rand_augment", (0, 0))
    np.testing.assert_array_equal(labels, LABELS)


def test_it_is_false_where_there_is_nothing_to_do() -> None:
    assert not BatchMixing(4)
    assert all(KINDS.values())


def test_gray_images_are_augmented_too() -> None:
    images, _ = KINDS["all"](
        tf.constant(IMAGES[..., :1]), tf.constant(LABELS), tf.constant((1, 1))
    )
    assert images.shape == (12, 8, 8, 1)
