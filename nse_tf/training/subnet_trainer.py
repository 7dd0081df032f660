"""Trains one child model alone, and tells its accuracy."""

from collections.abc import Callable

import keras
import numpy as np

from nse_tf.datasets import ImageSet, epoch_batches, num_batches
from nse_tf.training.lazy_sgd import LazySGD
from nse_tf.training.recipes import ChildRecipe
from nse_tf.training.steps import TrainingStep, mean_loss

# A child has nothing to choose.
_NO_SLOTS = np.empty((0, 0), np.int32)


def child_step(child: keras.Model, recipe: ChildRecipe) -> TrainingStep:
    """Returns the update of a child of fast layers, momenta zero."""
    return TrainingStep(
        lambda images, slots: child(images, training=True),
        LazySGD(
            child.trainable_variables,
            momentum=recipe.momentum,
            nesterov=recipe.nesterov,
            weight_decay=recipe.weight_decay,
            clip_norm=recipe.clip_norm,
        ),
        augmentation=recipe.augmentation,
        label_smoothing=recipe.label_smoothing,
        class_weights=recipe.class_weights,
    )


def train_child(
    child: keras.Model,
    images: ImageSet,
    recipe: ChildRecipe,
    epochs: int,
    seed: int,
    after_epoch: Callable[[float], bool | None] = lambda loss: None,
) -> list[float]:
    """Trains a child in place; returns the mean loss of each epoch.

    Args:
        child: From pixels in 0..255 to logits, of fast layers.
        images: What to train on.
        recipe: The numbers of a step, and the learning rate over time.
        epochs: Passes over the images.
        seed: Of their order and augmentation.
        after_epoch: Called with each epoch's mean loss; ends the training by
            returning False.

    Raises:
        ValueError: If the training diverged.
    """
    step = child_step(child, recipe)
    steps = num_batches(len(images), recipe.batch_size, True)
    history = []
    for epoch in range(epochs):
        rng = np.random.default_rng([seed, epoch])
        batches = epoch_batches(
            images, recipe.batch_size, seed=seed, epoch=epoch
        )
        losses = []
        for index, (batch, labels) in enumerate(batches):
            rate = recipe.rate_at(epoch + (index + 1) / steps, epochs)
            augment_seed = tuple(rng.integers(2**31, size=2).tolist())
            losses.append(step(batch, labels, _NO_SLOTS, rate, augment_seed))
        history.append(mean_loss(losses, recipe.learning_rate))
        if after_epoch(history[-1]) is False:
            break
    return history


def accuracy(
    child: keras.Model, images: ImageSet, batch_size: int = 512
) -> float:
    """Returns the share of images that a child gets right."""
    batches = epoch_batches(
        images, batch_size, seed=0, epoch=0, shuffle=False, drop_last=False
    )
    num_correct = sum(
        int(
            (
                child(batch, training=False).numpy().argmax(axis=1) == labels
            ).sum()
        )
        for batch, labels in batches
    )
    return num_correct / len(images)
