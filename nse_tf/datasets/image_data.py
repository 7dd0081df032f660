"""Labeled images in three parts, decoded once, as plain arrays."""

import dataclasses
import hashlib
from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from nse_tf.datasets.augmentation import POLICIES
from nse_tf.datasets.mapped_rows import MappedRows

# Above this a fingerprint reads evenly spaced images only: hashing 1 GiB takes
# a second or two, and larger sets may not fit into memory.
SAMPLED_FROM_BYTES = 2**30
NUM_SAMPLED_IMAGES = 4096
_ROWS_PER_READ = 1024


@dataclasses.dataclass(frozen=True, eq=False)
class ImageSet:
    """Images with one class label each.

    Attributes:
        images: `(n, height, width, channels)`, uint8, or float32 in 0..255.
            An array in memory, or rows of a file that is mapped into it; index
            either with rows, or turn it into an array with `np.asarray`.
        labels: `(n,)`, int32, from 0.

    Raises:
        ValueError: If shapes, types or label values are not as above.
    """

    images: npt.NDArray[Any] | MappedRows
    labels: npt.NDArray[np.int32]

    def __post_init__(self) -> None:
        shape = self.images.shape
        if len(shape) != 4:
            raise ValueError(
                "`images` must be (n, height, width, channels), but its shape "
                f"is {shape}."
            )
        if 0 in shape:
            raise ValueError(f"`images` is empty: its shape is {shape}.")
        if self.images.dtype not in (np.uint8, np.float32):
            raise ValueError(
                "`images` must be uint8, or float32 in 0..255, but its dtype "
                f"is {self.images.dtype}."
            )
        if self.labels.shape != shape[:1] or self.labels.dtype != np.int32:
            raise ValueError(
                f"`labels` must be int32 of shape {shape[:1]}, one for each "
                f"image, but is {self.labels.dtype} of shape "
                f"{self.labels.shape}."
            )
        if self.labels.min() < 0:
            raise ValueError(
                f"`labels` must count from 0, but contains {self.labels.min()}."
            )

    def __len__(self) -> int:
        return len(self.labels)

    def subset(self, indices: npt.NDArray[np.integer]) -> "ImageSet":
        """Returns the rows at `indices`, in that order.

        A mapped file stays mapped: only the row numbers are copied.
        """
        images = self.images
        if isinstance(images, np.memmap):
            images = MappedRows(images, np.arange(len(images)))
        chosen = (
            images.select(indices)
            if isinstance(images, MappedRows)
            else images[indices]
        )
        return ImageSet(chosen, self.labels[indices])


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class ImageData:
    """A classification data set in its three parts.

    Attributes:
        name: Name of the set, for reports.
        train: Images that train supernets and child models.
        validation: Images that rank child models during a search.
        test: Images used once, at the end.
        class_names: Names of the labels, from label 0 on.
        augmentation: Name of the policy in `POLICIES` that suits it.
        unreadable: Files that could not be decoded and were left out.
        notes: What a user should know of how it was read, in sentences.
        native_side: The shorter side of images before they were resized, in
            pixels, of files the median; None where that is not known.

    Raises:
        ValueError: If the parts differ in shape or do not fit the class names.
    """

    name: str
    train: ImageSet
    validation: ImageSet
    test: ImageSet
    class_names: tuple[str, ...]
    augmentation: str = "none"
    unreadable: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    native_side: int | None = None

    def __post_init__(self) -> None:
        if self.num_classes < 2:
            raise ValueError(
                "`class_names` must name at least two classes, but is "
                f"{self.class_names}."
            )
        if self.augmentation not in POLICIES:
            raise ValueError(
                f"`augmentation` {self.augmentation!r} is not a policy: choose "
                f"one of {', '.join(POLICIES)}."
            )
        for part, image_set in self._parts():
            if image_set.images.shape[1:] != self.image_shape:
                raise ValueError(
                    f"Images of `{part}` have the shape "
                    f"{image_set.images.shape[1:]}, those of `train` have "
                    f"{self.image_shape}: resize them alike."
                )
            if image_set.labels.max() >= self.num_classes:
                raise ValueError(
                    f"`{part}` has the label {image_set.labels.max()}, but "
                    f"`class_names` ends at {self.num_classes - 1}."
                )

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """`(height, width, channels)` of every image."""
        height, width, channels = self.train.images.shape[1:]
        return height, width, channels

    @property
    def num_classes(self) -> int:
        """How many classes there are."""
        return len(self.class_names)

    def fingerprint(self) -> str:
        """Returns the SHA-256 of shapes, pixels and labels.

        Names do not count: whoever renames a class, or the folder of all, goes
        on with the same run, as long as the order of classes stays.

        In a part larger than 1 GiB only 4,096 evenly spaced images are hashed;
        shapes and labels are hashed in full.
        """
        digest = hashlib.sha256(str(self.num_classes).encode())
        for part, image_set in self._parts():
            images = image_set.images
            digest.update(f"{part} {images.shape} {images.dtype}".encode())
            digest.update(image_set.labels.tobytes())
            for rows in _rows_to_hash(image_set):
                digest.update(np.ascontiguousarray(images[rows]).data)
        return digest.hexdigest()

    def _parts(self) -> tuple[tuple[str, ImageSet], ...]:
        return (
            ("train", self.train),
            ("validation", self.validation),
            ("test", self.test),
        )


def _rows_to_hash(image_set: ImageSet) -> Iterable[Any]:
    """Yields indices into `images`, a moderate number of rows at a time."""
    count = len(image_set)
    if image_set.images.nbytes > SAMPLED_FROM_BYTES:
        yield np.linspace(0, count - 1, NUM_SAMPLED_IMAGES).astype(np.int64)
        return
    for start in range(0, count, _ROWS_PER_READ):
        yield slice(start, start + _ROWS_PER_READ)
