"""One compiled update of a supernet or a child."""

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from nse_tf.datasets import augment, policy_with
from nse_tf.training.batch_mixing import BatchMixing
from nse_tf.training.first_pass import FirstPassTeaches
from nse_tf.training.lazy_sgd import LazySGD
from nse_tf.training.loss_scale import LossScale
from nse_tf.training.losses import LabelLoss
from nse_tf.training.passes import Left, summed_over_passes
from nse_tf.training.replicas import Replicas
from nse_tf.training.teaching import Teaching

Forward = Callable[[tf.Tensor, tf.Tensor], Any]


class TrainingStep:
    """Augments a batch, runs it forward and back, and updates the weights.

    It is traced once; another path is another value of `open_branches`. Made in
    the scope of a `tf.distribute` strategy, it runs on all its replicas.

    Args:
        forward: From images `(batch, height, width, channels)` in 0..255 and
            open branches to logits `(batch, num_classes)`, in training mode.
        optimizer: Holds the variables.
        augmentation: Name of a policy of `datasets.POLICIES`.
        label_smoothing: Share of the label spread over all classes.
        class_weights: Factor on the loss of each class; empty for ones.
        cutout: Cutout on top of the policy; see `AugmentationPolicy`.
        auxiliary_weight: Factor on the loss of an auxiliary classifier, whose
            logits `forward` then returns after the others; 0 for none.
        statistics: What a forward pass moves of its own, such as the moving
            averages of batch norm: to be the same on all replicas.
        mixing: Changes and mixes augmented images; None does not.
        teaching: Teaches by what a teacher says of these images; None does not.
        first_teaches: Lets the first of several passes teach the others; None
            trains all by labels.
        loss_scale: Scales the loss of a single pass, for gradients of float16;
            None does not.
        after_update: Called after each update, in the step's graph.
        rows_open: Tells by open branches which targets of the optimizer are
            open, as its `apply` takes it.
    """

    def __init__(
        self,
        forward: Forward,
        optimizer: LazySGD,
        *,
        augmentation: str,
        label_smoothing: float,
        class_weights: Sequence[float] = (),
        cutout: float = 0.0,
        auxiliary_weight: float = 0.0,
        statistics: Sequence[tf.Variable] = (),
        mixing: BatchMixing | None = None,
        teaching: Teaching | None = None,
        first_teaches: FirstPassTeaches | None = None,
        loss_scale: LossScale | None = None,
        after_update: Callable[[], None] = lambda: None,
        rows_open: Callable[[tf.Tensor], dict[int, tf.Tensor]] | None = None,
    ) -> None:
        self._forward, self._optimizer = forward, optimizer
        self._policy = policy_with(augmentation, cutout)
        self._loss = LabelLoss(
            label_smoothing=label_smoothing,
            class_weights=tuple(class_weights),
            auxiliary_weight=auxiliary_weight,
        )
        self._statistics = statistics
        self._mixing, self._teaching = mixing, teaching
        self._first_teaches, self._loss_scale = first_teaches, loss_scale
        self._after_update, self._rows_open = after_update, rows_open
        self._replicas = Replicas()
        self._steps = _compiled(self._step)

    def _step(
        self,
        images: tf.Tensor,
        labels: tf.Tensor,
        open_branches: tf.Tensor,
        learning_rate: tf.Tensor,
        seed: tf.Tensor,
    ) -> tf.Tensor:
        """Does one update with the whole batch; returns the loss."""
        images = augment(tf.cast(images, tf.float32), self._policy, seed)
        batch: tuple[tf.Tensor, ...] = (images, labels)
        if self._mixing:
            batch = self._mixing(images, labels, seed)
        if self._teaching:
            batch = (*batch, self._teaching.logits(batch[0]))
        loss = self._replicas.run(
            self._update, batch, open_branches, learning_rate
        )
        self._after_update()
        return loss

    def _update(
        self,
        batch: Sequence[tf.Tensor],
        open_branches: tf.Tensor,
        learning_rate: tf.Tensor,
    ) -> tf.Tensor:
        """Does one update with the part of a replica; returns its loss."""
        optimizer, replicas = self._optimizer, self._replicas

        def run(opened: tf.Tensor, left: Left) -> tuple[tf.Tensor, Any, Left]:
            return self._one_pass(batch, opened, left)

        if open_branches.shape.rank == 3:
            first = self._first_teaches
            loss, gradients = summed_over_passes(
                run,
                open_branches,
                optimizer.targets,
                optimizer.matrices,
                **first.of_passes(batch[1]) if first else {},
            )
        else:
            loss, gradients, _ = run(open_branches, ())
        opened = self._rows_open and self._rows_open(open_branches)
        gradients = replicas.averaged(gradients)

        def move(unscaled: Sequence[Any]) -> None:
            optimizer.apply(unscaled, learning_rate, opened)

        if self._loss_scale is None:
            move(gradients)
        else:
            self._loss_scale.move(gradients, move)
        replicas.level(self._statistics)
        return loss

    def _one_pass(
        self, batch: Sequence[tf.Tensor], opened: tf.Tensor, left: Left
    ) -> tuple[tf.Tensor, Any, Left]:
        """Returns a pass's loss, the weights' gradients, and what it leaves."""
        images, labels, *rest = batch
        targets = self._optimizer.targets
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(targets)
            outputs = self._forward(of_any_batch(images), opened)
            loss = self._loss(labels, outputs)
            if self._teaching:
                (taught,) = rest
                logits = self._loss.logits_of(outputs)
                loss = self._teaching.loss(taught, logits, loss)
            if left and self._first_teaches:
                loss, left = self._first_teaches.loss(outputs, loss, left)
            scale = self._loss_scale
            differentiated = loss if scale is None else scale.scaled(loss)
        return loss, tape.gradient(differentiated, targets), left

    @property
    def num_traces(self) -> int:
        """How often the step was traced so far."""
        return sum(
            step.experimental_get_tracing_count()
            for step in self._steps.values()
        )

    def __call__(
        self,
        images: np.ndarray,
        labels: np.ndarray,
        open_branches: np.ndarray,
        learning_rate: float,
        seed: tuple[int, int],
    ) -> tf.Tensor:
        """Does one update; returns the loss.

        Args:
            images: `(batch, height, width, channels)`, pixels in 0..255.
            labels: `(batch,)`, integers.
            open_branches: Int32 `(num_decisions, max_open)`, or `(num_passes,
                num_decisions, max_open)` for passes over the same batch, whose
                gradients make one update; see `summed_over_passes`.
            learning_rate: Learning rate.
            seed: Seed of the augmentation.

        Raises:
            ValueError: If the batch does not divide among the replicas.
        """
        self._replicas.require_divisible(len(images))
        return self._steps[np.ndim(open_branches)](
            tf.constant(images),
            tf.constant(labels),
            tf.constant(open_branches, tf.int32),
            tf.constant(learning_rate, tf.float32),
            tf.constant(seed, tf.int32),
        )


def _compiled(step: Callable[..., tf.Tensor]) -> dict[int, Any]:
    """Returns a step as functions by the rank of open branches.

    One function for a path and for several passes would be traced again, for an
    unknown rank.
    """
    return {
        rank: tf.function(step, reduce_retracing=True, autograph=False)
        for rank in (2, 3)
    }


def of_any_batch(images: tf.Tensor) -> tf.Tensor:
    """Returns the images as a tensor whose batch size the graph cannot know.

    Of shapes that it knows, TensorFlow's memory optimizer turns sums of three
    and more gradients into a variable that each is added to as it comes, so
    that their order, and the last bit, would follow the load of the machine.
    """
    shape = [None, *images.shape[1:]]
    hidden: tf.Tensor = tf.raw_ops.PlaceholderWithDefault(
        input=images, shape=shape
    )
    return hidden


def mean_loss(losses: list[tf.Tensor], learning_rate: float) -> float:
    """Returns the mean loss of an epoch.

    Raises:
        ValueError: If the training diverged.
    """
    mean = float(np.mean([float(loss) for loss in losses]))
    if not np.isfinite(mean):
        raise ValueError(
            f"The training diverged: the loss of the last epoch is {mean}. "
            f"Lower the learning rate, {learning_rate:g} now."
        )
    return mean


def statistics_of(model: Any) -> list[tf.Variable]:
    """Returns what a model moves of its own, without counters."""
    return [
        variable.value
        for variable in model.non_trainable_variables
        if keras.backend.is_float_dtype(variable.dtype)
    ]
