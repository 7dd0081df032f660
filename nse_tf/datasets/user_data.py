"""Turns users' own arrays and pipelines into image sets."""

from typing import Any

import numpy as np
import numpy.typing as npt

from nse_tf.datasets.image_data import ImageSet

# What a tf.data pipeline may unroll to. One that is longer, or never ends
# without saying so, would take all memory.
MAX_MATERIALIZED_BYTES = 16 * 2**30
_ROWS_PER_READ = 256
# What elements that are dicts call their images and labels.
_IMAGE_KEYS = ("image", "images", "x")
_LABEL_KEYS = ("label", "labels", "y")


def as_image_set(data: Any) -> ImageSet:
    """Returns labeled images from arrays or pipelines.

    Args:
        data: One of
            an `ImageSet`;
            a pair of arrays `(images, labels)`: images `(n, height, width,
            channels)` or `(n, height, width)`, integers or floats in 0..255;
            labels integers `(n,)` or `(n, 1)`, or one-hot `(n, classes)`;
            a finite `tf.data.Dataset` of such pairs, batched or not, or of
            dicts with an image and a label, as TensorFlow Datasets has them;
            it is read once, into memory.

    Raises:
        TypeError: If `data` is none of these.
        ValueError: If shapes or values are not as above.
    """
    if isinstance(data, ImageSet):
        return data
    if not isinstance(data, tuple | list):
        data = _materialize(data)
    if len(data) != 2:
        raise ValueError(
            "`data` must be a pair (images, labels), but has "
            f"{len(data)} members."
        )
    if all(isinstance(each, tuple) and len(each) == 2 for each in data):
        raise ValueError(
            "`data` is a pair of pairs (images, labels), such as the training "
            "and the test part: give the first as the training part and the "
            "second as `validation_data`."
        )
    return ImageSet(
        _pixels(_array(data[0], "images")), _labels(_array(data[1], "labels"))
    )


def _array(rows: Any, name: str) -> npt.NDArray[Any]:
    """Returns rows as one array.

    Raises:
        ValueError: If they are not of one shape.
    """
    try:
        found = np.asarray(rows)
    except ValueError as error:
        shapes = sorted({np.shape(row) for row in rows})
        raise ValueError(
            f"`{name}` differ in shape, such as {shapes[0]} and {shapes[-1]}: "
            "resize them alike, or give a folder of files as `data_dir`."
        ) from error
    if found.ndim == 0:
        raise ValueError(
            f"`{name}` must be an array with a row for each image, but its "
            f"shape is {found.shape}."
        )
    return found


def _pixels(images: npt.NDArray[Any]) -> npt.NDArray[Any]:
    if images.ndim == 3:
        images = images[..., np.newaxis]
    if images.ndim != 4:
        raise ValueError(
            "`images` must be (n, height, width, channels) or (n, height, "
            f"width), but their shape is {images.shape}."
        )
    if images.dtype == np.uint8 or images.size == 0:
        return images
    if images.dtype.kind not in "iuf":
        raise ValueError(
            f"`images` must be numbers in 0..255, but are {images.dtype}."
        )
    low, high = images.min(), images.max()
    if not (low >= 0 and high <= 255):  # Also true of NaN.
        raise ValueError(
            f"`images` must lie in 0..255, but go from {low} to {high}: undo "
            "any scaling; the networks scale for themselves."
        )
    if images.dtype.kind == "f":
        if high <= 1:
            raise ValueError(
                f"`images` seem scaled to 0..1, since none exceeds {high}: "
                "multiply by 255; the networks scale for themselves."
            )
        return images.astype(np.float32, copy=False)
    return images.astype(np.uint8)


def _labels(labels: npt.NDArray[Any]) -> npt.NDArray[np.int32]:
    way_out = (
        "Only classification is supported: one class each, as an integer from "
        "0 or one-hot."
    )
    if labels.dtype.kind not in "biuf":
        raise ValueError(
            f"`labels` must be integers, but are {labels.dtype}. {way_out} "
            "`np.unique(labels, return_inverse=True)` numbers names."
        )
    if labels.ndim == 2 and labels.shape[1] > 1:
        is_one_hot = ((labels == 0) | (labels == 1)).all(axis=1) & (
            labels.sum(axis=1) == 1
        )
        if not is_one_hot.all():
            row = int(np.argmin(is_one_hot))
            raise ValueError(
                f"`labels` row {row} is not one-hot: {labels[row]}. {way_out}"
            )
        labels = labels.argmax(axis=1)
    elif labels.ndim == 2:
        labels = labels[:, 0]
    if labels.ndim != 1:
        raise ValueError(
            f"`labels` must be (n,), but their shape is {labels.shape}. "
            f"{way_out}"
        )
    if labels.dtype.kind == "f":
        raise ValueError(
            f"`labels` must be integers, but are {labels.dtype}. {way_out} If "
            'these are class numbers, use labels.astype("int32").'
        )
    if labels.size and labels.max() > np.iinfo(np.int32).max:
        raise ValueError(f"`labels` go up to {labels.max()}. {way_out}")
    return labels.astype(np.int32)


def _materialize(data: Any) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Reads a `tf.data.Dataset` once."""
    import tensorflow as tf

    if not isinstance(data, tf.data.Dataset):
        raise TypeError(
            "`data` must be an ImageSet, a pair (images, labels) or a "
            f"tf.data.Dataset, but is a {type(data).__name__}."
        )
    data = _as_pairs(data)
    images, labels = data.element_spec
    if data.cardinality() == tf.data.INFINITE_CARDINALITY:
        raise ValueError("`data` never ends: leave out `repeat()`.")
    rank = images.shape.rank
    is_gray_batch = rank == 3 and _is_batch(images.shape, labels.shape)
    if rank in (2, 3) and not is_gray_batch:
        data = data.batch(_ROWS_PER_READ)
    elif rank not in (3, 4):
        raise ValueError(
            "`data` must yield images (height, width, channels) or (height, "
            "width), or batches of them, but yields the shape "
            f"{images.shape}."
        )
    return _concatenate(data)


def _as_pairs(data: Any) -> Any:
    """Returns a pipeline of pairs (image, label), of one of pairs or of dicts.

    Raises:
        ValueError: If it yields something else.
    """
    spec = data.element_spec
    if isinstance(spec, dict):
        images = [name for name in _IMAGE_KEYS if name in spec]
        labels = [name for name in _LABEL_KEYS if name in spec]
        if len(images) != 1 or len(labels) != 1:
            raise ValueError(
                f"`data` yields dicts with {', '.join(map(str, spec))}; wanted "
                "are pairs (image, label), or dicts with `image` and `label`: "
                "use data.map(lambda each: (each[...], each[...]))."
            )
        key, label = images[0], labels[0]
        return data.map(lambda each: (each[key], each[label]))
    if not isinstance(spec, tuple) or len(spec) != 2:
        raise ValueError(
            f"`data` must yield pairs (image, label), but yields {spec}."
        )
    if not all(hasattr(each, "shape") for each in spec):
        raise ValueError(
            "`data` must yield pairs of one image and one label, but yields "
            f"{spec}."
        )
    return data


def _is_batch(images: Any, labels: Any) -> bool:
    """Whether images of rank 3 are a gray batch, not one image.

    A last axis of 1, 3 or 4 is taken for channels.
    """
    if labels.rank == 0 or images[-1] in (1, 3, 4):
        return False
    return labels[0] is None or images[0] in (None, labels[0])


def _concatenate(data: Any) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    import tensorflow as tf

    unequal = (
        "`data` yields images that differ in shape, or cannot be read: resize "
        "them in the pipeline."
    )
    parts: list[tuple[npt.NDArray[Any], npt.NDArray[Any]]] = []
    num_bytes = 0
    try:
        for images, labels in data.as_numpy_iterator():
            if parts and images.shape[1:] != parts[0][0].shape[1:]:
                raise ValueError(unequal)
            num_bytes += images.nbytes
            if num_bytes > MAX_MATERIALIZED_BYTES:
                raise ValueError(
                    "`data` is too large to be held in memory, or never ends: "
                    "more than 16 GiB came. Use a folder of image files."
                )
            parts.append((images, labels))
    except tf.errors.InvalidArgumentError as error:
        raise ValueError(f"{unequal} TensorFlow said: {error}") from error
    if not parts:
        raise ValueError("`data` yields no images.")
    all_images, all_labels = zip(*parts, strict=True)
    return np.concatenate(all_images), np.concatenate(all_labels)
