"""The course of architecture parameters in one training job."""

import numpy as np
import tensorflow as tf

from nse_tf.datasets import ImageSet
from nse_tf.jobs import ArchitectureRule, ArchitectureTrained, Genes
from nse_tf.spaces import SearchSpace
from nse_tf.supernet import Capability, require_capability
from nse_tf.training.angle_sums import as_tuples
from nse_tf.training.architecture import ArchitectureTrainer
from nse_tf.training.darts_architecture import (
    FirstOrderArchitecture,
    SecondOrderArchitecture,
)
from nse_tf.training.dropout_course import DropoutCourse
from nse_tf.training.early_stop import epoch_to_keep
from nse_tf.training.epoch_loop import LoopHooks, WeightStep
from nse_tf.training.extra_skip_course import ExtraSkipCourse
from nse_tf.training.gate_architecture import (
    FullGateArchitecture,
    TwoGateArchitecture,
)
from nse_tf.training.mixture_architecture import MixtureArchitecture
from nse_tf.training.reinforce_architecture import ReinforceArchitecture
from nse_tf.training.steps import TrainingStep, mean_loss
from nse_tf.training.subset_architecture import SubsetArchitecture
from nse_tf.training.supernet_trainer import SupernetTrainer

Drop = tuple[int, int, int, int]
# Beyond it a parameter's softmax overflows.
_LARGEST = 700.0


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
        self._eigenvalues: list[tuple[int, float]] = []
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

    def before_update(self, epoch: int, index: int, step: WeightStep) -> None:
        """Moves the parameters before the weights, when it is their turn."""
        if not self._trainer.comes_first:
            return
        self._trainer.begin_step(epoch, step)
        if self._is_turn(epoch, index):
            self._note(self._trainer.step_before(self.left, self._rng, step))

    def after_step(
        self, epoch: int, index: int, rng: np.random.Generator
    ) -> None:
        """Moves the parameters after the weights, when it is their turn."""
        if not self._trainer.comes_first and self._is_turn(epoch, index):
            own = self._rng if self._trainer.is_beside else rng
            self._note(self._trainer.step(self.left, own))

    def _is_turn(self, epoch: int, index: int) -> bool:
        """Whether a step of the weights has one of the parameters beside it."""
        is_trained = epoch >= self._rule.epochs_without
        return is_trained and index % self._rule.period == 0

    def _note(self, loss: tf.Tensor) -> None:
        """Notes the loss of a step of the parameters.

        Raises:
            ValueError: If they diverged, and not the weights before them.
        """
        self._step_losses.append(loss)
        is_sound = np.abs(self._trainer.parameters) < _LARGEST
        if not is_sound.all() and np.isfinite(float(loss)):
            self._require_each(is_sound)

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
        rule, epoch = self._rule.early_stop, len(self._history) - 1
        if rule is not None and epoch % rule.period == 0:
            # Of its own, so that measuring changes no training.
            rng = np.random.default_rng([*self._seeds, epoch, 2])
            found_now = self._trainer.sharpness(self._active, rng)
            self._eigenvalues.append((epoch, found_now))

    @property
    def step_of_weights(self) -> TrainingStep | None:
        """The update of the weights, where the parameters decide what it is."""
        return self._trainer.step_of_weights(self._active)

    @property
    def kept_epoch(self) -> int | None:
        """The epoch to go back to; None while the training goes on."""
        if self._rule.early_stop is None:
            return None
        return epoch_to_keep(self._rule.early_stop, self._eigenvalues)

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
        self._require_each(np.isfinite(self._trainer.parameters))

    def _require_each(self, is_sound: np.ndarray) -> None:
        """Refuses parameters that are not sound.

        Args:
            is_sound: Whether each parameter is, `(num_blocks, candidates)`.

        Raises:
            ValueError: Naming the block.
        """
        if not is_sound.all():
            block = self._space.blocks[int(np.argwhere(~is_sound)[0, 0])]
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
            eigenvalues=tuple(self._eigenvalues),
            kept_epoch=self.kept_epoch,
            candidate_losses=as_tuples(
                self._trainer.candidate_losses(self._active)
            ),
            candidate_distances=as_tuples(
                self._trainer.candidate_distances(self._active)
            ),
        )

    def state(self) -> list[np.ndarray]:
        """Returns the parameters and the optimizer's state."""
        return [variable.numpy() for variable in self._trainer.variables]

    def restore_state(self, state: list[np.ndarray]) -> None:
        """Resumes from parameters that `state` returned."""
        for variable, value in zip(self._trainer.variables, state, strict=True):
            variable.assign(value)

    def course(self) -> list[np.ndarray]:
        """Returns losses, drops, history and eigenvalues, for a checkpoint."""
        rows = [
            [each for block in epoch for each in block]
            for epoch in self._history
        ]
        num_active = sum(map(len, self._active))
        course = [
            np.array(self._losses, np.float64),
            np.array(self._drops, np.int64).reshape(-1, 4),
            np.array(rows, np.float64).reshape(len(rows), num_active),
        ]
        if self._rule.early_stop is not None:
            course.append(
                np.array(self._eigenvalues, np.float64).reshape(-1, 2)
            )
        return course

    def restore_course(self, course: list[np.ndarray]) -> None:
        """Resumes from what `course` returned for the same job."""
        losses, drops, history, *watched = course
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
        self._eigenvalues = [
            (int(epoch), value)
            for eigenvalues in watched
            for epoch, value in eigenvalues.tolist()
        ]


def new_architecture(
    trainer: SupernetTrainer,
    images: ImageSet,
    rule: ArchitectureRule,
    seed: int,
    epochs: int,
    dropout: DropoutCourse | None = None,
) -> ArchitectureTrainer:
    """Returns what trains architecture parameters by a rule.

    Args:
        trainer: Holds the weights of the candidates that they are for.
        images: The validation part.
        rule: By which they are trained.
        seed: Seed of the first parameters.
        epochs: Epochs of the job.
        dropout: What drops out after the skips of a mixture; None nothing.

    Raises:
        ValueError: If the supernet cannot do what the rule needs.
    """
    supernet, batch_size = trainer.supernet, trainer.batch_size
    if Capability.SEATS_CELLS in supernet.capabilities:
        return trainer.slot_architecture(images, rule, seed)
    if rule.rule == "two_subsets":
        comparing = require_capability(supernet, Capability.TWO_SUBSETS)
        return SubsetArchitecture(comparing, images, batch_size, rule, seed)
    if rule.rule == "two_gates":
        pairing = require_capability(supernet, Capability.TWO_PATHS)
        return TwoGateArchitecture(pairing, images, batch_size, rule, seed)
    if rule.rule == "reinforce":
        return ReinforceArchitecture(supernet, images, batch_size, rule, seed)
    mixing = require_capability(supernet, Capability.MIXES)
    if rule.rule == "full_gates":
        return FullGateArchitecture(mixing, images, batch_size, rule, seed)
    if rule.rule == "beside":
        return MixtureArchitecture(mixing, images, batch_size, rule, seed)
    training = require_capability(supernet, Capability.TRAINS_MIXED)
    skips = None
    if rule.extra_skip:
        skips = ExtraSkipCourse(training, epochs, seed)
    is_first = rule.rule == "first_order"
    kind = FirstOrderArchitecture if is_first else SecondOrderArchitecture
    return kind(
        training,
        images,
        rule,
        seed,
        optimizer=trainer.optimizer,
        recipe=trainer.recipe,
        dropout=dropout,
        skips=skips,
    )


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
