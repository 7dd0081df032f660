"""Children of DARTS's cells, trained as networks are that get evaluated."""

import dataclasses
import pathlib
import shutil
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
import pytest

from nse_tf.datasets import ImageData, ImageSet, epoch_batches
from nse_tf.jobs import ChildTrained, TrainChild
from nse_tf.spaces import make_preset
from nse_tf.supernet import ChildInTraining, build_child, in_training
from nse_tf.training import ChildRecipe, SupernetRecipe, Worker, accuracy
from nse_tf.training.child_trainer import ChildTrainer
from nse_tf.training.losses import smoothed_loss

SPACE = make_preset(
    "darts_cifar",
    image_size=(32, 32),
    image_channels=1,
    num_classes=3,
    width=0.1,
    depth=3 / 8,
)
# Edges of few layers, so that it is traced in seconds.
PATH = [0] * 28
PATH[:2] = PATH[14:16] = [6, 3]
GENOTYPE = SPACE.genotype(PATH)
JOB = TrainChild(
    id="00004_train_child",
    child=GENOTYPE.genes,
    epochs=3,
    uses_validation=False,
    inherited_accuracy=0.5,
    seed=0,
)
RECIPE = ChildRecipe(
    batch_size=6,
    drop_path=0.3,
    auxiliary_weight=0.4,
    cutout=0.5,
    augmentation="small_images",
)


def images_of(count: int, seed: int) -> ImageSet:
    rng = np.random.default_rng(seed)
    images = rng.integers(0, 256, (count, 32, 32, 1)).astype(np.uint8)
    return ImageSet(images, rng.integers(0, 3, count).astype(np.int32))


DATA = ImageData(
    name="noise",
    train=images_of(18, 0),
    validation=images_of(6, 1),
    test=images_of(6, 2),
    class_names=("a", "b", "c"),
)


def make_worker(folder: pathlib.Path) -> Worker:
    return Worker(
        SPACE, DATA, folder, SupernetRecipe(), RECIPE, checkpoint_seconds=0.0
    )


def trainer_of(recipe: ChildRecipe) -> tuple[ChildInTraining, ChildTrainer]:
    trained = in_training(
        SPACE,
        GENOTYPE,
        build_child(SPACE, GENOTYPE),
        seed=0,
        extras=recipe.extras,
    )
    return trained, ChildTrainer(trained, DATA.train, recipe)


@pytest.mark.slow
def test_resumed_it_comes_to_the_same_bits_and_what_is_kept_is_plain(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def copying_before_the_last_epoch(
        *args: Any, epoch: int, **kwargs: Any
    ) -> Iterator[Any]:
        if epoch == 2 and not (tmp_path / "resumed").exists():
            shutil.copytree(tmp_path / "whole", tmp_path / "resumed")
        return epoch_batches(*args, epoch=epoch, **kwargs)

    monkeypatch.setattr(
        "nse_tf.training.epoch_loop.epoch_batches",
        copying_before_the_last_epoch,
    )
    results: list[Any] = []
    accuracies: list[float] = []
    for name in ("whole", "resumed"):
        result = make_worker(tmp_path / name).run(JOB)
        assert isinstance(result, ChildTrained)
        accuracies.append(result.validation_accuracy)
        child = keras.saving.load_model(tmp_path / name / result.model_file)
        results.append(
            (result.losses, [each.tobytes() for each in child.get_weights()])
        )
    assert results[0] == results[1]
    assert [layer.name for layer in child.layers] == [
        layer.name for layer in build_child(SPACE, GENOTYPE).layers
    ]
    found = accuracy(child, DATA.validation)
    assert accuracies == [found, found]


@pytest.mark.slow
def test_drop_path_rises_by_epoch_in_one_trace_and_differs_by_job() -> None:
    recipe = dataclasses.replace(RECIPE, auxiliary_weight=0.0, cutout=0.0)
    trained, trainer = trainer_of(recipe)
    drop_path = trained.drop_path
    assert drop_path is not None
    first = trainer.checkpoint("", "", "")
    rates: list[float] = []

    def after_epoch(loss: float) -> None:
        rates.append(float(drop_path.rate.numpy()))

    found = []
    for job_id in ("00004_train_child", "00005_train_child"):
        trainer.restore(first)
        trainer.train(3, 0, after_epoch, job_id)
        found.append(trainer.losses)
    assert rates == pytest.approx(2 * [0.0, 0.1, 0.2])
    assert trainer._step.num_traces == 1
    # Nothing is dropped in the first epoch.
    assert found[0][0] == found[1][0]
    assert found[0][1] != found[1][1]


def test_the_loss_is_that_of_both_classifiers_by_hand() -> None:
    recipe = dataclasses.replace(
        RECIPE, drop_path=0.0, cutout=0.0, augmentation="none", batch_size=18
    )
    trained, trainer = trainer_of(recipe)
    logits, auxiliary = trained.model(DATA.train.images, training=True)
    numbers: Any = (recipe.label_smoothing,)
    by_hand = smoothed_loss(DATA.train.labels, logits, *numbers)
    by_hand += 0.4 * smoothed_loss(DATA.train.labels, auxiliary, *numbers)
    trainer.train(1, 0)
    assert trainer.losses == pytest.approx([float(by_hand)], rel=1e-5)
