"""Holds a supernet's weights in training, from job to job."""

from collections.abc import Callable, Sequence

import numpy as np
import tensorflow as tf

from nse_tf.datasets import ImageSet
from nse_tf.jobs import ArchitectureRule, Seats
from nse_tf.supernet import (
    Capability,
    WeightSharing,
    require_capability,
)
from nse_tf.training.angle_sums import (
    AngleSums,
    of_unit_kernels,
    sums_by_kernel,
    three_sums,
)
from nse_tf.training.checkpoints import Checkpoint
from nse_tf.training.epoch_loop import Draw, EpochLoop, LoopHooks
from nse_tf.training.recipes import SupernetRecipe
from nse_tf.training.shared_weights import require_space
from nse_tf.training.slot_architecture import SlotArchitecture
from nse_tf.training.steps import TrainingStep
from nse_tf.training.supernet_step import sandwich_step, supernet_step


class SupernetTrainer:
    """Holds a supernet and what its training has come to.

    Args:
        supernet: Whose weights to train.
        recipe: The numbers of a step.
        images: The training part.

    Attributes:
        supernet: As given.
        recipe: As given.
        optimizer: Moves the weights.
        step: The update of the weights.
        sandwich_step: The same for paths of which the first teaches the others.
        batch_size: Images a step.
        base: The kernels that angles are measured from, as `kernels` returns
            them.
        losses: Mean loss of each epoch of the present job.
    """

    def __init__(
        self, supernet: WeightSharing, recipe: SupernetRecipe, images: ImageSet
    ) -> None:
        self.supernet, self.recipe = supernet, recipe
        self.batch_size = recipe.batch_size
        self._images = images
        self.optimizer, self.step = supernet_step(
            supernet, recipe, supernet.row_kernel_sizes()
        )
        self.sandwich_step = sandwich_step(supernet, recipe, self.optimizer)
        self.base = self.kernels()
        self.losses: list[float] = []
        self._slot_architecture: SlotArchitecture | None = None

    @property
    def momenta(self) -> list[tf.Variable]:
        """The optimizer's state, one for each trainable variable."""
        return self.optimizer.momenta

    def loop(
        self,
        draw: Draw,
        *,
        epochs: int,
        rate: Callable[[float], float],
        named_rate: float,
        seeds: tuple[int, ...],
        hooks: LoopHooks | None = None,
        step: TrainingStep | None = None,
    ) -> EpochLoop:
        """Returns what trains the weights; see `EpochLoop`.

        The step is that of what is drawn to be open, unless another is given.
        """
        return EpochLoop(
            images=self._images,
            batch_size=self.batch_size,
            epochs=epochs,
            step=step or self.step,
            draw=draw,
            rate=rate,
            named_rate=named_rate,
            seeds=seeds,
            hooks=hooks or LoopHooks(),
            balanced=self.recipe.balanced_classes,
        )

    def kernels(self) -> list[np.ndarray]:
        """Returns the kernels of each block, then what turns of the rest."""
        return [
            *(block.kernels() for block in self.supernet.blocks),
            *(weight.numpy() for weight in self.supernet.angle_weights),
        ]

    def angle_sums(self) -> AngleSums:
        """Returns the three sums of angles since the base, by candidate."""
        blocks = self.supernet.blocks
        shape = (len(blocks), self.supernet.space.max_candidates, 3)
        sums = AngleSums(np.zeros(shape), np.zeros(shape), np.zeros(3))
        now = self.kernels()
        for number, (block, old, new) in enumerate(
            zip(blocks, self.base, now, strict=False)
        ):
            by_kernel = sums_by_kernel(old, new, block.kernel_lengths)
            candidates = list(block.candidates)
            sums.candidates[number, candidates] = by_kernel.sum(axis=1)
            units = of_unit_kernels(by_kernel)
            sums.unit_candidates[number, candidates] = units.sum(axis=1)
        for old, new in zip(
            self.base[len(blocks) :], now[len(blocks) :], strict=True
        ):
            sums.backbone[:] += three_sums(
                old.reshape(1, -1), new.reshape(1, -1)
            )[0]
        return sums

    def checkpoint(self, job_id: str, config_digest: str) -> Checkpoint:
        """Returns weights, momenta, base and losses; see `Checkpoint`."""
        return Checkpoint(
            job_id=job_id,
            config_digest=config_digest,
            losses=tuple(self.losses),
            weights=[variable.numpy() for variable in self.supernet.variables],
            momenta=[momentum.numpy() for momentum in self.momenta],
            base=self.base,
            fingerprint=self.supernet.space.fingerprint,
        )

    def restore(self, checkpoint: Checkpoint) -> None:
        """Resumes from a checkpoint.

        Raises:
            ValueError: If it is that of another space.
        """
        require_space(checkpoint, self.supernet.space)
        checkpoint.assign_to(self.supernet.variables, self.momenta)
        self.base = checkpoint.base
        self.losses = list(checkpoint.losses)

    def start_over(self, seed: int) -> None:
        """Draws fresh weights, and forgets momenta, base and losses."""
        self.supernet.initialize(seed)
        self.optimizer.reset()
        self.base = self.kernels()
        self.losses = []

    def seat(self, seats: Seats, seeds: Sequence[int]) -> None:
        """Gives the slots to other cells, whose momenta go with them.

        Args:
            seats: Who sits where.
            seeds: Seed what is drawn for cells that come in.

        Raises:
            ValueError: If the supernet has no slots, or other ones.
        """
        seating = require_capability(self.supernet, Capability.SEATS_CELLS)
        momenta = {
            id(variable): momentum
            for variable, momentum in zip(
                self.supernet.trainable_variables, self.momenta, strict=True
            )
        }
        seating.seat(
            seats.cells,
            seats.parents,
            seats.bench,
            seeds,
            momenta,
            draws_all=seats.draws_all,
        )

    def slot_architecture(
        self, images: ImageSet, rule: ArchitectureRule, seed: int
    ) -> SlotArchitecture:
        """Returns what trains the shares of slots, as new, but traced before.

        Args:
            images: The validation part.
            rule: The numbers of a step.
            seed: Seed of the first parameters.

        Raises:
            ValueError: If the rule is not built for slots.
        """
        seating = require_capability(self.supernet, Capability.SEATS_CELLS)
        if rule.rule != "first_order":
            raise ValueError(
                f"`architecture.rule` is {rule.rule!r}, but shares of slots "
                "are trained by 'first_order'."
            )
        kept = self._slot_architecture
        if kept is None or not kept.serves(rule, images):
            kept = self._slot_architecture = SlotArchitecture(
                seating,
                images,
                rule,
                optimizer=self.optimizer,
                recipe=self.recipe,
            )
        kept.start_over(rule, seed)
        return kept
