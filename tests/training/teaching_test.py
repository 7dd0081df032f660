"""Children that are taught: by a classifier in a file, or by the supernet."""

import dataclasses
import pathlib
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from nse_tf.jobs import ChildTrained, Teacher, TrainChild
from nse_tf.training import ChildRecipe
from nse_tf.training.losses import distillation_loss, smoothed_loss
from nse_tf.training.teaching import TeacherFile, Teaching
from tests.training.tiny_data import image_set
from tests.training.tiny_worker import (
    DATA,
    LONE_CHILD,
    SPACE,
    breaking_off_in_the_second_epoch,
    make_worker,
)

SHAPE = (8, 8, 1)
RECIPE = ChildRecipe(batch_size=12, augmentation="digits", mixup=0.4)


def classifier(
    shape: tuple[int, ...] = SHAPE,
    classes: int = 3,
    activation: str | None = None,
    scaled: bool = True,
) -> keras.Model:
    """Returns a classifier with a norm, whose statistics are no batch's."""
    layers = keras.layers
    images = keras.Input(shape)
    values = layers.Rescaling(1 / 255)(images) if scaled else images
    values = layers.BatchNormalization()(layers.Flatten()(values))
    model = keras.Model(
        images, layers.Dense(classes, activation)(layers.Dropout(0.5)(values))
    )
    rng = np.random.default_rng(0)
    model.set_weights(
        [rng.uniform(0.5, 1.5, each.shape) for each in model.get_weights()]
    )
    return model


def teaching_of(model: Any, **changes: Any) -> Teaching:
    numbers: dict[str, Any] = {"weight": 0.9, "temperature": 4.0, **changes}
    return Teaching(model, SHAPE, 3, name="t.keras", **numbers)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> TeacherFile:
    path = tmp_path_factory.mktemp("teacher") / "t.keras"
    classifier(activation="softmax").save(path)
    return TeacherFile.read(path)


@pytest.fixture(scope="module")
def images() -> tf.Tensor:
    return tf.constant(image_set(4).images, tf.float32)


def test_a_teacher_infers_and_says_logits(images: tf.Tensor) -> None:
    model = classifier()
    before = model.get_weights()
    said = teaching_of(model).logits(images)
    np.testing.assert_array_equal(said, model(images, training=False))
    assert all(map(np.array_equal, before, model.get_weights()))
    shares = classifier(activation="softmax")
    shares.set_weights(before)
    np.testing.assert_allclose(
        tf.nn.softmax(teaching_of(shares).logits(images)),
        tf.nn.softmax(said),
        rtol=1e-5,
    )


def test_images_are_resized_and_scaled_for_it(images: tf.Tensor) -> None:
    large = classifier((16, 16, 1), scaled=False)
    wanted = tf.image.resize(images, (16, 16), antialias=True)
    for pixels, low, high in (("0..1", 0, 1), ("-1..1", -1, 1)):
        found = teaching_of(large, pixels=pixels).logits(images)
        scaled = wanted / 255 * (high - low) + low
        np.testing.assert_allclose(found, large(scaled), rtol=1e-4, atol=1e-4)


def test_labels_have_the_rest_of_the_loss(images: tf.Tensor) -> None:
    teaching = teaching_of(classifier(), weight=0.25, temperature=2.0)
    taught = teaching.logits(images)
    logits = tf.constant(np.eye(4, 3, dtype=np.float32))
    of_labels = smoothed_loss(tf.constant([0, 1, 2, 0]), logits, 0.1)
    assert float(teaching.loss(taught, logits, of_labels)) == pytest.approx(
        0.75 * float(of_labels)
        + 0.25 * float(distillation_loss(taught, logits, 2.0))
    )


def detector() -> keras.Model:
    images = keras.Input(SHAPE)
    return keras.Model(images, keras.layers.Rescaling(1 / 255)(images))


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (lambda: classifier(classes=4), "knows 4 classes, and these .* have 3"),
        (
            lambda: classifier((8, 8, 3)),
            "takes images of 3 channels, and these have 1: read them with",
        ),
        (lambda: classifier((8,)), r"takes \(None, 8\), not images"),
        (detector, r"puts out \(None, 8, 8, 1\), not a number for each class"),
        (lambda: classifier(scaled=False), "nobody knows which pixels it take"),
        (
            lambda: classifier(activation="sigmoid"),
            "do not add up to 1, so that they are neither logits nor shares",
        ),
    ],
)
def test_whoever_cannot_teach_is_refused(model: Any, words: str) -> None:
    with pytest.raises(ValueError, match=f"^`teacher` t.keras .*{words}"):
        teaching_of(model())


def test_a_file_that_does_not_load_is_refused(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "t.keras"
    with pytest.raises(ValueError, match=r"t\.keras cannot be read \(No such"):
        TeacherFile.read(path)
    path.write_bytes(b"no model")
    with pytest.raises(ValueError, match=f"^`teacher` {path} is no whole"):
        TeacherFile.read(path).model()


def taught(file: TeacherFile, job: TrainChild = LONE_CHILD) -> TrainChild:
    teacher = Teacher(source="file", sha256=file.sha256)
    return dataclasses.replace(job, teacher=teacher)


def trained(
    folder: pathlib.Path, job: TrainChild, **more: Any
) -> tuple[ChildTrained, list[bytes]]:
    result = make_worker(folder, child_recipe=RECIPE, **more).run(job)
    assert isinstance(result, ChildTrained)
    child = keras.saving.load_model(folder / result.model_file)
    return result, [each.tobytes() for each in child.get_weights()]


def test_a_taught_child_that_was_stopped_comes_to_the_same_bits(
    file: TeacherFile, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = taught(file)
    whole, weights = trained(tmp_path / "whole", job, teacher=file)
    with monkeypatch.context() as patch:
        patch.setattr(
            "nse_tf.training.epoch_loop.epoch_batches",
            breaking_off_in_the_second_epoch,
        )
        with pytest.raises(KeyboardInterrupt):
            trained(tmp_path / "broken", job, teacher=file)
    # Labels alone are another training, and so is another teacher.
    with pytest.raises(ValueError, match="with other numbers, images or reci"):
        trained(tmp_path / "broken", LONE_CHILD)
    with pytest.raises(ValueError, match=r"by the file of SHA-256 .* is none"):
        trained(tmp_path / "broken", job)
    other = dataclasses.replace(file, content=file.content + b" ")
    with pytest.raises(ValueError, match=r"`teacher` here is .*t\.keras: give"):
        trained(tmp_path / "broken", job, teacher=other)
    again, same = trained(tmp_path / "broken", job, teacher=file)
    assert again.losses == whole.losses
    assert same == weights


def test_a_child_learns_what_its_teacher_says(
    file: TeacherFile, tmp_path: pathlib.Path
) -> None:
    recipe = dataclasses.replace(
        RECIPE, augmentation="none", mixup=0.0, teacher_weight=1.0
    )
    teaching = file.teaching(SPACE, recipe)
    images = tf.constant(DATA.validation.images, tf.float32)

    def distance(job: TrainChild) -> float:
        folder = tmp_path / str(job.epochs)
        worker = make_worker(folder, child_recipe=recipe, teacher=file)
        result: Any = worker.run(job)
        child = keras.saving.load_model(folder / result.model_file)
        return float(
            distillation_loss(teaching.logits(images), child(images), 4.0)
        )

    job = taught(file)
    first, last = (
        distance(dataclasses.replace(job, epochs=epochs)) for epochs in (1, 8)
    )
    assert last < 0.5 * first
