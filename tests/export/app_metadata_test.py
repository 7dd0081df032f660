"""The standard metadata, as MediaPipe reads it."""

import io
import zipfile

import keras
import numpy as np
import pytest

from nse_tf.export import ALL_PRECISIONS, convert_all, predict
from nse_tf.export.app_metadata import app_metadata
from nse_tf.export.metadata import (
    gives_probabilities,
    with_classifier,
    without_app_metadata,
)
from nse_tf.export.probabilities import with_softmax
from nse_tf.runs.export_inputs import with_pixels

NAMES = ("Grüße", "two words", "third", "fourth")
IMAGES = np.random.default_rng(0).integers(0, 256, (4, 8, 8, 3), np.uint8)


@pytest.fixture(scope="module")
def network() -> keras.Model:
    keras.utils.set_random_seed(0)
    images = keras.Input((8, 8, 3))
    x = keras.layers.Rescaling(1 / 127.5, -1)(images)
    x = keras.layers.Conv2D(4, 3, strides=2, activation="relu")(x)
    return keras.Model(
        images, keras.layers.Dense(len(NAMES))(keras.layers.Flatten()(x))
    )


@pytest.fixture(scope="module")
def plain(network: keras.Model) -> dict[str, bytes]:
    return convert_all(network, ALL_PRECISIONS, IMAGES)


def test_mediapipe_runs_every_file_and_names_its_classes(
    plain: dict[str, bytes],
) -> None:
    import mediapipe
    from mediapipe.tasks.python import BaseOptions, vision

    for precision, content in plain.items():
        file = with_classifier(content, NAMES)
        options = vision.ImageClassifierOptions(
            base_options=BaseOptions(model_asset_buffer=file)
        )
        wanted = predict(file, IMAGES)
        with vision.ImageClassifier.create_from_options(options) as classifier:
            for image, scores in zip(IMAGES, wanted, strict=True):
                told = classifier.classify(
                    mediapipe.Image(mediapipe.ImageFormat.SRGB, image)
                )
                (head,) = told.classifications
                assert head.categories[0].index == scores.argmax(), precision
                assert {each.category_name for each in head.categories} == {
                    *NAMES
                }
                for each in head.categories:
                    assert each.category_name == NAMES[each.index]
                    assert each.score == pytest.approx(
                        scores[each.index], abs=1e-5
                    )


def test_metadata_says_how_pixels_become_values() -> None:
    from mediapipe.tasks.metadata import metadata_schema_py_generated as fbs

    def read(channels: int, low: float, high: float) -> fbs.ModelMetadataT:
        made = app_metadata(
            (8, 6, channels), (low, high), are_probabilities=True
        )
        assert fbs.ModelMetadata.ModelMetadataBufferHasIdentifier(made, 0)
        return fbs.ModelMetadataT.InitFromObj(
            fbs.ModelMetadata.GetRootAs(made, 0)
        )

    gray = read(1, -1.0, 1.0)
    assert gray.minParserVersion == b"1.0.0"
    (graph,) = gray.subgraphMetadata
    (image,), (scores,) = graph.inputTensorMetadata, graph.outputTensorMetadata
    properties = image.content.contentProperties
    assert properties.colorSpace == fbs.ColorSpaceType.GRAYSCALE
    assert properties.defaultSize.height == 8
    assert properties.defaultSize.width == 6
    (unit,) = image.processUnits
    assert unit.options.mean.tolist() == [127.5]
    assert unit.options.std.tolist() == [127.5]
    assert (image.stats.min.item(), image.stats.max.item()) == (-1, 1)
    assert (scores.stats.min.item(), scores.stats.max.item()) == (0, 1)
    (labels,) = scores.associatedFiles
    assert labels.type == fbs.AssociatedFileType.TENSOR_AXIS_LABELS
    # Neither color nor gray: readers of images are to refuse it.
    (graph,) = read(2, 0.0, 255.0).subgraphMetadata
    (image,) = graph.inputTensorMetadata
    properties = image.content.contentProperties
    assert properties.colorSpace == fbs.ColorSpaceType.UNKNOWN
    assert image.processUnits[0].options.std.tolist() == [1]


def test_the_same_export_has_the_same_bytes(plain: dict[str, bytes]) -> None:
    once = with_classifier(plain["int8"], NAMES)
    assert with_classifier(plain["int8"], NAMES) == once
    assert with_classifier(once, NAMES) == once
    with zipfile.ZipFile(io.BytesIO(once)) as archive:
        (entry,) = archive.infolist()
        assert entry.compress_type == zipfile.ZIP_STORED
        assert archive.read(entry).decode().splitlines() == list(NAMES)
    assert without_app_metadata(once) == with_classifier(
        plain["int8"], NAMES, is_for_apps=False
    )


def test_scores_are_probabilities_behind_a_softmax(
    network: keras.Model, plain: dict[str, bytes]
) -> None:
    softmax = with_pixels(network, (0.0, 255.0), softmax=True)
    assert with_softmax(softmax) is softmax
    made = convert_all(softmax, ["fp32", "int8"], IMAGES)
    for precision, content in made.items():
        assert gives_probabilities(content)
        assert not gives_probabilities(plain[precision])
        np.testing.assert_allclose(
            predict(content, IMAGES).sum(axis=1), 1, atol=0.02
        )
