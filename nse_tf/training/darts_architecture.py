"""Architecture parameters that move before the weights, which they mix."""

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from nse_tf.datasets import POLICIES, ImageSet, augment
from nse_tf.jobs import ArchitectureRule, Genes
from nse_tf.supernet import ExtraSkips, MixedTrainingSupernet, SkipDropout
from nse_tf.training.dropout_course import DropoutCourse
from nse_tf.training.epoch_loop import WeightStep
from nse_tf.training.extra_skip_course import ExtraSkipCourse
from nse_tf.training.lazy_sgd import LazySGD
from nse_tf.training.losses import smoothed_loss
from nse_tf.training.mixture_architecture import (
    MixtureArchitecture,
    mean_cross_entropy,
)
from nse_tf.training.recipes import SupernetRecipe
from nse_tf.training.steps import TrainingStep, of_any_batch
from nse_tf.training.supernet_step import mixed_step

# A finite difference is this long.
_LENGTH = 0.01


class FirstOrderArchitecture(MixtureArchitecture):
    """Moves the parameters by their gradient at the weights as they stand.

    The weights are trained through the mixture, too.

    Args:
        supernet: Whose candidates are mixed.
        images: The validation part.
        rule: The numbers of a step.
        seed: Seed of the first parameters.
        optimizer: That of the weights.
        recipe: How the weights are trained.
        dropout: What drops out after skip connections, in steps of parameters
            and weights alike; None nothing.
        skips: What is added to each mixture; None nothing.

    References:
        Liu et al., DARTS (2019): https://arxiv.org/abs/1806.09055
    """

    comes_first = True
    _supernet: MixedTrainingSupernet

    def __init__(
        self,
        supernet: MixedTrainingSupernet,
        images: ImageSet,
        rule: ArchitectureRule,
        seed: int,
        *,
        optimizer: LazySGD,
        recipe: SupernetRecipe,
        dropout: DropoutCourse | None = None,
        skips: ExtraSkipCourse | None = None,
    ) -> None:
        super().__init__(supernet, images, recipe.batch_size, rule, seed)
        self._dropout, self._skips = dropout, skips
        if skips is not None:
            optimizer = skips.trained_by(optimizer)
        self._optimizer, self._recipe = optimizer, recipe

    @property
    def variables(self) -> list[tf.Variable]:
        """The parameters, their optimizer's state, and any extra skips."""
        skips = [] if self._skips is None else self._skips.variables
        return [*super().variables, *skips]

    def begin_step(self, epoch: int, following: WeightStep) -> None:
        """Draws what drops out in the step, and sets what skips count for."""
        if self._dropout is not None:
            self._dropout.begin_step(epoch, following.seed)
        if self._skips is not None:
            self._skips.begin_epoch(epoch)

    def step_of_weights(self, active: Genes) -> TrainingStep:
        """Returns the update of all active candidates at once, mixed."""
        return mixed_step(
            self._supernet,
            self._recipe,
            self._optimizer,
            self.mixing_weights,
            active,
            self._weights_dropout,
            self._extra_skips,
        )

    def _extra_skips(self) -> ExtraSkips | None:
        return None if self._skips is None else self._skips.now

    def _mixed(
        self,
        images: tf.Tensor,
        mixing_weights: tf.Tensor,
        active: Genes,
        dropout: SkipDropout | None = None,
    ) -> tf.Tensor:
        """Returns the logits of the mixture, and of all beside it."""
        return self._supernet.mix(
            of_any_batch(images),
            mixing_weights,
            active,
            dropout,
            extra_skips=self._extra_skips(),
        )

    def _weights_dropout(self) -> SkipDropout | None:
        return None if self._dropout is None else self._dropout.of_weights

    def _step_loss(
        self, images: tf.Tensor, labels: tf.Tensor, active: Genes
    ) -> tf.Tensor:
        """Returns the loss that a step of the parameters lowers."""
        if self._dropout is None:
            return super()._step_loss(images, labels, active)
        logits = self._mixed(
            images,
            self.mixing_weights(active),
            active,
            self._dropout.of_parameters,
        )
        return mean_cross_entropy(labels, logits)


class SecondOrderArchitecture(FirstOrderArchitecture):
    """Moves the parameters by their gradient one step of the weights ahead.

    The step of the weights that follows is taken on trial, with the momentum
    and decay of their optimizer but without clipping. The gradient of the
    validation loss after it counts, and with it what the parameters did to the
    step, by a finite difference. Then the weights are put back, to the bit. See
    `FirstOrderArchitecture` for arguments.

    References:
        Liu et al., DARTS (2019), equations 7 and 8:
        https://arxiv.org/abs/1806.09055
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._unrolled: dict[Genes, Callable[..., tf.Tensor]] = {}

    def step_before(
        self, active: Genes, rng: np.random.Generator, following: WeightStep
    ) -> tf.Tensor:
        """Moves the parameters once; returns the loss one step ahead."""
        if active not in self._unrolled:
            self._unrolled[active] = self._new_unrolled(active)
        images, labels = self._batch(rng)
        return self._unrolled[active](
            tf.constant(images),
            tf.constant(labels),
            tf.constant(following.images),
            tf.constant(following.labels),
            tf.constant(following.learning_rate, tf.float32),
            tf.constant(following.seed, tf.int32),
        )

    def _new_unrolled(self, active: Genes) -> Callable[..., tf.Tensor]:
        """Returns the step of a space as it stands, traced once."""
        policy = POLICIES[self._recipe.augmentation]

        @tf.function(reduce_retracing=True, autograph=False)
        def step(
            images: tf.Tensor,
            labels: tf.Tensor,
            train_images: tf.Tensor,
            train_labels: tf.Tensor,
            learning_rate: tf.Tensor,
            seed: tf.Tensor,
        ) -> tf.Tensor:
            augmented = augment(tf.cast(train_images, tf.float32), policy, seed)
            gradient, loss = unrolled_gradient(
                self._parameters,
                self._optimizer,
                learning_rate,
                lambda: self._train_loss(augmented, train_labels, active),
                lambda: self._step_loss(images, labels, active),
            )
            self._move(gradient, active)
            return loss

        found: Callable[..., tf.Tensor] = step
        return found

    def _train_loss(
        self, images: tf.Tensor, labels: tf.Tensor, active: Genes
    ) -> tf.Tensor:
        """Returns the loss that trains the weights."""
        logits = self._mixed(
            images,
            self.mixing_weights(active),
            active,
            self._weights_dropout(),
        )
        return smoothed_loss(
            labels,
            logits,
            self._recipe.label_smoothing,
            self._recipe.class_weights,
        )


def unrolled_gradient(
    parameters: tf.Variable,
    optimizer: LazySGD,
    learning_rate: tf.Tensor,
    train_loss: Callable[[], tf.Tensor],
    validation_loss: Callable[[], tf.Tensor],
) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns the gradient of the validation loss one step ahead, and the loss.

    All weights are as before afterwards, to the bit. At a learning rate of 0
    the gradient is that of the first order.

    Args:
        parameters: What the gradient is by.
        optimizer: Holds the weights, and knows their step.
        learning_rate: Rate of that step, a scalar.
        train_loss: Returns the loss that the step lowers, a function of
            parameters and weights as they stand.
        validation_loss: Returns the loss after it, in the same way.
    """
    targets = optimizer.targets
    kept = [tf.identity(target) for target in targets]
    moved = optimizer.unrolled(
        _gradients(train_loss, targets)[1], learning_rate
    )
    _write(targets, moved)
    loss, (direct, *direction) = _gradients(
        validation_loss, [parameters, *targets]
    )
    # Where nothing leads on, the difference is zero whatever its length.
    norm = tf.maximum(tf.linalg.global_norm(direction), 1e-30)
    ends: list[Any] = []
    for epsilon in (_LENGTH / norm, -_LENGTH / norm):
        _write(
            targets,
            [
                _shifted(value, each, epsilon)
                for value, each in zip(kept, direction, strict=True)
            ],
        )
        ends.append(_gradients(train_loss, [parameters])[1][0])
    _write(targets, kept)
    difference = (ends[0] - ends[1]) * (norm / (2 * _LENGTH))
    length = learning_rate * optimizer.step_length
    return direct - length * difference, loss


def _gradients(
    loss_of: Callable[[], tf.Tensor], variables: list[tf.Variable]
) -> tuple[tf.Tensor, list[tf.Tensor | tf.IndexedSlices | None]]:
    """Returns a loss and its gradients."""
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(variables)
        loss = loss_of()
    found: list[tf.Tensor | tf.IndexedSlices | None] = tape.gradient(
        loss, variables
    )
    return loss, found


def _shifted(
    value: tf.Tensor,
    direction: tf.Tensor | tf.IndexedSlices | None,
    length: tf.Tensor,
) -> tf.Tensor | tf.IndexedSlices | None:
    """Returns weights, or the rows that a direction names, moved along it."""
    if direction is None:
        return None
    if isinstance(direction, tf.IndexedSlices):
        rows = tf.gather(value, direction.indices)
        return tf.IndexedSlices(
            rows + length * direction.values, direction.indices
        )
    return value + length * direction


def _write(
    targets: list[tf.Variable],
    values: list[tf.Tensor | tf.IndexedSlices | None],
) -> None:
    """Gives variables, or rows of them, their values; None leaves one."""
    for target, value in zip(targets, values, strict=True):
        if isinstance(value, tf.IndexedSlices):
            target.scatter_update(value)
        elif value is not None:
            target.assign(value)
