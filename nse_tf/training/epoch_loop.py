"""The one loop over epochs, for supernets and children alike.

It decides what follows from (seed, epoch) alone: in which order images come,
what a step opens, how a batch is augmented and at which rate weights move. So
a training that was stopped resumes at any epoch, bit-exact.
"""

import dataclasses
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from nse_tf.datasets import ImageSet, epoch_batches, num_batches
from nse_tf.training.steps import TrainingStep, mean_loss

Draw = Callable[[np.random.Generator], np.ndarray]


class WeightStep(NamedTuple):
    """What the next step of the weights will do.

    Attributes:
        images: `(batch, height, width, channels)`, not yet augmented.
        labels: `(batch,)`.
        learning_rate: Its learning rate.
        seed: Seed of the augmentation.
    """

    images: np.ndarray
    labels: np.ndarray
    learning_rate: float
    seed: tuple[int, int]


class LoopHooks:
    """What else happens in a training; nothing, unless a method is replaced."""

    def before_step(self, epoch: int, index: int) -> None:
        """Called before a step of the weights is drawn."""

    def before_update(self, epoch: int, index: int, step: WeightStep) -> None:
        """Called when all of a step is drawn, before it moves the weights."""

    def after_step(
        self, epoch: int, index: int, rng: np.random.Generator
    ) -> None:
        """Called after a step, with the epoch's generator."""

    def after_epoch(self) -> None:
        """Called after the last step of an epoch."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class EpochLoop:
    """Passes over the images, epoch by epoch.

    Attributes:
        images: What to train on.
        batch_size: Images a step.
        epochs: Passes altogether.
        step: The update of the weights.
        draw: Draws what a step opens, as `step` takes it.
        rate: Learning rate when so many epochs are done, whole or part.
        named_rate: The learning rate that is named if the training diverges.
        seeds: With the epoch's number they seed the generator of all that an
            epoch draws.
        order_seed: Seed of the images' order; None draws one first thing in
            each epoch.
        is_rate_after: Whether a step has the rate at its end, not its start.
        hooks: What else happens.
        balanced: Whether all classes come equally often; see `epoch_batches`.
    """

    images: ImageSet
    batch_size: int
    epochs: int
    step: TrainingStep
    draw: Draw
    rate: Callable[[float], float]
    named_rate: float
    seeds: tuple[int, ...]
    order_seed: int | None = None
    is_rate_after: bool = False
    hooks: LoopHooks = dataclasses.field(default_factory=LoopHooks)
    balanced: bool = False

    def run(
        self,
        losses: list[float],
        after_epoch: Callable[[float], bool | None] = lambda loss: None,
    ) -> None:
        """Trains on from the epochs that are done to the last.

        Args:
            losses: Mean loss of each epoch that is done; those that follow are
                added.
            after_epoch: Called with each epoch's mean loss, for progress bars
                and checkpoints; ends the training by returning False.

        Raises:
            ValueError: If the training diverges.
        """
        for epoch in range(len(losses), self.epochs):
            losses.append(self.run_epoch(epoch))
            if after_epoch(losses[-1]) is False:
                break

    def run_epoch(self, epoch: int) -> float:
        """Passes over the images once; returns the mean loss.

        Args:
            epoch: Which pass it is, from 0.

        Raises:
            ValueError: If the training diverges.
        """
        rng = np.random.default_rng([*self.seeds, epoch])
        order_seed = self.order_seed
        if order_seed is None:
            order_seed = int(rng.integers(2**31))
        batches = epoch_batches(
            self.images,
            self.batch_size,
            seed=order_seed,
            epoch=epoch,
            balanced=self.balanced,
        )
        steps = num_batches(len(self.images), self.batch_size, True)
        losses = []
        for index, (images, labels) in enumerate(batches):
            self.hooks.before_step(epoch, index)
            rate = self.rate(epoch + (index + self.is_rate_after) / steps)
            open_branches = self.draw(rng)
            first, second = rng.integers(2**31, size=2).tolist()
            seed = (first, second)
            self.hooks.before_update(
                epoch, index, WeightStep(images, labels, rate, seed)
            )
            losses.append(self.step(images, labels, open_branches, rate, seed))
            self.hooks.after_step(epoch, index, rng)
        mean = mean_loss(losses, self.named_rate)
        self.hooks.after_epoch()
        return mean
