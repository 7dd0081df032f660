"""Trains one child model alone, and tells its accuracy."""

import contextlib
import zlib
from collections.abc import Callable

import keras
import numpy as np

from nse_tf.datasets import ImageSet, epoch_batches
from nse_tf.supernet import ChildInTraining, DropPath
from nse_tf.training.batch_mixing import BatchMixing
from nse_tf.training.checkpoints import Checkpoint
from nse_tf.training.epoch_loop import EpochLoop, LoopHooks, WeightStep
from nse_tf.training.lazy_sgd import LazySGD
from nse_tf.training.loss_scale import LossScale
from nse_tf.training.mixed_precision import MixedPrecision, loss_scale_of
from nse_tf.training.rate_factors import rate_factors
from nse_tf.training.recipes import FLOAT32, ChildRecipe
from nse_tf.training.steps import Forward, TrainingStep, statistics_of
from nse_tf.training.teaching import Teaching
from nse_tf.training.weight_averages import WeightAverages

# A child has nothing to choose.
_NOTHING_OPEN = np.empty((0, 0), np.int32)


def child_step(child: keras.Model, recipe: ChildRecipe) -> TrainingStep:
    """Returns the update of a child of fast layers, momenta zero."""
    trained = ChildInTraining(child=child, model=child)
    return _step(
        trained,
        recipe,
        child_optimizer(trained, recipe),
        loss_scale=loss_scale_of(recipe),
    )


def child_optimizer(trained: ChildInTraining, recipe: ChildRecipe) -> LazySGD:
    """Returns what moves a child's weights, momenta zero."""
    return LazySGD(
        trained.trainable_variables,
        momentum=recipe.momentum,
        nesterov=recipe.nesterov,
        weight_decay=recipe.weight_decay,
        clip_norm=recipe.clip_norm,
        rate_factors=rate_factors(
            trained.child.layers,
            trained.trainable_variables,
            recipe.classifier_rate,
        ),
    )


def _step(
    trained: ChildInTraining,
    recipe: ChildRecipe,
    optimizer: LazySGD,
    averages: WeightAverages | None = None,
    teaching: Teaching | None = None,
    loss_scale: LossScale | None = None,
) -> TrainingStep:
    mixing = BatchMixing(
        trained.child.output_shape[-1],
        rand_augment=recipe.rand_augment,
        strength=recipe.rand_augment_strength,
        mixup=recipe.mixup,
        cutmix=recipe.cutmix,
    )
    return TrainingStep(
        _forward(trained.model, recipe.compute),
        optimizer,
        augmentation=recipe.augmentation,
        label_smoothing=recipe.label_smoothing,
        class_weights=recipe.class_weights,
        cutout=recipe.cutout,
        auxiliary_weight=recipe.auxiliary_weight,
        statistics=statistics_of(trained.model),
        mixing=mixing or None,
        teaching=teaching,
        loss_scale=loss_scale,
        after_update=averages.update if averages else lambda: None,
    )


def _forward(model: keras.Model, policy: str) -> Forward:
    """Returns what runs a network in training by a dtype policy."""
    if policy == FLOAT32:
        return lambda images, open_branches: model(images, training=True)
    mixed = MixedPrecision(model, policy)
    return lambda images, open_branches: mixed(images)


def _averages(
    trained: ChildInTraining, recipe: ChildRecipe
) -> WeightAverages | None:
    """Returns averages of all that a child is made of, if wanted."""
    if not recipe.weight_average:
        return None
    weights = [each.value for each in trained.trainable_variables]
    return WeightAverages(
        [*weights, *statistics_of(trained.model)], recipe.weight_average
    )


class _DropPathCourse(LoopHooks):
    """Sets the rate and the seed of drop-path before each step.

    Args:
        drop_path: Drops paths.
        recipe: Has the last rate.
        epochs: How many the training has.
        seeds: With the epoch and the step they seed the draw.
    """

    def __init__(
        self,
        drop_path: DropPath,
        recipe: ChildRecipe,
        epochs: int,
        seeds: tuple[int, ...],
    ) -> None:
        self._drop_path, self._recipe = drop_path, recipe
        self._epochs, self._seeds = epochs, seeds

    def before_update(self, epoch: int, index: int, step: WeightStep) -> None:
        """Sets what the step reads."""
        del step
        rng = np.random.default_rng([*self._seeds, epoch, index])
        self._drop_path.rate.assign(
            self._recipe.drop_path_at(epoch, self._epochs)
        )
        self._drop_path.seed.assign(rng.integers(2**31, size=2))


class ChildTrainer:
    """Holds a child and what its training has come to.

    Args:
        trained: The child, from pixels in 0..255 to logits, of fast layers,
            with what its training adds.
        images: What to train on.
        recipe: The numbers of a step, and the learning rate over time.
        teaching: Teaches it; None leaves it to the labels.

    Attributes:
        losses: Mean loss of each epoch so far.
    """

    def __init__(
        self,
        trained: ChildInTraining,
        images: ImageSet,
        recipe: ChildRecipe,
        teaching: Teaching | None = None,
    ) -> None:
        self._trained = trained
        self._images = images
        self._recipe = recipe
        self._optimizer = child_optimizer(trained, recipe)
        self._averages = _averages(trained, recipe)
        self._loss_scale = loss_scale_of(recipe)
        self._step = _step(
            trained,
            recipe,
            self._optimizer,
            self._averages,
            teaching,
            self._loss_scale,
        )
        self.losses: list[float] = []

    def train(
        self,
        epochs: int,
        seed: int,
        after_epoch: Callable[[float], bool | None] = lambda loss: None,
        job_id: str = "",
    ) -> None:
        """Trains the child in place, from the epochs in `losses` on.

        Args:
            epochs: Passes over the images altogether.
            seed: Seed of their order and augmentation.
            after_epoch: Called with each epoch's mean loss; ends the training
                by returning False.
            job_id: Id of the job, part of the seed of drop-path.

        Raises:
            ValueError: If the training diverged.
        """
        recipe, hooks = self._recipe, LoopHooks()
        if self._trained.drop_path is not None:
            seeds = (seed, zlib.crc32(job_id.encode()))
            hooks = _DropPathCourse(
                self._trained.drop_path, recipe, epochs, seeds
            )
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
            hooks=hooks,
            balanced=recipe.balanced_classes,
        )
        loop.run(self.losses, after_epoch)
        if self._averages is not None:
            self._averages.hand_over()

    def as_handed_over(self) -> contextlib.AbstractContextManager[None]:
        """Gives the child, for a while, the weights that it would end with."""
        if self._averages is None:
            return contextlib.nullcontext()
        return self._averages.lent()

    def checkpoint(
        self, job_id: str, config_digest: str, fingerprint: str
    ) -> Checkpoint:
        """Returns all that training resumes from, dropout's seeds included."""
        return Checkpoint(
            job_id=job_id,
            config_digest=config_digest,
            losses=tuple(self.losses),
            weights=[variable.numpy() for variable in self._trained.variables],
            momenta=[slot.numpy() for slot in self._optimizer.momenta],
            base=[],
            fingerprint=fingerprint,
            averages=self._averages.arrays() if self._averages else [],
            loss_scale=self._loss_scale.arrays() if self._loss_scale else [],
        )

    def restore(self, checkpoint: Checkpoint) -> None:
        """Resumes from a checkpoint of the same child."""
        checkpoint.assign_to(self._trained.variables, self._optimizer.momenta)
        if self._averages is not None:
            self._averages.restore(checkpoint.averages)
        if self._loss_scale is not None:
            self._loss_scale.restore(checkpoint.loss_scale)
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

    See `ChildTrainer` for arguments and errors. It adds nothing to the child,
    neither an auxiliary classifier nor drop-path.
    """
    trained = ChildInTraining(child=child, model=child)
    trainer = ChildTrainer(trained, images, recipe)
    trainer.train(epochs, seed, after_epoch)
    return trainer.losses


def accuracy(
    child: keras.Model, images: ImageSet, batch_size: int = 512
) -> float:
    """Returns the share of images that a child gets right."""
    predicted = logits_of(child, images, batch_size).argmax(axis=1)
    return int((predicted == images.labels).sum()) / len(images)


def logits_of(
    child: keras.Model, images: ImageSet, batch_size: int = 512
) -> np.ndarray:
    """Returns what a child says of images, `(n, num_classes)`."""
    batches = epoch_batches(
        images, batch_size, seed=0, epoch=0, shuffle=False, drop_last=False
    )
    return np.concatenate(
        [child(batch, training=False).numpy() for batch, _ in batches]
    )
