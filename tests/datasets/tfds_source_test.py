"""Prepared TensorFlow Datasets are read whole and refused clearly."""

import pathlib
import runpy
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import tensorflow_datasets as tfds

from nse_tf.datasets import tfds_source
from nse_tf.datasets.read_options import ReadOptions
from nse_tf.datasets.tfds_source import load_tfds

CLASS_LABEL = tfds.features.ClassLabel(names=["ant", "bee", "cat"])
IMAGE = tfds.features.Image(shape=(6, 4, 1))


def builder_class(
    set_name: str,
    features: dict[str, Any],
    splits: dict[str, int],
    supervised_keys: tuple[str, str] | None = None,
    is_known: bool = True,
) -> type[Any]:
    """A TensorFlow Datasets builder of small plain images."""

    class Tiny(  # type: ignore[call-arg]  # Any base: mypy sees no keyword.
        tfds.core.GeneratorBasedBuilder, skip_registration=not is_known
    ):
        # As if in a script: elsewhere TensorFlow Datasets 4.9.10 looks for its
        # own code by `importlib_resources`, on which it forgets to depend
        # (https://github.com/tensorflow/datasets/issues/11212).
        __module__ = "script"
        name = set_name
        VERSION = tfds.core.Version("1.0.0")

        def _info(self) -> Any:
            return tfds.core.DatasetInfo(
                builder=self,
                features=tfds.features.FeaturesDict(features),
                supervised_keys=supervised_keys,
            )

        def _split_generators(self, dl_manager: Any) -> Any:
            del dl_manager
            return {
                split: self._generate_examples(count)
                for split, count in splits.items()
            }

        def _generate_examples(
            self, count: int
        ) -> Iterator[tuple[int, dict[str, Any]]]:
            for row in range(count):
                yield (
                    row,
                    {key: example(kind, row) for key, kind in features.items()},
                )

    return Tiny


def example(kind: Any, row: int) -> Any:
    if isinstance(kind, tfds.features.Image):
        height, width, channels = kind.shape
        shape = (height or 5 + row % 3, width or 8, channels)
        return np.full(shape, row, kind.np_dtype)
    if isinstance(kind, tfds.features.ClassLabel):
        return row % 3 - (row == 99)
    return float(row)


def prepare(data_dir: pathlib.Path, name: str, **options: Any) -> str:
    """Writes a set that afterwards only its files know of."""
    given = {
        "features": {"image": IMAGE, "label": CLASS_LABEL},
        "splits": {"train": 30, "test": 12},
        **options,
    }
    builder = builder_class(name, is_known=False, **given)
    builder(data_dir=data_dir).download_and_prepare()
    return name


def test_a_prepared_set_is_read_whole(tmp_path: pathlib.Path) -> None:
    prepare(tmp_path, "tiny")
    data = load_tfds(
        "tiny", ReadOptions(cache_dir=tmp_path / "cache"), data_dir=tmp_path
    )
    assert data.name == "tiny"
    assert data.image_shape == (6, 4, 1)
    assert data.class_names == ("ant", "bee", "cat")
    assert data.augmentation == "digits"
    counts = (len(data.train), len(data.validation), len(data.test))
    assert counts == (24, 6, 12)
    for part in (data.train, data.validation, data.test):
        rows = np.asarray(part.images)[:, 0, 0, 0]
        np.testing.assert_array_equal(rows % 3, part.labels)
    rows = np.concatenate([data.train.images, data.validation.images])
    assert sorted(rows[:, 0, 0, 0].tolist()) == list(range(30))


def test_second_load_comes_from_the_cache(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare(tmp_path, "tiny_cached")
    cache = tmp_path / "cache"
    first = load_tfds(
        "tiny_cached", ReadOptions(cache_dir=cache), data_dir=tmp_path
    )
    monkeypatch.delattr(tfds_source, "_decode")
    second = load_tfds(
        "tiny_cached", ReadOptions(cache_dir=cache), data_dir=tmp_path
    )
    assert first.fingerprint() == second.fingerprint()
    other_seed = load_tfds(
        "tiny_cached", ReadOptions(cache_dir=cache, seed=1), data_dir=tmp_path
    )
    assert other_seed.fingerprint() != first.fingerprint()


def test_images_are_resized_and_colored_on_request(
    tmp_path: pathlib.Path,
) -> None:
    prepare(tmp_path, "tiny_resized")
    data = load_tfds(
        "tiny_resized",
        ReadOptions(image_size=8, channels=3, cache_dir=tmp_path / "cache"),
        data_dir=tmp_path,
    )
    assert data.image_shape == (8, 8, 3)
    assert data.augmentation == "digits"  # Colored or not, they were gray.
    pixels = np.asarray(data.test.images)
    assert (pixels == pixels[:, :1, :1, :1]).all()


def test_images_of_unequal_sizes_need_a_size(tmp_path: pathlib.Path) -> None:
    image = tfds.features.Image(shape=(None, None, 3))
    features = {"image": image, "label": CLASS_LABEL}
    prepare(tmp_path, "tiny_uneven", features=features)
    with pytest.raises(ValueError, match="differ in size: give `image_size`"):
        load_tfds("tiny_uneven", ReadOptions(), data_dir=tmp_path)
    data = load_tfds(
        "tiny_uneven",
        ReadOptions(image_size=4, cache_dir=tmp_path),
        data_dir=tmp_path,
    )
    assert data.image_shape == (4, 4, 3)


@pytest.mark.parametrize(
    ("splits", "expected"),
    [
        ({"train": 30, "validation": 9}, (24, 6, 9)),
        ({"train": 30, "validation": 9, "test": 3}, (24, 6, 3)),
        ({"train": 30}, (18, 6, 6)),
    ],
)
def test_the_test_part_comes_from_the_best_split_there_is(
    tmp_path: pathlib.Path,
    splits: dict[str, int],
    expected: tuple[int, int, int],
) -> None:
    prepare(tmp_path, "tiny_splits", splits=splits)
    data = load_tfds(
        "tiny_splits", ReadOptions(cache_dir=tmp_path), data_dir=tmp_path
    )
    counts = (len(data.train), len(data.validation), len(data.test))
    assert counts == expected


def test_the_set_s_own_choice_of_a_label_is_followed(
    tmp_path: pathlib.Path,
) -> None:
    coarse = tfds.features.ClassLabel(num_classes=5)
    features = {"image": IMAGE, "label": CLASS_LABEL, "coarse": coarse}
    prepare(
        tmp_path,
        "tiny_two_labels",
        features=features,
        supervised_keys=("image", "coarse"),
    )
    data = load_tfds(
        "tiny_two_labels", ReadOptions(cache_dir=tmp_path), data_dir=tmp_path
    )
    assert data.class_names == ("0", "1", "2", "3", "4")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"features": {"image": IMAGE, "label": np.float32}},
            r"not image classification: .* label: \w+",
        ),
        (
            {"features": {"text": np.float32, "label": CLASS_LABEL}},
            "one uint8 Image and one ClassLabel are needed",
        ),
        (
            {"features": {"image": IMAGE, "a": CLASS_LABEL, "b": CLASS_LABEL}},
            "a: ClassLabel, b: ClassLabel",
        ),
        (
            {
                "features": {
                    "image": tfds.features.Image(
                        shape=(4, 4, 1), dtype=np.float32
                    ),
                    "label": CLASS_LABEL,
                }
            },
            "one uint8 Image",
        ),
        ({"splits": {"test": 9}}, "has no `train` split, only test"),
        ({"splits": {"train": 120}}, "'train' of .* images without a label"),
    ],
    ids=["floats", "no image", "two labels", "float", "no train", "unlabeled"],
)
def test_what_is_not_image_classification_is_refused(
    tmp_path: pathlib.Path, options: dict[str, Any], message: str
) -> None:
    prepare(tmp_path, "tiny_refused", **options)
    with pytest.raises(ValueError, match=message):
        load_tfds(
            "tiny_refused", ReadOptions(cache_dir=tmp_path), data_dir=tmp_path
        )


def test_what_is_not_prepared_is_not_downloaded_unasked(
    tmp_path: pathlib.Path,
) -> None:
    with pytest.raises(FileNotFoundError, match=r"'cifar10' is not prepared"):
        load_tfds("cifar10", ReadOptions(), data_dir=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_way_to_prepare_a_set_is_named(tmp_path: pathlib.Path) -> None:
    with pytest.raises(FileNotFoundError, match="`tfds build mnist` does"):
        load_tfds("mnist", ReadOptions(), data_dir=tmp_path)


def test_what_may_be_downloaded_is_prepared(tmp_path: pathlib.Path) -> None:
    builder_class(
        "tiny_downloaded",
        {"image": IMAGE, "label": CLASS_LABEL},
        {"train": 12, "test": 3},
    )
    with pytest.raises(FileNotFoundError, match="allow the `download`"):
        load_tfds("tiny_downloaded", ReadOptions(), data_dir=tmp_path)
    data = load_tfds(
        "tiny_downloaded",
        ReadOptions(cache_dir=tmp_path / "cache"),
        data_dir=tmp_path,
        download=True,
    )
    assert len(data.test) == 3


def test_a_download_that_fails_says_so(tmp_path: pathlib.Path) -> None:
    builder_class(
        "tiny_failing",
        {"image": IMAGE, "label": tfds.features.ClassLabel(num_classes=1)},
        {"train": 3},
    )
    with pytest.raises(OSError, match="'tiny_failing' could not be downloaded"):
        load_tfds(
            "tiny_failing", ReadOptions(), data_dir=tmp_path, download=True
        )


CIFAR10 = pathlib.Path(__file__).parents[3] / "shared/data/cifar10/to_tfds.py"


@pytest.mark.long
@pytest.mark.skipif(
    not CIFAR10.exists(), reason="the packed CIFAR-10 is not on this machine"
)
def test_cifar10_is_read_whole(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", [str(CIFAR10), str(tmp_path)])
    runpy.run_path(str(CIFAR10))["main"]()
    data = load_tfds(
        "cifar10", ReadOptions(cache_dir=tmp_path / "c"), data_dir=tmp_path
    )
    assert data.image_shape == (32, 32, 3)
    assert data.class_names[0] == "airplane"
    assert np.bincount(data.train.labels).tolist() == [4000] * 10
    assert np.bincount(data.validation.labels).tolist() == [1000] * 10
    assert np.bincount(data.test.labels).tolist() == [1000] * 10
    assert data.augmentation == "small_images"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("mnist:9.9.9", r"^`name` 'mnist:9.9.9': Dataset mnist cannot be "),
        ("huggingface:mnist", "is a set of Hugging Face, which is not read"),
        ("CIFAR10", "Similar names are cifar10"),
        ("emnist/Letters", "BuilderConfig Letters not found"),
    ],
)
def test_names_that_are_nearly_right_are_refused_in_a_sentence(
    tmp_path: pathlib.Path, name: str, message: str
) -> None:
    with pytest.raises(ValueError, match=message) as refused:
        load_tfds(name, ReadOptions(), data_dir=tmp_path)
    assert "\n" not in str(refused.value)
