"""Image classification sets that TensorFlow Datasets can serve."""

import difflib
import functools
import os
import pathlib
import re
from typing import Any

import numpy as np

from nse_tf.datasets import array_cache, embedded
from nse_tf.datasets.augmentation import suitable_policy
from nse_tf.datasets.decoding import Decoding, fit_array
from nse_tf.datasets.image_data import ImageData, ImageSet
from nse_tf.datasets.read_options import ReadOptions
from nse_tf.datasets.splitting import split_off_test, split_off_validation


def load_tfds(
    name: str,
    options: ReadOptions,
    *,
    data_dir: str | os.PathLike[str] | None = None,
    download: bool = False,
) -> ImageData:
    """Returns a data set of TensorFlow Datasets.

    Validation rows always come from the `train` split. The test part is the
    `test` split, else the `validation` split, else a fifth of every class of
    `train`, the same for every seed.

    Args:
        name: Name of the set, such as "cifar10", or "emnist/letters" for a
            configuration.
        options: How to read it. By default images keep their size, if all have
            the same, and their channels.
        data_dir: Where TensorFlow Datasets prepared it; None: its own default,
            `~/tensorflow_datasets`.
        download: Whether a set that is not prepared may be downloaded.

    Raises:
        FileNotFoundError: If it is not prepared and must not be downloaded.
        ValueError: If the name is unknown or it is not image classification.
        OSError: If the download fails.
    """
    builder = _prepared_builder(name, data_dir, download)
    image_key, label_key = _image_and_label(name, builder.info)
    image, label = (builder.info.features[k] for k in (image_key, label_key))
    shape = _target_shape(name, image.shape, options)
    read = functools.partial(
        _read_split,
        builder,
        image_key,
        label_key,
        options.decoding(shape),
        options.cache,
    )
    train, test = read("train"), None
    for split in ("test", "validation"):
        if test is None and split in builder.info.splits:
            test = read(split)
    if test is None:
        rest, test_rows = split_off_test(train.labels)
        train, test = train.subset(rest), train.subset(test_rows)
    rows, validation_rows = split_off_validation(
        train.labels, options.validation_fraction, options.seed
    )
    return ImageData(
        name=name,
        train=train.subset(rows),
        validation=train.subset(validation_rows),
        test=test,
        class_names=tuple(map(label.int2str, range(label.num_classes))),
        augmentation=suitable_policy(shape[0], image.shape[-1] or shape[-1]),
        native_side=min(image.shape[:2]) if all(image.shape[:2]) else None,
    )


def _prepared_builder(
    name: str, data_dir: str | os.PathLike[str] | None, download: bool
) -> Any:
    import tensorflow_datasets as tfds

    if name.startswith("huggingface:"):
        raise ValueError(
            f"`name` {name!r} is a set of Hugging Face, which is not read: "
            "save its images as a folder with a sub-folder for each class, and "
            "give that as `data_dir` without a name."
        )
    try:
        builder = tfds.builder(name, data_dir=data_dir)
    # Unknown versions fail an assertion; other reasons differ by release.
    except (ValueError, AssertionError, ImportError) as error:
        raise ValueError(_why_unknown(name, error)) from error
    if builder.is_prepared():
        return builder
    if not download:
        raise FileNotFoundError(
            f"Data set {name!r} is not prepared in {str(builder.data_dir)!r}: "
            "point `data_dir` at the folder in which TensorFlow Datasets "
            f"prepared it, or allow the `download`, which `tfds build {name}` "
            "does on a command line."
        )
    try:
        builder.download_and_prepare()
    except Exception as error:  # Many libraries raise errors of many kinds.
        raise OSError(
            f"Data set {name!r} could not be downloaded: {error}"
        ) from error
    return builder


def _why_unknown(name: str, error: Exception) -> str:
    """Returns what is wrong with a name, in a sentence."""
    import tensorflow_datasets as tfds

    known = tfds.list_builders(with_community_datasets=False)
    if re.split("[/:]", name)[0] in known:  # The rest is wrong.
        lines = " ".join(str(error).split())
        reason = re.sub(r"^Failed to construct .*?}\": ", "", lines)
        return f"`name` {name!r}: {reason}"
    near = difflib.get_close_matches(
        name.lower(), [*known, embedded.NAME], cutoff=0.5
    )
    hint = f" Similar names are {', '.join(near)}." if near else ""
    return (
        f"`name` {name!r} is not a known data set.{hint} There is "
        f"{embedded.NAME!r}, which ships with the package, any set that "
        "TensorFlow Datasets offers or has prepared in `data_dir`, and a "
        "folder of your own images (`data_dir` without a name)."
    )


def _image_and_label(name: str, info: Any) -> tuple[str, str]:
    """Returns the names of the features with images and with labels.

    They are the set's own choice (`supervised_keys`) if there is one, otherwise
    the only image and the only class label.
    """
    import tensorflow_datasets as tfds

    chosen = info.supervised_keys or tuple(info.features)
    # Sorted, since sets that are read from their files have no fixed order.
    kinds = {k: info.features[k] for k in sorted(info.features) if k in chosen}
    images = [
        key
        for key, kind in kinds.items()
        if isinstance(kind, tfds.features.Image) and kind.np_dtype == np.uint8
    ]
    labels = [
        key
        for key, kind in kinds.items()
        if isinstance(kind, tfds.features.ClassLabel)
    ]
    if len(images) != 1 or len(labels) != 1:
        features = ", ".join(
            f"{key}: {type(kind).__name__}" for key, kind in kinds.items()
        )
        raise ValueError(
            f"Data set {name!r} is not image classification: one uint8 Image "
            f"and one ClassLabel are needed, but it has {features}."
        )
    if "train" not in info.splits:
        raise ValueError(
            f"Data set {name!r} has no `train` split, only "
            f"{', '.join(info.splits)}."
        )
    return images[0], labels[0]


def _target_shape(
    name: str,
    native: tuple[int | None, int | None, int | None],
    options: ReadOptions,
) -> tuple[int, int, int]:
    height = options.image_size or native[0]
    width = options.image_size or native[1]
    if height is None or width is None:
        raise ValueError(
            f"The images of {name!r} differ in size: give `image_size`."
        )
    return height, width, options.channels or (1 if native[2] == 1 else 3)


def _read_split(
    builder: Any,
    image_key: str,
    label_key: str,
    decoding: Decoding,
    cache: pathlib.Path,
    split: str,
) -> ImageSet:
    files = [pathlib.Path(p) for p in builder.info.splits[split].filepaths]
    root = pathlib.Path(builder.data_dir)
    full_name = builder.info.full_name
    how = () if decoding.padding == "crop" else (decoding.padding,)
    key = array_cache.files_key(
        root, files, "tfds 1", full_name, split, decoding.shape, *how
    )
    images, labels = array_cache.load_or_decode(
        cache / f"{builder.name}_{split}_{key}",
        lambda: _decode(builder, image_key, label_key, decoding, split),
    )
    if (labels < 0).any():
        raise ValueError(
            f"Split {split!r} of {full_name!r} has images without a label."
        )
    return ImageSet(images, labels)


def _decode(
    builder: Any,
    image_key: str,
    label_key: str,
    decoding: Decoding,
    split: str,
) -> tuple[array_cache.Shape, array_cache.Rows]:
    import tensorflow_datasets as tfds

    dataset = builder.as_dataset(
        split=split,
        shuffle_files=False,
        decoders=tfds.decode.PartialDecoding(
            {image_key: True, label_key: True}
        ),
    )
    rows = (
        (fit_array(row[image_key], decoding), int(row[label_key]))
        for row in tfds.as_numpy(dataset)
    )
    return (builder.info.splits[split].num_examples, *decoding.shape), rows
