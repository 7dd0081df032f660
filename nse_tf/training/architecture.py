"""Architecture parameters, trained beside the weights of a supernet.

Each place has a parameter for each of its candidates; the softmax of a place's
parameters mixes the outputs of all of them. Weights are trained on single paths
as ever, so what the parameters learn does not reach them.
"""

from collections.abc import Callable, Sequence

import numpy as np
import tensorflow as tf

from nse_tf.datasets import ImageSet
from nse_tf.jobs import ArchitectureTrained
from nse_tf.supernet import MixingSupernet
from nse_tf.training.angle_sums import as_tuples
from nse_tf.training.steps import of_any_batch

Active = tuple[tuple[int, ...], ...]

_RATE = 3e-4
_BETAS = (0.5, 0.999)
_DECAY = 1e-3
_EPSILON = 1e-8
_DEVIATION = 1e-3


class ArchitectureTrainer:
    """Holds architecture parameters and moves them on validation images.

    Args:
        supernet: Whose candidates are mixed.
        images: The validation part.
        batch_size: Images a step.
        seed: Of the first parameters.

    References:
        Liu et al., DARTS (2019), first order: https://arxiv.org/abs/1806.09055;
        Adam's numbers and the mixture beside single paths are those of ABS's
        magnitude score: https://arxiv.org/abs/2004.13431
    """

    def __init__(
        self,
        supernet: MixingSupernet,
        images: ImageSet,
        batch_size: int,
        seed: int,
    ) -> None:
        space = supernet.space
        self._supernet, self._images = supernet, images
        self._batch_size = min(batch_size, len(images))
        shape = (len(space.blocks), space.max_candidates)
        first = np.random.default_rng(seed).standard_normal(shape)
        values = [_DEVIATION * first, np.zeros(shape), np.zeros(shape)]
        self._parameters, self._mean, self._square = (
            tf.Variable(value.astype(np.float32)) for value in values
        )
        self._count = tf.Variable(np.float32(0))
        self._steps: dict[Active, Callable[..., None]] = {}

    @property
    def variables(self) -> list[tf.Variable]:
        """Parameters and the optimizer's state."""
        return [self._parameters, self._mean, self._square, self._count]

    def step(
        self, active: Sequence[Sequence[int]], rng: np.random.Generator
    ) -> None:
        """Moves the parameters of active candidates once.

        Args:
            active: The candidates that are mixed, place by place.
            rng: Draws the batch.
        """
        rows = np.sort(
            rng.choice(len(self._images), self._batch_size, replace=False)
        )
        self._compiled(tuple(map(tuple, active)))(
            tf.constant(self._images.images[rows]),
            tf.constant(self._images.labels[rows]),
        )

    def magnitudes(self, active: Sequence[Sequence[int]]) -> np.ndarray:
        """Returns each place's softmax over its active candidates.

        Returns:
            `(num_blocks, max_candidates)`, float64, 0 where not active.
        """
        parameters = self._parameters.numpy().astype(np.float64)
        scores = np.where(self._mask(active), np.exp(parameters), 0.0)
        mixing_weights: np.ndarray = scores / scores.sum(axis=1, keepdims=True)
        return mixing_weights

    def trained(self, active: Active) -> ArchitectureTrained:
        """Returns what the parameters of active candidates came to."""
        return ArchitectureTrained(
            losses=(),
            parameters=as_tuples(self._parameters.numpy().astype(np.float64)),
            probabilities=as_tuples(self.magnitudes(active)),
            left=active,
        )

    def _mask(self, active: Sequence[Sequence[int]]) -> np.ndarray:
        mask = np.zeros(tuple(self._parameters.shape), bool)
        for row, indices in zip(mask, active, strict=True):
            row[list(indices)] = True
        return mask

    def _compiled(self, active: Active) -> Callable[..., None]:
        """Returns the step of a space as it stands, traced once."""
        if active not in self._steps:
            mask = self._mask(active)

            @tf.function(reduce_retracing=True)
            def step(images: tf.Tensor, labels: tf.Tensor) -> None:
                with tf.GradientTape(watch_accessed_variables=False) as tape:
                    tape.watch(self._parameters)
                    mixing_weights = tf.nn.softmax(
                        tf.where(mask, self._parameters, -np.inf)
                    )
                    logits = self._supernet.mix(
                        of_any_batch(images), mixing_weights, active
                    )
                    loss = tf.reduce_mean(
                        tf.nn.sparse_softmax_cross_entropy_with_logits(
                            labels, logits
                        )
                    )
                gradient = tape.gradient(loss, self._parameters)
                self._move(tf.where(mask, gradient, 0.0), mask)

            self._steps[active] = step
        return self._steps[active]

    def _move(self, gradient: tf.Tensor, mask: np.ndarray) -> None:
        """Does a step of Adam; decay is part of the gradient."""
        gradient += tf.where(mask, _DECAY * self._parameters, 0.0)
        first, second = _BETAS
        self._count.assign_add(1.0)
        self._mean.assign(first * self._mean + (1 - first) * gradient)
        self._square.assign(second * self._square + (1 - second) * gradient**2)
        mean = self._mean / (1 - first**self._count)
        square = self._square / (1 - second**self._count)
        self._parameters.assign_sub(_RATE * mean / (tf.sqrt(square) + _EPSILON))
