"""Trains shared weights under a sampler."""

from collections.abc import Callable, Sequence

import numpy as np

from nse_tf.datasets import ImageSet, epoch_batches, num_batches
from nse_tf.supernet import Capability, WeightSharing, require_capability
from nse_tf.training.angle_sums import (
    AngleSums,
    of_unit_kernels,
    sums_by_kernel,
    three_sums,
)
from nse_tf.training.architecture import ArchitectureTrainer
from nse_tf.training.checkpoints import Checkpoint
from nse_tf.training.recipes import SupernetRecipe
from nse_tf.training.shared_weights import require_space
from nse_tf.training.steps import mean_loss
from nse_tf.training.supernet_step import supernet_step

Draw = Callable[[np.random.Generator], np.ndarray]


class SupernetTrainer:
    """Holds a supernet and what its training has come to.

    Args:
        supernet: Whose weights to train.
        recipe: The numbers of a step.
        images: The training part.
        validation: Images that architecture parameters are trained on; None
            where there are to be none.

    Attributes:
        base: The kernels that angles are measured from, as `kernels` returns
            them.
        losses: Mean loss of each epoch of the present job.
        architecture: Trains the architecture parameters, once a job has asked
            for them.
    """

    def __init__(
        self,
        supernet: WeightSharing,
        recipe: SupernetRecipe,
        images: ImageSet,
        validation: ImageSet | None = None,
    ) -> None:
        self.supernet = supernet
        self._recipe = recipe
        self._images, self._validation = images, validation
        self.architecture: ArchitectureTrainer | None = None
        self._optimizer, self.step = supernet_step(
            supernet, recipe, supernet.row_kernel_sizes()
        )
        self.base = self.kernels()
        self.losses: list[float] = []

    def train(
        self,
        draw: Draw,
        epochs: int,
        learning_rates: tuple[float, float],
        seed: int,
        job_number: int,
        after_epoch: Callable[[float], None] = lambda loss: None,
        mixed: Sequence[Sequence[int]] | None = None,
    ) -> None:
        """Trains on from the epochs in `losses` to `epochs`.

        Args:
            draw: Draws what each step opens, as the supernet's call takes it.
            epochs: How many the job has altogether.
            learning_rates: At the first and after the last step; linear.
            seed: Of paths, orders and augmentation.
            job_number: Tells jobs of one seed apart.
            after_epoch: Called with each epoch's mean loss, for progress bars
                and checkpoints.
            mixed: The candidates whose architecture parameters move after each
                step of the weights, place by place; None moves none.

        Raises:
            ValueError: If the training diverged.
        """
        architecture = None if mixed is None else self.with_architecture(seed)
        first, last = learning_rates
        steps = num_batches(len(self._images), self._recipe.batch_size, True)
        for epoch in range(len(self.losses), epochs):
            rng = np.random.default_rng([seed, job_number, epoch])
            # Of its own, so that weights train as they do without parameters.
            mixing_rng = np.random.default_rng([seed, job_number, epoch, 1])
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
                slots = draw(rng)
                augment_seed = tuple(rng.integers(2**31, size=2).tolist())
                losses.append(
                    self.step(images, labels, slots, rate, augment_seed)
                )
                if architecture is not None and mixed is not None:
                    architecture.step(mixed, mixing_rng)
            self.losses.append(mean_loss(losses, first))
            after_epoch(self.losses[-1])

    def kernels(self) -> list[np.ndarray]:
        """Returns the kernels of each place, then what turns of the rest."""
        return [
            *(place.kernels() for place in self.supernet.blocks),
            *(weight.numpy() for weight in self.supernet.angle_weights),
        ]

    def angle_sums(self) -> AngleSums:
        """Returns what spells the angles since the base."""
        blocks = self.supernet.blocks
        shape = (len(blocks), self.supernet.space.max_candidates, 3)
        sums = AngleSums(np.zeros(shape), np.zeros(shape), np.zeros(3))
        now = self.kernels()
        for place, lengths, old, new in zip(
            range(len(blocks)),
            (each.kernel_lengths for each in blocks),
            self.base,
            now,
            strict=False,
        ):
            by_kernel = sums_by_kernel(old, new, lengths)
            count = len(by_kernel)
            sums.candidates[place, :count] = by_kernel.sum(axis=1)
            units = of_unit_kernels(by_kernel)
            sums.unit_candidates[place, :count] = units.sum(axis=1)
        for old, new in zip(
            self.base[len(blocks) :], now[len(blocks) :], strict=True
        ):
            sums.backbone[:] += three_sums(
                old.reshape(1, -1), new.reshape(1, -1)
            )[0]
        return sums

    def checkpoint(self, job_id: str, config_digest: str) -> Checkpoint:
        """Returns all that training goes on from; see `Checkpoint`."""
        return Checkpoint(
            job_id,
            config_digest,
            tuple(self.losses),
            [variable.numpy() for variable in self.supernet.variables],
            [slot.numpy() for slot in self._optimizer.momenta],
            self.base,
            self.supernet.space.fingerprint,
            []
            if self.architecture is None
            else [value.numpy() for value in self.architecture.variables],
        )

    def with_architecture(self, seed: int) -> ArchitectureTrainer:
        """Returns what trains architecture parameters, made once.

        Args:
            seed: Of the first parameters.

        Raises:
            ValueError: If there are no validation images, or the supernet
                cannot mix its candidates.
        """
        if self.architecture is None:
            if self._validation is None:
                raise ValueError(
                    "Architecture parameters are trained on validation images; "
                    "give the trainer `validation`."
                )
            self.architecture = ArchitectureTrainer(
                require_capability(self.supernet, Capability.MIXES),
                self._validation,
                self._recipe.batch_size,
                seed,
            )
        return self.architecture

    def restore(self, checkpoint: Checkpoint) -> None:
        """Goes on from a checkpoint.

        Raises:
            ValueError: If it is that of another space.
        """
        require_space(checkpoint, self.supernet.space)
        checkpoint.assign_to(self.supernet.variables, self._optimizer.momenta)
        self.base = checkpoint.base
        self.losses = list(checkpoint.losses)
        self.architecture = None
        if checkpoint.architecture:
            variables = self.with_architecture(seed=0).variables
            for variable, value in zip(
                variables, checkpoint.architecture, strict=True
            ):
                variable.assign(value)

    def start_over(self, seed: int) -> None:
        """Draws fresh weights, and forgets momenta, base and losses."""
        self.supernet.initialize(seed)
        self.architecture = None
        self._optimizer.reset()
        self.base = self.kernels()
        self.losses = []
