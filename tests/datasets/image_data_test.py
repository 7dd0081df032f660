"""Image sets refuse what cannot be learned from, and know what they hold."""

import dataclasses
import pathlib
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from nse_tf.datasets import image_data
from nse_tf.datasets.image_data import ImageData, ImageSet
from nse_tf.datasets.mapped_rows import MappedRows


def make_set(count: int = 6, side: int = 4, num_classes: int = 2) -> ImageSet:
    rng = np.random.default_rng(count)
    images = rng.integers(0, 256, (count, side, side, 1), np.uint8)
    return ImageSet(images, (np.arange(count) % num_classes).astype(np.int32))


def make_data(**changes: Any) -> ImageData:
    data = ImageData(
        name="toy",
        train=make_set(6),
        validation=make_set(4),
        test=make_set(5),
        class_names=("a", "b"),
    )
    return dataclasses.replace(data, **changes)


def zeros(*shape: int) -> npt.NDArray[np.uint8]:
    return np.zeros(shape, np.uint8)


@pytest.mark.parametrize(
    ("images", "labels", "message"),
    [
        (zeros(2, 4, 4), [0, 1], r"must be \(n, height, width, channels\)"),
        (zeros(0, 4, 4, 1), [], "`images` is empty"),
        (zeros(2, 4, 4, 1).astype(np.int16), [0, 1], "dtype is int16"),
        (zeros(2, 4, 4, 1), [0], r"int32 of shape \(2,\)"),
        (zeros(2, 4, 4, 1), [0, -3], "contains -3"),
    ],
)
def test_set_refuses_what_is_not_labeled_images(
    images: npt.NDArray[Any], labels: list[int], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        ImageSet(images, np.array(labels, np.int32))


def test_set_refuses_labels_of_another_integer_type() -> None:
    with pytest.raises(ValueError, match="is int64"):
        ImageSet(zeros(1, 2, 2, 1), np.zeros(1, np.int64))


def test_subset_has_the_rows_in_the_asked_order() -> None:
    whole = make_set(6)
    part = whole.subset(np.array([4, 1]))
    assert len(part) == 2
    assert part.labels.tolist() == [0, 1]
    np.testing.assert_array_equal(part.images[0], whole.images[4])


def test_subset_of_a_mapped_file_stays_on_disk(tmp_path: pathlib.Path) -> None:
    whole = make_set(6)
    np.save(tmp_path / "images.npy", np.asarray(whole.images))
    mapped = np.load(tmp_path / "images.npy", mmap_mode="r")
    rows = np.array([5, 0, 3])
    part = ImageSet(mapped, whole.labels).subset(rows).subset(np.array([2, 0]))
    assert isinstance(part.images, MappedRows)
    np.testing.assert_array_equal(
        part.images[:], whole.images[np.array([3, 5])]
    )
    assert part.labels.tolist() == [1, 1]


def test_data_knows_its_shape_and_classes() -> None:
    data = make_data()
    assert data.image_shape == (4, 4, 1)
    assert data.num_classes == 2


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"class_names": ("a",)}, "at least two classes"),
        ({"augmentation": "mirrors"}, "'mirrors' is not a policy: .*photos"),
        ({"test": make_set(5, side=8)}, r"`test` have the shape \(8, 8, 1\)"),
        (
            {"validation": make_set(5, num_classes=4)},
            "`validation` has the label 3, but `class_names` ends at 1",
        ),
    ],
)
def test_data_refuses_parts_that_do_not_fit(
    changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        make_data(**changes)


def test_fingerprint_depends_on_content_alone(tmp_path: pathlib.Path) -> None:
    np.save(tmp_path / "images.npy", np.asarray(make_set(6).images))
    mapped = np.load(tmp_path / "images.npy", mmap_mode="r")
    on_disk = ImageSet(mapped, make_set(6).labels).subset(np.arange(6))
    assert make_data().fingerprint() == make_data().fingerprint()
    assert make_data(train=on_disk).fingerprint() == make_data().fingerprint()
    renamed = make_data(name="other", class_names=("a", "c"))
    assert renamed.fingerprint() == make_data().fingerprint()


def test_fingerprint_notices_any_change() -> None:
    pixels = np.asarray(make_set(5).images).copy()
    pixels[4, 3, 3, 0] ^= 1
    labels = make_set(5).labels
    changed = [
        make_data(class_names=("a", "b", "c")),
        make_data(test=ImageSet(pixels, labels)),
        make_data(test=ImageSet(make_set(5).images, labels[::-1].copy() * 0)),
        make_data(train=make_set(4), validation=make_set(6)),
    ]
    prints = {data.fingerprint() for data in [make_data(), *changed]}
    assert len(prints) == 5


def test_fingerprint_of_a_large_part_samples_evenly_spaced_images(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(image_data, "SAMPLED_FROM_BYTES", 10)
    monkeypatch.setattr(image_data, "NUM_SAMPLED_IMAGES", 3)
    before = make_data(train=make_set(9)).fingerprint()

    def changed_at(row: int) -> str:
        pixels = np.asarray(make_set(9).images).copy()
        pixels[row] ^= 1
        changed = ImageSet(pixels, make_set(9).labels)
        return make_data(train=changed).fingerprint()

    differs = [row for row in range(9) if changed_at(row) != before]
    assert differs == [0, 4, 8]
