"""Trains multi-branch cells: weights and indicators, step by step."""

import math
import zlib
from collections.abc import Callable

import numpy as np

from nse_tf.datasets import ImageSet, epoch_batches, num_batches
from nse_tf.jobs import (
    ArchitectureTrained,
    Genes,
    SupernetTrained,
    TrainSupernet,
)
from nse_tf.spaces import SearchSpace
from nse_tf.spaces.subsets import draw_balanced, draw_two, fitness_indicators
from nse_tf.supernet import BranchSupernet
from nse_tf.training.angle_sums import AngleSums, as_tuples
from nse_tf.training.branch_architecture import BranchArchitecture
from nse_tf.training.checkpoints import Checkpoint
from nse_tf.training.recipes import SupernetRecipe
from nse_tf.training.shared_weights import require_space
from nse_tf.training.steps import mean_loss
from nse_tf.training.supernet_trainer import SupernetTrainer


class BranchTrainer(SupernetTrainer):
    """Holds the cells of one job and what their training has come to.

    Args:
        supernet: Of the job's active ops.
        recipe: The numbers of a step of the weights.
        images: The training part.
        validation: Images that indicators are trained on.
        job: What to train.

    Attributes:
        left: The active ops of each cell that were not dropped yet.
    """

    supernet: BranchSupernet

    def __init__(
        self,
        supernet: BranchSupernet,
        recipe: SupernetRecipe,
        images: ImageSet,
        validation: ImageSet,
        job: TrainSupernet,
    ) -> None:
        super().__init__(supernet, recipe, images, validation)
        if job.architecture is None:
            raise ValueError(
                f"Job {job.id!r} trains no architecture parameters."
            )
        self._job, self._rule = job, job.architecture
        self._locked = self._rule.locked or ((),) * len(job.active)
        self.branches = BranchArchitecture(
            supernet,
            validation,
            recipe.batch_size,
            rate=self._rule.rate,
            betas=self._rule.betas,
            penalties=self._rule.penalties,
            other_moves_statistics=self._rule.other_moves_statistics,
        )
        self.left: Genes = job.active
        self.drops: list[tuple[int, int, int, int]] = []
        self.architecture_losses: list[float] = []
        self.history: list[tuple[tuple[float, ...], ...]] = []

    def train_on(self, after_epoch: Callable[[float], None]) -> None:
        """Trains on from the epochs that are done to the job's last.

        Args:
            after_epoch: Called with each epoch's mean loss.

        Raises:
            ValueError: If the training diverged.
        """
        for epoch in range(len(self.losses), self._job.epochs):
            self._train_epoch(epoch)
            after_epoch(self.losses[-1])

    def _train_epoch(self, epoch: int) -> None:
        job = self._job
        number = zlib.crc32(job.id.encode())
        rng = np.random.default_rng([job.seed, number, epoch])
        batches = epoch_batches(
            self._images,
            self._recipe.batch_size,
            seed=int(rng.integers(2**31)),
            epoch=epoch,
        )
        steps = num_batches(len(self._images), self._recipe.batch_size, True)
        losses, architecture_losses = [], []
        for index, (images, labels) in enumerate(batches):
            self._drop(epoch, index)
            space = self._space_left
            slots = self.supernet.opened(
                draw_balanced(space, rng, job.weights.open_rate)
            )
            rate = warm_cosine(
                epoch + index / steps,
                job.epochs,
                (job.schedule.first, job.schedule.peak or 0.0),
                job.schedule.warmup_epochs,
            )
            seed = tuple(rng.integers(2**31, size=2).tolist())
            losses.append(self.step(images, labels, slots, rate, seed))
            if index % self._rule.period == 0:
                selected, others = self._draw_two(space, rng)
                architecture_losses.append(
                    self.branches.step(selected, others, rng)
                )
        self.losses.append(mean_loss(losses, job.schedule.peak or 0.0))
        self.architecture_losses.append(
            mean_loss(architecture_losses, self._rule.rate)
        )
        found = fitness_indicators(self.branches.parameters)
        self.history.append(
            tuple(
                tuple(row[list(indices)].tolist())
                for row, indices in zip(found, job.active, strict=True)
            )
        )

    @property
    def _space_left(self) -> SearchSpace:
        return self.supernet.space.restrict(self.left)

    def _draw_two(
        self, space: SearchSpace, rng: np.random.Generator
    ) -> tuple[Genes, tuple[tuple[int, ...] | None, ...]]:
        """Returns the two subsets of each cell.

        Sometimes the locked ops, all together, are one of them.
        """
        found = fitness_indicators(self.branches.parameters)
        selected, others = draw_two(space, found, rng)
        if not self._rule.locked_rate or rng.random() >= self._rule.locked_rate:
            return selected, others
        comes_first = rng.random() < 0.5
        pairs = [
            (one, other)
            if not locked or other is None or locked in (one, other)
            else ((locked, other) if comes_first else (one, locked))
            for one, other, locked in zip(
                selected, others, self._locked, strict=True
            )
        ]
        return tuple(one for one, _ in pairs), tuple(two for _, two in pairs)

    def _drop(self, epoch: int, step: int) -> None:
        """Drops what fell below the threshold, and was not locked."""
        if self._rule.drop_below is None:
            return
        left = dropped_below(
            self._space_left,
            self.branches.parameters,
            self._rule.drop_below,
            self._locked,
        )
        for place, (before, after) in enumerate(
            zip(self.left, left, strict=True)
        ):
            for index in sorted(set(before) - set(after)):
                self.drops.append((epoch, step, place, index))
        self.left = left

    def angle_sums(self) -> AngleSums:
        """Returns what spells the angles since the base, by candidate."""
        by_row = super().angle_sums()
        sums = AngleSums(
            np.zeros_like(by_row.candidates),
            np.zeros_like(by_row.unit_candidates),
            by_row.backbone,
        )
        for place, indices in enumerate(self.supernet.active):
            for name in ("candidates", "unit_candidates"):
                rows = getattr(by_row, name)[place, : len(indices)]
                getattr(sums, name)[place, list(indices)] = rows
        return sums

    def result(self, seconds: float, digest: str) -> SupernetTrained:
        """Returns what the job came to.

        Args:
            seconds: Time it took.
            digest: Of its weights.
        """
        sums = self.angle_sums()
        found = fitness_indicators(self.branches.parameters)
        is_active = np.zeros_like(found)
        for row, indices in zip(is_active, self._job.active, strict=True):
            row[list(indices)] = 1.0
        return SupernetTrained(
            losses=tuple(self.losses),
            angle_sums=as_tuples(sums.candidates),
            backbone_sums=as_tuples(sums.backbone),
            seconds=seconds,
            weights_sha256=digest,
            unit_sums=as_tuples(sums.unit_candidates),
            architecture=ArchitectureTrained(
                losses=tuple(self.architecture_losses),
                parameters=as_tuples(self.branches.parameters),
                probabilities=as_tuples(found * is_active),
                left=self.left,
                drops=tuple(self.drops),
                history=tuple(self.history),
            ),
        )

    def checkpoint(self, job_id: str, config_digest: str) -> Checkpoint:
        """Returns all that training goes on from; see `Checkpoint`."""
        kept = super().checkpoint(job_id, config_digest)
        kept.architecture[:] = [
            *(value.numpy() for value in self.branches.variables),
            np.array(self.architecture_losses, np.float64),
            np.array(self.drops, np.int64).reshape(-1, 4),
            np.array(
                [[x for cell in epoch for x in cell] for epoch in self.history],
                np.float64,
            ).reshape(len(self.history), -1),
        ]
        kept.active.extend(self._job.active)
        return kept

    def restore(self, checkpoint: Checkpoint) -> None:
        """Goes on from a checkpoint of the same job.

        Raises:
            ValueError: If it is that of another space or of other ops.
        """
        if tuple(checkpoint.active) != self._job.active:
            raise ValueError(
                f"The checkpoint of job {checkpoint.job_id!r} is one of other "
                "active ops."
            )
        arrays = list(checkpoint.architecture)
        checkpoint.architecture[:] = []  # Not the other kind of parameters.
        super().restore(checkpoint)
        checkpoint.architecture[:] = arrays
        for variable, value in zip(
            self.branches.variables, arrays[:4], strict=True
        ):
            variable.assign(value)
        losses, drops, history = arrays[4:]
        self.architecture_losses = losses.tolist()
        self.drops = [tuple(row) for row in drops.tolist()]
        gone = {(place, index) for _, _, place, index in self.drops}
        self.left = tuple(
            tuple(i for i in indices if (place, i) not in gone)
            for place, indices in enumerate(self._job.active)
        )
        ends = np.cumsum([len(indices) for indices in self._job.active])[:-1]
        self.history = [
            tuple(tuple(cell.tolist()) for cell in np.split(epoch, ends))
            for epoch in history
        ]


def branch_supernet(space: SearchSpace, weights: Checkpoint) -> BranchSupernet:
    """Returns the multi-branch cells of a checkpoint, with its weights.

    Args:
        space: The full space.
        weights: As a `BranchTrainer` left them.

    Raises:
        ValueError: If they are those of another space.
    """
    require_space(weights, space)
    supernet = BranchSupernet(space.restrict(weights.active))
    weights.assign_to(supernet.variables)
    return supernet


def dropped_below(
    space: SearchSpace, parameters: np.ndarray, threshold: float, locked: Genes
) -> Genes:
    """Returns the ops that stay in each cell.

    An op goes when its parameter is below the threshold, the lowest first. A
    cell that must open a branch keeps two, though, and what is locked stays.

    Args:
        space: As it stands.
        parameters: `(num_blocks, max_candidates)`.
        threshold: Least parameter of an op that stays.
        locked: Ops of each cell that stay whatever happens.

    References:
        Ci et al., NSE (2021), code of the search:
        https://arxiv.org/abs/2011.10904. There a cell that must open a branch
        could lose all of them in one step; here the two best stay.
    """
    left = []
    for block, indices, row, kept in zip(
        space.blocks, space.active, parameters, locked, strict=True
    ):
        stays = list(indices)
        least = 2 if block.min_open else 0
        for index in sorted(indices, key=row.__getitem__):
            falls = row[index] < threshold and index not in kept
            if falls and len(stays) > least:
                stays.remove(index)
        left.append(tuple(stays))
    return tuple(left)


def warm_cosine(
    epoch: float,
    epochs: int,
    rates: tuple[float, float],
    warmup_epochs: float,
) -> float:
    """Returns a learning rate: a linear warm-up, then a cosine to zero.

    Args:
        epoch: How many epochs are done, whole or part.
        epochs: How many there are.
        rates: At the first step, and after the warm-up.
        warmup_epochs: How long that takes; half of all epochs at most.
    """
    first, peak = rates
    warmup = min(warmup_epochs, epochs / 2)
    if epoch < warmup:
        return first + (peak - first) * epoch / warmup
    done = min((epoch - warmup) / (epochs - warmup), 1.0)
    return peak * 0.5 * (1.0 + math.cos(math.pi * done))
