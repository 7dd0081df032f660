"""Loads any data set, by name or by folder."""

import os

from nse_tf.datasets import embedded
from nse_tf.datasets.folder import load_folder
from nse_tf.datasets.image_data import ImageData
from nse_tf.datasets.read_options import ReadOptions
from nse_tf.datasets.tfds_source import load_tfds


def load(
    name: str | None = None,
    *,
    data_dir: str | os.PathLike[str] | None = None,
    image_size: int | None = None,
    padding: str = "crop",
    channels: int | None = None,
    validation_fraction: float = 0.2,
    seed: int = 0,
    cache_dir: str | os.PathLike[str] | None = None,
    download: bool = False,
    max_megapixels: float | None = None,
) -> ImageData:
    """Returns a data set in three parts.

    The validation part is split off the training part, the same share of every
    class, and depends on the seed; the test part does not.

    Args:
        name: "digits", which ships with the package, or a name known to
            TensorFlow Datasets. None: the folder `data_dir`, or "digits".
        data_dir: Without a name: a folder with one sub-folder of images for
            each class. With a name: where TensorFlow Datasets prepared the
            set.
        image_size: Height and width; None: what suits the data.
        padding: How images become square; see `ReadOptions`.
        channels: 1 or 3; None: what the data has.
        validation_fraction: Share of the training images to validate on.
        seed: Seed of the images to validate on.
        cache_dir: Folder for decoded images; None: `~/.cache/nse_tf`.
        download: Whether TensorFlow Datasets may use the network.
        max_megapixels: The largest images that are opened; see `ReadOptions`.

    Raises:
        FileNotFoundError: If the data is not where it should be.
        ValueError: If an argument is out of range, the name is unknown, or the
            data is not image classification.
        OSError: If a download fails.
    """
    options = ReadOptions(
        image_size=image_size,
        padding=padding,
        channels=channels,
        validation_fraction=validation_fraction,
        seed=seed,
        cache_dir=cache_dir,
        max_megapixels=max_megapixels,
    )
    if name is None and data_dir is not None:
        return load_folder(data_dir, options)
    if name is not None and name != embedded.NAME:
        return load_tfds(name, options, data_dir=data_dir, download=download)
    if data_dir is not None:
        raise ValueError(
            f"{embedded.NAME!r} ships with the package and reads no "
            f"`data_dir`, but that is {str(data_dir)!r}: to read that folder, "
            "give no `name`."
        )
    return embedded.load_digits(options)
