"""Trains one child model alone, and tells its accuracy."""

from collections.abc import Callable

import keras
import numpy as np

from nse_tf.datasets import ImageSet, epoch_batches
from nse_tf.training.checkpoints import Checkpoint
from nse_tf.training.epoch_loop import EpochLoop
from nse_tf.training.lazy_sgd import LazySGD
from nse_tf.training.recipes import ChildRecipe
from nse_tf.training.steps import TrainingStep, statistics_of

# A child has nothing to choose.
_NOTHING_OPEN = np.empty((0, 0), np.int32)


def child_step(child: keras.Model, recipe: ChildRecipe) -> TrainingStep:
    """Returns the update of a child of fast layers, momenta zero."""
    return _step(child, recipe, child_optimizer(child, recipe))


def child_optimizer(child: keras.Model, recipe: ChildRecipe) -> LazySGD:
    """Returns what moves a child's weights, momenta zero."""
    return LazySGD(
        child.trainable_variables,
        momentum=recipe.momentum,
        nesterov=recipe.nesterov,
        weight_decay=recipe.weight_decay,
        clip_norm=recipe.clip_norm,
    )


def _step(
    child: keras.Model, recipe: ChildRecipe, optimizer: LazySGD
) -> TrainingStep:
    return TrainingStep(
        lambda images, open_branches: child(images, training=True),
        optimizer,
        augmentation=recipe.augmentation,
        label_smoothing=recipe.label_smoothing,
        class_weights=recipe.class_weights,
        statistics=statistics_of(child),
    )


class ChildTrainer:
    """Holds a child and what its training has come to.

    Args:
        child: From pixels in 0..255 to logits, of fast layers.
        images: What to train on.
        recipe: The numbers of a step, and the learning rate over time.

    Attributes:
        losses: Mean loss of each epoch so far.
    """

    def __init__(
        self, child: keras.Model, images: ImageSet, recipe: ChildRecipe
    ) -> None:
        self._child = child
        self._images = images
        self._recipe = recipe
        self._optimizer = child_optimizer(child, recipe)
        self._step = _step(child, recipe, self._optimizer)
        self.losses: list[float] = []

    def train(
        self,
        epochs: int,
        seed: int,
        after_epoch: Callable[[float], bool | None] = lambda loss: None,
    ) -> None:
        """Trains the child in place, from the epochs in `losses` on.

        Args:
            epochs: Passes over the images altogether.
            seed: Seed of their order and augmentation.
            after_epoch: Called with each epoch's mean loss; ends the training
                by returning False.

        Raises:
            ValueError: If the training diverged.
        """
        recipe = self._recipe
        loop = EpochLoop(
            images=self._images,
            batch_size=recipe.batch_size,
            epochs=epochs,
            step=self._step,
            draw=lambda rng: _NOTHING_OPEN,
            rate=lambda epoch: recipe.rate_at(epoch, epochs),
            is_rate_after=True,
            named_rate=recipe.learning_rate,
            seeds=(seed,),
            order_seed=seed,
        )
        loop.run(self.losses, after_epoch)

    def checkpoint(
        self, job_id: str, config_digest: str, fingerprint: str
    ) -> Checkpoint:
        """Returns all that training resumes from, dropout's seeds included."""
        return Checkpoint(
            job_id=job_id,
            config_digest=config_digest,
            losses=tuple(self.losses),
            weights=[variable.numpy() for variable in self._child.variables],
            momenta=[slot.numpy() for slot in self._optimizer.momenta],
            base=[],
            fingerprint=fingerprint,
        )

    def restore(self, checkpoint: Checkpoint) -> None:
        """Resumes from a checkpoint of the same child."""
        checkpoint.assign_to(self._child.variables, self._optimizer.momenta)
        self.losses = list(checkpoint.losses)


def train_child(
    child: keras.Model,
    images: ImageSet,
    recipe: ChildRecipe,
    epochs: int,
    seed: int,
    after_epoch: Callable[[float], bool | None] = lambda loss: None,
) -> list[float]:
    """Trains a child from its first epoch on; returns each epoch's mean loss.

    See `ChildTrainer` for arguments and errors.
    """
    trainer = ChildTrainer(child, images, recipe)
    trainer.train(epochs, seed, after_epoch)
    return trainer.losses


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
