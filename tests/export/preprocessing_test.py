"""Pixels that enter otherwise than in training are found and named."""

import keras
import numpy as np
import pytest

from nse_tf.export.preprocessing import (
    VALUE_RANGES,
    as_seen,
    luck,
    preprocessing_fault,
    told,
    unlabeled_fault,
)
from nse_tf.runs.export_inputs import with_pixels

# Dark images, then bright ones.
GRAYS = np.repeat([60.0, 70, 170, 180], 25)
IMAGES = np.broadcast_to(GRAYS[:, None, None, None], (100, 2, 2, 1))
LABELS = (GRAYS > 127).astype(int)


def trained_on(low: float, high: float) -> keras.Model:
    """Returns a network that tells dark from bright in a range of values."""
    given = keras.Input((2, 2, 1))
    gray = keras.layers.GlobalAveragePooling2D()(given)
    scores = keras.layers.Dense(2)(gray)
    model = keras.Model(given, scores)
    middle = (low + high) / 2
    model.set_weights([np.array([[-1.0, 1.0]]), np.array([middle, -middle])])
    return model


@pytest.mark.parametrize("trained", VALUE_RANGES)
@pytest.mark.parametrize("given", VALUE_RANGES)
def test_the_range_of_the_training_is_named(
    trained: tuple[float, float], given: tuple[float, float]
) -> None:
    model = with_pixels(trained_on(*trained), given)
    fault = preprocessing_fault(model, IMAGES, LABELS, given)
    if given == trained:
        assert fault == ""
        return
    # Trained on 0..1 and given 0..255, all looks bright, and so on.
    low, high = trained
    assert fault.startswith("Of 100 test images 50.0% are right")
    assert f"with --value_range={low:g},{high:g} 100.0%" in fault


@pytest.mark.parametrize("softmax", [False, True])
@pytest.mark.parametrize("trained", VALUE_RANGES)
@pytest.mark.parametrize("given", VALUE_RANGES)
def test_without_labels_what_tells_images_apart_tells_the_range(
    trained: tuple[float, float], given: tuple[float, float], softmax: bool
) -> None:
    model = trained_on(*trained)
    kernel, bias = model.get_weights()
    certain = 100 / (trained[1] - trained[0])
    model.set_weights([kernel * certain, bias * certain])
    if softmax:
        model = keras.Model(model.input, keras.ops.softmax(model.output))
    fault = unlabeled_fault(with_pixels(model, given), IMAGES, given)
    if given == trained:
        assert fault == ""
        return
    low, high = trained
    assert "tell 0.00 nats about which of 100 test images" in fault
    assert f"with --value_range={low:g},{high:g} 0.69: pixels" in fault


def test_what_scores_tell_is_the_information_of_image_and_class() -> None:
    given = keras.Input((1, 1, 4))
    model = keras.Model(given, keras.layers.Flatten()(given))
    certain = np.eye(4)[:, None, None, :]
    assert told(model, certain) == pytest.approx(np.log(4), abs=1e-6)
    assert told(model, certain[[2, 2]]) == pytest.approx(0, abs=1e-6)
    assert told(model, np.full_like(certain, 0.25)) == pytest.approx(
        0, abs=1e-6
    )
    # As logits: 0.4754, and 0.1749 three times.
    logits = -1 + certain
    share = np.exp([0, -1, -1, -1]) / np.exp([0, -1, -1, -1]).sum()
    wanted = np.log(4) + (share * np.log(share)).sum()
    assert told(model, logits) == pytest.approx(wanted, abs=1e-6)


def test_without_labels_a_few_images_tell_nothing() -> None:
    model = with_pixels(trained_on(0, 1), (0.0, 255.0))
    assert not unlabeled_fault(model, IMAGES[30:70], (0.0, 255.0))


def test_classes_in_another_order_are_no_better_than_guessing() -> None:
    model = with_pixels(trained_on(0, 255), (0.0, 255.0))
    fault = preprocessing_fault(model, IMAGES, 1 - LABELS, (0.0, 255.0))
    assert "0.0% are right, no more than by luck (58.2%)" in fault
    assert "order of classes" in fault


@pytest.mark.parametrize("seed", range(5))
def test_no_range_is_named_where_none_is_better(seed: int) -> None:
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 2, 100)  # Nothing to do with the images.
    model = with_pixels(trained_on(0, 255), (0.0, 255.0))
    fault = preprocessing_fault(model, IMAGES, labels, (0.0, 255.0))
    assert "with --value_range=" not in fault


def test_what_is_seen_follows_from_both_ranges() -> None:
    black_and_white = np.array([0.0, 255.0])
    for given in VALUE_RANGES:
        for other in VALUE_RANGES:
            scaled = as_seen(black_and_white, given, other)
            seen = given[0] + scaled / 255 * (given[1] - given[0])
            np.testing.assert_allclose(seen, other, atol=1e-5)


def test_luck_is_what_another_order_gets() -> None:
    labels = np.array([0] * 90 + [1] * 10)
    # One that always names the first class: 0.9, and 1.645 times 0.03 of it.
    always = np.zeros(100, int)
    assert luck(always, labels) == pytest.approx(0.9 + 1.645 * 0.03)
    assert (always == labels).mean() < luck(always, labels)
    # One that finds all of the second, and 8 of the first there: 0.82 of the
    # first and 0.18 of the second, 0.756 by luck.
    finds = labels.copy()
    finds[:8] = 1
    deviation = (0.756 * 0.244 / 100) ** 0.5
    assert luck(finds, labels) == pytest.approx(0.756 + 1.645 * deviation)
    assert (finds == labels).mean() > luck(finds, labels)


def test_a_few_images_tell_nothing() -> None:
    model = with_pixels(trained_on(0, 255), (0.0, 255.0))
    few = slice(30, 70)
    assert not preprocessing_fault(
        model, IMAGES[few], 1 - LABELS[few], (0.0, 255.0)
    )
