"""What all trainers of architecture parameters have in common.

Each choice block has a parameter for each of its candidates. They move on
validation images, by Adam, and never touch the weights.
"""

import abc
from typing import ClassVar

import numpy as np
import tensorflow as tf

from nse_tf.datasets import ImageSet
from nse_tf.jobs import ArchitectureRule, Genes
from nse_tf.spaces import SearchSpace
from nse_tf.training.adam import Adam
from nse_tf.training.epoch_loop import WeightStep
from nse_tf.training.steps import TrainingStep


class ArchitectureTrainer(abc.ABC):
    """Holds architecture parameters and moves them.

    Args:
        space: The supernet's space.
        images: The validation part.
        batch_size: Images a step.
        rule: The numbers of a step.
        seed: Seed of the first parameters.

    Attributes:
        is_beside: Whether batches are drawn by a generator of their own, so
            that weights train as they do without architecture parameters.
        comes_first: Whether a step comes before that of the weights.
    """

    is_beside: ClassVar[bool] = False
    OPTIMIZER: ClassVar[type[Adam]] = Adam
    comes_first: ClassVar[bool] = False

    def __init__(
        self,
        space: SearchSpace,
        images: ImageSet,
        batch_size: int,
        rule: ArchitectureRule,
        seed: int,
    ) -> None:
        self._images = images
        self._batch_size = min(batch_size, len(images))
        self._shape = (len(space.blocks), space.max_candidates)
        self._parameters = tf.Variable(self._first(rule, seed))
        self._adam = self.OPTIMIZER(
            self._parameters, rule.rate, rule.betas, rule.weight_decay
        )

    def _first(self, rule: ArchitectureRule, seed: int) -> np.ndarray:
        """Returns the first parameters, float32."""
        first = np.zeros(self._shape)
        if rule.deviation:
            rng = np.random.default_rng(seed)
            first = rule.deviation * rng.standard_normal(self._shape)
        return first.astype(np.float32)

    @property
    def variables(self) -> list[tf.Variable]:
        """The parameters and the optimizer's state."""
        return [self._parameters, *self._adam.variables]

    @property
    def parameters(self) -> np.ndarray:
        """The parameters as they stand, `(num_blocks, max_candidates)`."""
        values: np.ndarray = self._parameters.numpy().astype(np.float64)
        return values

    @abc.abstractmethod
    def step(self, active: Genes, rng: np.random.Generator) -> tf.Tensor:
        """Moves the parameters of active candidates once; returns the loss.

        Args:
            active: The candidates that take part, block by block.
            rng: Draws the batch, and all else that is drawn.
        """

    def begin_step(self, epoch: int, following: WeightStep) -> None:
        """Called where parameters come first, also if it is not their turn.

        Args:
            epoch: The epoch, counted from 0.
            following: The step of the weights that comes next.
        """
        del epoch, following

    def step_before(
        self, active: Genes, rng: np.random.Generator, following: WeightStep
    ) -> tf.Tensor:
        """Moves the parameters once before the weights; returns the loss.

        Args:
            active: The candidates that take part, block by block.
            rng: Draws the batch.
            following: The step of the weights that comes next.
        """
        del following
        return self.step(active, rng)

    def step_of_weights(self, active: Genes) -> TrainingStep | None:
        """Returns the update of the weights, where the parameters decide it.

        None is that of whatever the job draws.

        Args:
            active: The candidates that take part, block by block.
        """
        del active
        return None

    @abc.abstractmethod
    def probabilities(self, active: Genes) -> np.ndarray:
        """Returns what the parameters say of each candidate.

        Returns:
            `(num_blocks, max_candidates)`, float64, 0 where not active.
        """

    def candidate_losses(self, active: Genes) -> np.ndarray:
        """Returns the loss of each candidate alone in its block, if asked for.

        Args:
            active: The candidates that take part, block by block.

        Returns:
            `(num_blocks, max_candidates)`, or nothing.
        """
        del active
        return np.zeros((0, 0))

    def candidate_distances(self, active: Genes) -> np.ndarray:
        """Returns how far candidates are from the last one, if asked for.

        Args:
            active: The candidates that take part, block by block.

        Returns:
            `(num_blocks, max_candidates)`, or nothing.
        """
        del active
        return np.zeros((0, 0))

    def sharpness(self, active: Genes, rng: np.random.Generator) -> float:
        """Returns how sharp the minimum is that the parameters are in.

        Args:
            active: The candidates that take part, block by block.
            rng: Draws the batch, and all else that is drawn.

        Raises:
            ValueError: If that is not known of these parameters.
        """
        del active, rng
        raise ValueError(
            "`architecture.early_stop` needs parameters that mix candidates."
        )

    def _batch(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Returns random images and their labels."""
        rows = np.sort(
            rng.choice(len(self._images), self._batch_size, replace=False)
        )
        return self._images.images[rows], self._images.labels[rows]

    def _mask(self, active: Genes) -> np.ndarray:
        mask = np.zeros(self._shape, bool)
        for row, indices in zip(mask, active, strict=True):
            row[list(indices)] = True
        return mask


def active_softmax(parameters: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Returns each block's softmax over its active candidates.

    Args:
        parameters: `(num_blocks, max_candidates)`.
        mask: Which candidates are active, in the same shape.

    Returns:
        In the same shape, 0 where not active.
    """
    scores = np.where(mask, np.exp(parameters), 0.0)
    mixing_weights: np.ndarray = scores / scores.sum(axis=1, keepdims=True)
    return mixing_weights
