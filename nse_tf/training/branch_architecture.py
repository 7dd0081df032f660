"""Architecture parameters of multi-branch cells, by two subsets a step."""

from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from nse_tf.datasets import ImageSet
from nse_tf.jobs import CostPenalty, Genes
from nse_tf.supernet import BranchSupernet
from nse_tf.supernet.layers.batch_norm import MOMENTUM
from nse_tf.training.steps import of_any_batch

_EPSILON = 1e-8


class BranchArchitecture:
    """Holds architecture parameters and moves them on validation images.

    A step draws two subsets of every cell. The selected one computes; the loss
    would change by about its gradient times the difference of the two outputs
    if the other had. So the probability of the selected one, given that it is
    one of the two, gets a gradient, and through it the parameters.

    Args:
        supernet: Whose cells are drawn from.
        images: The validation part.
        batch_size: Images a step.
        rate: Adam's learning rate.
        betas: Adam's decay of means.
        penalties: On expected costs.
        other_moves_statistics: As of `ArchitectureRule`.

    References:
        Ci et al., NSE (2021), code of the search:
        https://arxiv.org/abs/2011.10904
    """

    def __init__(
        self,
        supernet: BranchSupernet,
        images: ImageSet,
        batch_size: int,
        *,
        rate: float = 5e-3,
        betas: tuple[float, float] = (0.0, 0.999),
        penalties: Sequence[CostPenalty] = (),
        other_moves_statistics: bool = True,
    ) -> None:
        space = supernet.space
        self._supernet, self._images = supernet, images
        self._batch_size = min(batch_size, len(images))
        self._shape = len(space.blocks), space.max_candidates
        self._rate, self._betas = rate, betas
        self._penalties = penalties
        self._op_costs = [
            np.array([_padded(row, self._shape[1]) for row in each.op_costs])
            for each in penalties
        ]
        self._other_rate = 1.0 - MOMENTUM if other_moves_statistics else 0.0
        self._parameters, self._mean, self._square = (
            tf.Variable(np.zeros(self._shape, np.float32)) for _ in range(3)
        )
        self._count = tf.Variable(np.float32(0))
        self._step = tf.function(self._one_step, reduce_retracing=True)

    @property
    def variables(self) -> list[tf.Variable]:
        """Parameters and the optimizer's state."""
        return [self._parameters, self._mean, self._square, self._count]

    @property
    def parameters(self) -> np.ndarray:
        """The parameters as they stand, `(num_blocks, max_candidates)`."""
        values: np.ndarray = self._parameters.numpy().astype(np.float64)
        return values

    def step(
        self,
        selected: Genes,
        others: Sequence[Sequence[int] | None],
        rng: np.random.Generator,
    ) -> tf.Tensor:
        """Moves the parameters once, on a random batch; returns the loss.

        Arguments are those of `update`, but for `rng`, which draws the batch.
        """
        rows = np.sort(
            rng.choice(len(self._images), self._batch_size, replace=False)
        )
        return self.update(
            self._images.images[rows],
            self._images.labels[rows],
            selected,
            others,
        )

    def update(
        self,
        images: np.ndarray,
        labels: np.ndarray,
        selected: Genes,
        others: Sequence[Sequence[int] | None],
    ) -> tf.Tensor:
        """Moves the parameters once; returns the loss with its penalties.

        Args:
            images: `(batch, height, width, channels)`, pixels in 0..255.
            labels: `(batch,)`.
            selected: The subset of each cell that computes.
            others: What each is held against; None where there is no other.
        """
        given = [() if gene is None else tuple(gene) for gene in others]
        # Where there is no other, the selected subset stands for it, so that
        # no parameter gets a gradient.
        pairs = [
            one if other is None else tuple(other)
            for one, other in zip(selected, others, strict=True)
        ]
        return self._step(
            tf.constant(images),
            tf.constant(labels),
            tf.constant(self._supernet.opened(selected)),
            tf.constant(self._supernet.opened(given)),
            tf.constant(self._marked(selected)),
            tf.constant(self._marked(pairs)),
            tf.constant([gene is not None for gene in others]),
        )

    def _marked(self, genes: Sequence[Sequence[int]]) -> np.ndarray:
        """Returns genes as ones and zeros `(num_blocks, max_candidates)`."""
        marked = np.zeros(self._shape, np.float32)
        for row, gene in zip(marked, genes, strict=True):
            row[list(gene)] = 1.0
        return marked

    @tf.autograph.experimental.do_not_convert
    def _one_step(
        self,
        images: tf.Tensor,
        labels: tf.Tensor,
        selected: tf.Tensor,
        others: tf.Tensor,
        selected_marks: tf.Tensor,
        other_marks: tf.Tensor,
        has_other: tf.Tensor,
    ) -> tf.Tensor:
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(self._parameters)
            mixing_weights = selected_weights(
                self._parameters, selected_marks, other_marks, has_other
            )
            logits = self._supernet.call_two(
                of_any_batch(images),
                selected,
                others,
                mixing_weights,
                unselected_rate=self._other_rate,
            )
            loss = tf.reduce_mean(
                tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
            )
            for penalty, op_costs in zip(
                self._penalties, self._op_costs, strict=True
            ):
                expected = penalty.backbone_cost + expected_cost(
                    mixing_weights, selected_marks, other_marks, op_costs
                )
                excess = expected - penalty.target
                loss += penalty.coefficient * excess**penalty.exponent
        self._move(tape.gradient(loss, self._parameters))
        return loss

    def _move(self, gradient: tf.Tensor) -> None:
        """Does a step of Adam."""
        first, second = self._betas
        self._count.assign_add(1.0)
        self._mean.assign(first * self._mean + (1 - first) * gradient)
        self._square.assign(second * self._square + (1 - second) * gradient**2)
        mean = self._mean / (1 - first**self._count)
        square = self._square / (1 - second**self._count)
        self._parameters.assign_sub(
            self._rate * mean / (tf.sqrt(square) + _EPSILON)
        )


def selected_weights(
    parameters: tf.Tensor,
    selected: tf.Tensor,
    others: tf.Tensor,
    has_other: tf.Tensor,
) -> tf.Tensor:
    """Returns each selected subset's probability, given one of the two.

    Args:
        parameters: `(num_blocks, max_candidates)`.
        selected: Ones where an op is open, of the same shape.
        others: The same of the other subset.
        has_other: Whether there is one; else the share is one, `(num_blocks,)`.
    """
    fitness_indicators = 0.999 * tf.sigmoid(parameters) + 5e-4
    odds = tf.math.log(fitness_indicators) - tf.math.log1p(-fitness_indicators)
    advantage = tf.reduce_sum((selected - others) * odds, axis=1)
    return tf.where(has_other, tf.sigmoid(advantage), 1.0)


def expected_cost(
    mixing_weights: tf.Tensor,
    selected: tf.Tensor,
    others: tf.Tensor,
    op_costs: np.ndarray,
) -> tf.Tensor:
    """Returns what the two subsets of all cells cost, by their shares.

    Args:
        mixing_weights: As of `selected_weights`.
        selected: As there.
        others: As there.
        op_costs: Of each op, `(num_blocks, max_candidates)`.
    """
    of_selected = tf.reduce_sum(selected * op_costs.astype(np.float32), axis=1)
    of_others = tf.reduce_sum(others * op_costs.astype(np.float32), axis=1)
    return tf.reduce_sum(
        mixing_weights * of_selected + (1.0 - mixing_weights) * of_others
    )


def _padded(row: Sequence[float], length: int) -> np.ndarray:
    return np.pad(np.array(row, np.float64), (0, length - len(row)))
