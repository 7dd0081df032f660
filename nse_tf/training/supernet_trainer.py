"""Trains shared weights under a sampler."""

from collections.abc import Callable

import numpy as np

from nse_tf.datasets import ImageSet, epoch_batches, num_batches
from nse_tf.sampling import Sampler
from nse_tf.supernet import WeightSharing
from nse_tf.training.angle_sums import three_sums
from nse_tf.training.checkpoints import Checkpoint
from nse_tf.training.recipes import SupernetRecipe
from nse_tf.training.shared_weights import require_space
from nse_tf.training.steps import mean_loss
from nse_tf.training.supernet_step import supernet_step


class SupernetTrainer:
    """Holds a supernet and what its training has come to.

    Args:
        supernet: Whose weights to train.
        recipe: The numbers of a step.
        images: The training part.

    Attributes:
        base: The kernels that angles are measured from, as `kernels` returns
            them.
        losses: Mean loss of each epoch of the present job.
    """

    def __init__(
        self, supernet: WeightSharing, recipe: SupernetRecipe, images: ImageSet
    ) -> None:
        self.supernet = supernet
        self._recipe = recipe
        self._images = images
        variables = supernet.trainable_variables
        positions = {id(variable): i for i, variable in enumerate(variables)}
        self._optimizer, self.step = supernet_step(
            supernet,
            recipe,
            {
                positions[id(place.rows)]: place.kernel_sizes
                for place in supernet.places
            },
        )
        self.base = self.kernels()
        self.losses: list[float] = []

    def train(
        self,
        sampler: Sampler,
        epochs: int,
        learning_rates: tuple[float, float],
        seed: int,
        job_number: int,
        after_epoch: Callable[[float], None] = lambda loss: None,
    ) -> None:
        """Trains on from the epochs in `losses` to `epochs`.

        Args:
            sampler: Draws the branches of each step.
            epochs: How many the job has altogether.
            learning_rates: At the first and after the last step; linear.
            seed: Of paths, orders and augmentation.
            job_number: Tells jobs of one seed apart.
            after_epoch: Called with each epoch's mean loss, for progress bars
                and checkpoints.

        Raises:
            ValueError: If the training diverged.
        """
        first, last = learning_rates
        steps = num_batches(len(self._images), self._recipe.batch_size, True)
        for epoch in range(len(self.losses), epochs):
            rng = np.random.default_rng([seed, job_number, epoch])
            batches = epoch_batches(
                self._images,
                self._recipe.batch_size,
                seed=int(rng.integers(2**31)),
                epoch=epoch,
            )
            losses = []
            for index, (images, labels) in enumerate(batches):
                done = (epoch + index / steps) / epochs
                rate = first + (last - first) * done
                slots = self.supernet.slots_of(sampler.sample(rng))
                augment_seed = tuple(rng.integers(2**31, size=2).tolist())
                losses.append(
                    self.step(images, labels, slots, rate, augment_seed)
                )
            self.losses.append(mean_loss(losses, first))
            after_epoch(self.losses[-1])

    def kernels(self) -> list[np.ndarray]:
        """Returns all kernels: of each place, then of the fixed part."""
        fixed = [
            weight.numpy()
            for layer in self.supernet.fixed_layers
            for weight in layer.trainable_weights
            if len(weight.shape) >= 2
        ]
        return [place.kernels() for place in self.supernet.places] + fixed

    def angle_sums(self) -> tuple[np.ndarray, np.ndarray]:
        """Returns ⟨w0, w⟩, ‖w0‖², ‖w‖² of candidates and fixed part.

        Returns:
            `(num_places, max_candidates, 3)` and `(3,)`, float64.
        """
        num_places = len(self.supernet.places)
        candidates = np.zeros(
            (num_places, self.supernet.space.max_candidates, 3)
        )
        fixed = np.zeros(3)
        for index, (base, now) in enumerate(
            zip(self.base, self.kernels(), strict=True)
        ):
            if index < num_places:
                candidates[index, : len(now)] = three_sums(base, now)
            else:
                fixed += three_sums(base.reshape(1, -1), now.reshape(1, -1))[0]
        return candidates, fixed

    def checkpoint(self, job_id: str, origin: str) -> Checkpoint:
        """Returns all that training goes on from; see `Checkpoint`."""
        return Checkpoint(
            job_id,
            origin,
            tuple(self.losses),
            [variable.numpy() for variable in self.supernet.variables],
            [slot.numpy() for slot in self._optimizer.momenta],
            self.base,
            self.supernet.space.fingerprint,
        )

    def restore(self, checkpoint: Checkpoint) -> None:
        """Goes on from a checkpoint.

        Raises:
            ValueError: If it is that of another space.
        """
        require_space(checkpoint, self.supernet.space)
        checkpoint.assign_to(self.supernet.variables, self._optimizer.momenta)
        self.base = checkpoint.base
        self.losses = list(checkpoint.losses)

    def start_over(self, seed: int) -> None:
        """Draws fresh weights, and forgets momenta, base and losses."""
        self.supernet.initialize(seed)
        self._optimizer.reset()
        self.base = self.kernels()
        self.losses = []
