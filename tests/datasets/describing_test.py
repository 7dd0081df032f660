import dataclasses

import numpy as np

from nse_tf.datasets import ImageData, ImageSet, data_lines, data_warnings


def image_set(values: list[int], labels: list[int]) -> ImageSet:
    """Returns images of one value each."""
    pixels = np.array(values, np.uint8).reshape(-1, 1, 1, 1)
    return ImageSet(np.tile(pixels, (1, 6, 4, 1)), np.array(labels, np.int32))


DATA = ImageData(
    name="pets",
    train=image_set([1, 2, 3, 4], [0, 0, 1, 1]),
    validation=image_set([5, 6], [0, 1]),
    test=image_set([7, 8, 9], [0, 0, 1]),
    class_names=("cat", "dog"),
    notes=("All is well.",),
)


def test_the_first_lines_say_parts_classes_and_sizes() -> None:
    assert data_lines(DATA) == [
        "pets: 4 training, 2 validation and 3 test images of 4x6, gray.",
        "2 classes with 4 (dog) to 5 (cat) images.",
        "All is well.",
    ]
    assert data_warnings(DATA) == []


def test_classes_of_one_size_are_told_once() -> None:
    data = dataclasses.replace(DATA, test=image_set([7, 8, 9], [0, 1, 1]))
    even = dataclasses.replace(data, train=image_set([1, 2, 3], [0, 0, 1]))
    assert data_lines(even)[1] == "2 classes with 4 images each."


def test_the_same_image_in_train_and_test_is_counted() -> None:
    test = image_set([5, 2, 9], [0, 0, 1])  # 5 and 2 are known.
    (found,) = data_warnings(dataclasses.replace(DATA, test=test))
    assert "2 of 3 test images are among those" in found


def test_classes_of_very_different_sizes_are_told() -> None:
    train = image_set(list(range(10, 17)), [0] * 6 + [1])
    (found,) = data_warnings(dataclasses.replace(DATA, train=train))
    assert "6 times as many" in found
    assert "--objective" in found
