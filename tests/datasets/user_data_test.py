"""Arrays and pipelines of users become image sets, or are refused clearly."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import tensorflow as tf

from nse_tf.datasets import user_data
from nse_tf.datasets.user_data import as_image_set

IMAGES = np.random.default_rng(0).integers(0, 256, (10, 4, 5, 3), np.uint8)
LABELS = np.arange(10) % 3


def pipeline(labels: npt.NDArray[Any] = LABELS) -> Any:
    return tf.data.Dataset.from_tensor_slices((IMAGES, labels))


@pytest.mark.parametrize(
    "labels",
    [
        LABELS,
        LABELS.astype(np.uint8),
        LABELS[:, np.newaxis],
        np.eye(3, dtype=np.float32)[LABELS],
        np.eye(3, dtype=np.bool)[LABELS],
        LABELS.tolist(),
    ],
    ids=["int64", "uint8", "column", "one-hot", "boolean one-hot", "list"],
)
def test_every_way_to_write_class_labels_is_read(labels: Any) -> None:
    image_set = as_image_set((IMAGES, labels))
    assert image_set.labels.dtype == np.int32
    assert image_set.labels.tolist() == LABELS.tolist()
    np.testing.assert_array_equal(image_set.images, IMAGES)


@pytest.mark.parametrize(
    "images",
    [
        IMAGES.astype(np.float32),
        IMAGES.astype(np.float64),
        IMAGES.astype(np.int64),
        tf.constant(IMAGES),
    ],
    ids=["float32", "float64", "int64", "tensor"],
)
def test_every_type_of_pixels_in_0_to_255_is_read(images: Any) -> None:
    image_set = as_image_set([images, LABELS])
    assert image_set.images.dtype in (np.uint8, np.float32)
    np.testing.assert_array_equal(image_set.images, IMAGES)


def test_gray_images_without_a_channel_axis_get_one() -> None:
    assert as_image_set((IMAGES[..., 0], LABELS)).images.shape == (10, 4, 5, 1)


def test_an_image_set_comes_back_as_it_is() -> None:
    image_set = as_image_set((IMAGES, LABELS))
    assert as_image_set(image_set) is image_set


@pytest.mark.parametrize(
    "data",
    [
        pipeline(),
        pipeline().batch(4),
        pipeline(np.eye(3)[LABELS]).batch(3),
        pipeline(LABELS[:, np.newaxis]),
        pipeline().map(lambda x, y: (tf.cast(x, tf.float32), y)),
        pipeline().filter(lambda x, y: y >= 0),
    ],
    ids=["rows", "batches", "one-hot", "column", "float", "unknown length"],
)
def test_a_finite_pipeline_is_read_in_order(data: Any) -> None:
    image_set = as_image_set(data)
    np.testing.assert_array_equal(image_set.images, IMAGES)
    assert image_set.labels.tolist() == LABELS.tolist()


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (LABELS.astype(np.float32), r"float32.*labels.astype\(\"int32\"\)"),
        (np.ones((10, 1), np.float32), "must be integers, but are float32"),
        (np.array(["cat"] * 10), "np.unique"),
        (np.ones((10, 3), np.int32), r"row 0 is not one-hot: \[1 1 1\]"),
        (np.full((10, 2), 0.5), "Only classification is supported"),
        (np.zeros((10, 2, 2), np.int32), r"their shape is \(10, 2, 2\)"),
        (LABELS - 1, "must count from 0, but contains -1"),
        (LABELS + 2**40, "Only classification"),
        (LABELS[:7], r"of shape \(10,\), one for each image"),
    ],
)
def test_labels_of_another_kind_are_refused(
    labels: npt.NDArray[Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        as_image_set((IMAGES, labels))


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (IMAGES / 255.0, "seem scaled to 0..1"),
        (IMAGES - 128.0, "must lie in 0..255, but go from -"),
        (IMAGES * np.float32("nan"), "must lie in 0..255"),
        (IMAGES.astype(np.int32) * 2, "must lie in 0..255"),
        (IMAGES.astype(str), "must be numbers"),
        (IMAGES[0, 0], "must be"),
        (IMAGES[:0], "`images` is empty"),
    ],
)
def test_pixels_of_another_kind_are_refused(
    images: npt.NDArray[Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        as_image_set((images, LABELS))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (pipeline().repeat(), r"never ends: leave out `repeat\(\)`"),
        (pipeline().map(lambda x, y: x), "must yield pairs"),
        (pipeline().map(lambda x, y: {"image": x}), "yields dicts with image;"),
        (pipeline().map(lambda x, y: ((x, x), y)), "one image and one label"),
        (pipeline().map(lambda x, y: (x, y, y)), "must yield pairs"),
        (pipeline().map(lambda x, y: (x[0, 0], y)), "but yields the shape"),
        (pipeline().take(0), "yields no images"),
        (
            pipeline().map(lambda x, y: (x[: tf.cast(y, tf.int32) + 1], y)),
            "differ in shape",
        ),
        (
            pipeline().filter(lambda x, y: False).batch(2),
            "yields no images",
        ),
        ((IMAGES,), "a pair .images, labels., but has 1"),
        ((IMAGES, LABELS, LABELS), "but has 3"),
        (((IMAGES, LABELS), (IMAGES, LABELS)), "a pair of pairs"),
        (([IMAGES[0], IMAGES[0, 1:]], LABELS[:2]), "differ in shape, such as"),
        ((IMAGES[0, 0], LABELS[: len(IMAGES[0, 0])]), "but their shape is"),
    ],
)
def test_pipelines_that_cannot_be_read_are_refused(
    data: Any, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        as_image_set(data)


def test_batches_of_unequal_image_sizes_are_refused() -> None:
    data = tf.data.Dataset.from_generator(
        lambda: ((np.ones((2, s, s, 3), np.uint8), [0, 1]) for s in (4, 5)),
        output_signature=(
            tf.TensorSpec((None, None, None, 3), tf.uint8),
            tf.TensorSpec((None,), tf.int32),
        ),
    )
    with pytest.raises(ValueError, match="differ in shape"):
        as_image_set(data)


def test_a_pipeline_that_ends_too_late_is_stopped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(user_data, "MAX_MATERIALIZED_BYTES", 150)
    with pytest.raises(ValueError, match="too large to be held in memory"):
        as_image_set(pipeline().filter(lambda x, y: True).batch(2))


@pytest.mark.parametrize("data", [None, "photos/", IMAGES, {"x": IMAGES}])
def test_anything_else_is_a_type_error(data: Any) -> None:
    with pytest.raises(TypeError, match="`data` must be an ImageSet, a pair"):
        as_image_set(data)


def test_dicts_and_gray_batches_are_read() -> None:
    dicts = pipeline().map(lambda x, y: {"id": y, "image": x, "label": y})
    expected = as_image_set(pipeline())
    for data in (dicts, dicts.batch(2)):
        found = as_image_set(data)
        np.testing.assert_array_equal(found.images, expected.images)
        np.testing.assert_array_equal(found.labels, expected.labels)
    pixels = np.asarray(expected.images)[..., 0]
    gray = pipeline().map(lambda x, y: (x[..., 0], y))
    for data in (gray, gray.batch(2), gray.batch(2, drop_remainder=True)):
        found = as_image_set(data)
        np.testing.assert_array_equal(
            np.asarray(found.images)[..., 0], pixels[: len(found)]
        )
