"""The course of architecture parameters in one training job."""

import numpy as np
import tensorflow as tf

from nse_tf.datasets import ImageSet
from nse_tf.jobs import ArchitectureRule, ArchitectureTrained, Genes
from nse_tf.spaces import SearchSpace
from nse_tf.supernet import Capability, WeightSharing, require_capability
from nse_tf.training.angle_sums import as_tuples
from nse_tf.training.architecture import ArchitectureTrainer
from nse_tf.training.epoch_loop import LoopHooks
from nse_tf.training.gate_architecture import (
    FullGateArchitecture,
    TwoGateArchitecture,
)
from nse_tf.training.mixture_architecture import MixtureArchitecture
from nse_tf.training.steps import mean_loss
from nse_tf.training.subset_architecture import SubsetArchitecture

Drop = tuple[int, int, int, int]


class ArchitectureCourse(LoopHooks):
    """Trains architecture parameters between the steps of the weights.

    Candidates whose parameter falls too low are dropped before each step.

    Args:
        trainer: Moves the parameters.
        rule: When, and which candidates are dropped.
        space: The supernet's space.
        active: The candidates that the job trains, block by block.
        seeds: Those of the job's epochs.

    Attributes:
        left: The active candidates that were not dropped yet.
    """

    def __init__(
        self,
        trainer: ArchitectureTrainer,
        rule: ArchitectureRule,
        space: SearchSpace,
        active: Genes,
        seeds: tuple[int, ...],
    ) -> None:
        self._trainer, self._rule = trainer, rule
        self._space, self._active, self._seeds = space, active, seeds
        self._locked = rule.locked or ((),) * len(active)
        self.left: Genes = active
        self._drops: list[Drop] = []
        self._losses: list[float] = []
        self._history: list[tuple[tuple[float, ...], ...]] = []
        self._step_losses: list[tf.Tensor] = []
        self._rng = np.random.default_rng(0)

    def before_step(self, epoch: int, index: int) -> None:
        """Drops what fell below the threshold and is not locked."""
        if index == 0:
            # Of its own, so that weights train as they do without parameters.
            self._rng = np.random.default_rng([*self._seeds, epoch, 1])
        if self._rule.drop_below is None:
            return
        left = dropped_below(
            self._space.restrict(self.left),
            self._trainer.parameters,
            self._rule.drop_below,
            self._locked,
        )
        if left != self.left:
            for block, (before, after) in enumerate(
                zip(self.left, left, strict=True)
            ):
                for candidate in sorted(set(before) - set(after)):
                    self._drops.append((epoch, index, block, candidate))
            self.left = left

    def after_step(
        self, epoch: int, index: int, rng: np.random.Generator
    ) -> None:
        """Moves the parameters, when it is their turn."""
        if epoch < self._rule.epochs_without:
            return
        if index % self._rule.period == 0:
            own = self._rng if self._trainer.is_beside else rng
            self._step_losses.append(self._trainer.step(self.left, own))

    def after_epoch(self) -> None:
        """Notes how the parameters stand.

        Raises:
            ValueError: If they diverged.
        """
        self._require_finite()
        if self._step_losses:
            self._losses.append(mean_loss(self._step_losses, self._rule.rate))
        self._step_losses = []
        found = self._trainer.probabilities(self._active)
        self._history.append(
            tuple(
                tuple(row[list(indices)].tolist())
                for row, indices in zip(found, self._active, strict=True)
            )
        )

    def probabilities(self) -> np.ndarray:
        """Returns what the parameters say of each candidate that is left.

        Raises:
            ValueError: If they diverged.
        """
        self._require_finite()
        return self._trainer.probabilities(self.left)

    def _require_finite(self) -> None:
        """Refuses parameters that are no numbers.

        Raises:
            ValueError: Naming the block.
        """
        is_finite = np.isfinite(self._trainer.parameters).all(axis=1)
        if not is_finite.all():
            block = self._space.blocks[int(np.argmin(is_finite))]
            raise ValueError(
                f"The architecture parameters of block {block.name!r} "
                "diverged. Lower their learning rate, "
                f"`architecture.rate`, {self._rule.rate:g} now, or the penalty."
            )

    def trained(self) -> ArchitectureTrained:
        """Returns what the parameters came to."""
        return ArchitectureTrained(
            losses=tuple(self._losses),
            parameters=as_tuples(self._trainer.parameters),
            probabilities=as_tuples(self._trainer.probabilities(self._active)),
            left=self.left,
            drops=tuple(self._drops),
            history=tuple(self._history),
        )

    def state(self) -> list[np.ndarray]:
        """Returns the parameters and the optimizer's state."""
        return [variable.numpy() for variable in self._trainer.variables]

    def restore_state(self, state: list[np.ndarray]) -> None:
        """Resumes from parameters that `state` returned."""
        for variable, value in zip(self._trainer.variables, state, strict=True):
            variable.assign(value)

    def course(self) -> list[np.ndarray]:
        """Returns losses, drops and history, for a checkpoint."""
        rows = [
            [each for block in epoch for each in block]
            for epoch in self._history
        ]
        num_active = sum(map(len, self._active))
        return [
            np.array(self._losses, np.float64),
            np.array(self._drops, np.int64).reshape(-1, 4),
            np.array(rows, np.float64).reshape(len(rows), num_active),
        ]

    def restore_course(self, course: list[np.ndarray]) -> None:
        """Resumes from what `course` returned for the same job."""
        losses, drops, history = course
        self._losses = losses.tolist()
        self._drops = [(a, b, c, d) for a, b, c, d in drops.tolist()]
        gone = {(block, candidate) for _, _, block, candidate in self._drops}
        self.left = tuple(
            tuple(each for each in indices if (block, each) not in gone)
            for block, indices in enumerate(self._active)
        )
        ends = np.cumsum([len(indices) for indices in self._active])[:-1]
        self._history = [
            tuple(tuple(block.tolist()) for block in np.split(epoch, ends))
            for epoch in history
        ]


def new_architecture(
    supernet: WeightSharing,
    images: ImageSet,
    batch_size: int,
    rule: ArchitectureRule,
    seed: int,
) -> ArchitectureTrainer:
    """Returns what trains architecture parameters by a rule.

    Args:
        supernet: Whose candidates the parameters are for.
        images: The validation part.
        batch_size: Images a step.
        rule: By which they are trained.
        seed: Seed of the first parameters.

    Raises:
        ValueError: If the supernet cannot do what the rule needs.
    """
    if rule.rule == "two_subsets":
        comparing = require_capability(supernet, Capability.TWO_SUBSETS)
        return SubsetArchitecture(comparing, images, batch_size, rule, seed)
    if rule.rule == "two_gates":
        pairing = require_capability(supernet, Capability.TWO_PATHS)
        return TwoGateArchitecture(pairing, images, batch_size, rule, seed)
    mixing = require_capability(supernet, Capability.MIXES)
    if rule.rule == "full_gates":
        return FullGateArchitecture(mixing, images, batch_size, rule, seed)
    return MixtureArchitecture(mixing, images, batch_size, rule, seed)


def dropped_below(
    space: SearchSpace, parameters: np.ndarray, threshold: float, locked: Genes
) -> Genes:
    """Returns the candidates that stay in each block.

    A candidate goes when its parameter is below the threshold, the lowest
    first. A block that must open a branch keeps two, though, and what is locked
    stays.

    Args:
        space: The space as it stands.
        parameters: `(num_blocks, max_candidates)`.
        threshold: Least parameter of a candidate that stays.
        locked: The candidates of each block that stay whatever happens.

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
