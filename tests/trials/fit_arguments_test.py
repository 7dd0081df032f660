"""The arguments of `fit`, as `search` reads them."""

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from nse_tf.training import ChildRecipe, SupernetRecipe
from nse_tf.trials.fit_arguments import FitArguments, read_fit_arguments
from tests.training.tiny_data import image_set

IMAGES = image_set(20)
PIXELS, LABELS = np.asarray(IMAGES.images), IMAGES.labels


def read(*data: Any, **given: Any) -> FitArguments:
    """Returns arguments of a search over three classes."""
    return read_fit_arguments(3, *data, **given)


def test_images_come_in_every_form_that_fit_takes() -> None:
    dataset = tf.data.Dataset.from_tensor_slices((PIXELS, LABELS)).batch(7)
    one_hot = np.eye(3)[LABELS]
    for data in ((PIXELS, LABELS), (PIXELS, one_hot), (dataset,), (IMAGES,)):
        given = read(*data, validation_data=(PIXELS, LABELS))
        np.testing.assert_array_equal(given.train.images, PIXELS)
        np.testing.assert_array_equal(given.train.labels, LABELS)
        np.testing.assert_array_equal(given.validation.labels, LABELS)


def test_a_split_takes_the_end_as_keras_does() -> None:
    given = read(PIXELS, LABELS, validation_split=0.25)
    np.testing.assert_array_equal(given.train.labels, LABELS[:15])
    np.testing.assert_array_equal(given.validation.images, PIXELS[15:])


def test_batch_size_and_class_weight_go_to_both_recipes() -> None:
    given = read(
        PIXELS, LABELS, validation_split=0.5, batch_size=5, class_weight={1: 3}
    )
    for recipe in given.recipes(SupernetRecipe(), ChildRecipe(momentum=0.5)):
        assert recipe.batch_size == 5
        assert recipe.class_weights == (1.0, 3.0, 1.0)
    plain = read(PIXELS, LABELS, validation_split=0.5)
    assert plain.recipes(SupernetRecipe(), ChildRecipe()) == (
        SupernetRecipe(),
        ChildRecipe(),
    )


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "give either `validation_data` or a `validation_split`"),
        (
            {"validation_data": IMAGES, "validation_split": 0.1},
            "give either `validation_data` or a `validation_split`",
        ),
        ({"validation_split": 1.0}, "leaves 0 of 20 images to train on"),
        ({"validation_split": 0.5, "epochs": 0}, "`epochs` must be at least 1"),
        (
            {"validation_split": 0.5, "batch_size": -1},
            "`batch_size` must be at least 1, not -1",
        ),
        (
            {"validation_split": 0.5, "class_weight": {3: 1.0}},
            "gives class 3 the weight 1.0; classes are 0 to 2",
        ),
        (
            {"validation_split": 0.5, "class_weight": {0: -1.0}},
            "weights not negative",
        ),
    ],
)
def test_what_cannot_be_meant_is_refused(
    given: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        read(PIXELS, LABELS, **given)


def test_balanced_classes_are_drawn_and_not_weighed() -> None:
    given = read(PIXELS, LABELS, validation_split=0.5, class_weight="balanced")
    for recipe in given.recipes(SupernetRecipe(), ChildRecipe()):
        assert recipe.balanced_classes
        assert recipe.class_weights == ()
    with pytest.raises(ValueError, match="'odd'; give 'balanced'"):
        read(PIXELS, LABELS, validation_split=0.5, class_weight="odd")


def test_sorted_labels_and_labels_that_are_all_equal_are_refused() -> None:
    with pytest.raises(ValueError, match="lie sorted by class"):
        read(PIXELS, np.sort(LABELS), validation_split=0.5)
    with pytest.raises(ValueError, match="nothing to tell apart"):
        read(PIXELS, 0 * LABELS, validation_split=0.5)


def test_arguments_without_use_are_refused_by_name() -> None:
    with pytest.raises(TypeError, match=r"no use for \['shuffle'\] here"):
        read(PIXELS, LABELS, validation_split=0.5, shuffle=False)
