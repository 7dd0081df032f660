"""Architecture parameters that compare two subsets of candidates a step."""

from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from nse_tf.datasets import ImageSet
from nse_tf.jobs import ArchitectureRule, Genes
from nse_tf.spaces.open_branches import encode_genes
from nse_tf.spaces.subsets import draw_two, fitness_indicators
from nse_tf.supernet import TwoSubsetSupernet
from nse_tf.supernet.layers.batch_norm import MOMENTUM
from nse_tf.training.architecture import ArchitectureTrainer
from nse_tf.training.penalties import cost_table, penalized
from nse_tf.training.steps import of_any_batch

Others = tuple[tuple[int, ...] | None, ...]


class SubsetArchitecture(ArchitectureTrainer):
    """Trains the probability of each candidate to be open.

    A step draws two subsets of every block. The selected one computes; the loss
    would change by about its gradient times the difference of the two outputs
    if the other had. So the probability of the selected one, given that it is
    one of the two, gets a gradient, and through it the parameters.

    Args:
        supernet: Whose candidates are drawn from.
        images: The validation part.
        batch_size: Images a step.
        rule: The numbers of a step.
        seed: Seed of the first parameters.

    References:
        Ci et al., NSE (2021), code of the search:
        https://arxiv.org/abs/2011.10904
    """

    def __init__(
        self,
        supernet: TwoSubsetSupernet,
        images: ImageSet,
        batch_size: int,
        rule: ArchitectureRule,
        seed: int,
    ) -> None:
        super().__init__(supernet.space, images, batch_size, rule, seed)
        self._supernet, self._space = supernet, supernet.space
        self._locked = rule.locked or ((),) * self._shape[0]
        self._locked_rate = rule.locked_rate
        self._penalties = rule.penalties
        self._op_costs = [
            cost_table(each, self._shape[1]) for each in rule.penalties
        ]
        # At a rate of 0 the subset that is only compared with leaves the
        # statistics as they are.
        self._other_rate = 1.0 - MOMENTUM if rule.other_moves_statistics else 0
        self._step = tf.function(
            self._one_step, reduce_retracing=True, autograph=False
        )

    def step(self, active: Genes, rng: np.random.Generator) -> tf.Tensor:
        """Moves the parameters once; returns the loss with its penalties."""
        selected, others = self.draw_subsets(active, rng)
        images, labels = self._batch(rng)
        return self.update(images, labels, selected, others)

    def probabilities(self, active: Genes) -> np.ndarray:
        """Returns the fitness indicators, the probabilities of being open.

        Returns:
            `(num_blocks, max_candidates)`, float64, 0 where not active.
        """
        indicators = fitness_indicators(self.parameters)
        return np.where(self._mask(active), indicators, 0.0)

    def draw_subsets(
        self, active: Genes, rng: np.random.Generator
    ) -> tuple[Genes, Others]:
        """Returns the selected subset of each block, and the other one.

        Sometimes the locked candidates, all together, are one of the two.

        Args:
            active: The candidates that are drawn from, block by block.
            rng: Draws them.
        """
        selected, others = draw_two(
            self._space.restrict(active),
            fitness_indicators(self.parameters),
            rng,
        )
        # Nothing is drawn at a rate of 0, so that the other draws stay the
        # same.
        if not self._locked_rate or rng.random() >= self._locked_rate:
            return selected, others
        comes_first = rng.random() < 0.5
        pairs = [
            (one, other)
            # The two must differ, or there is nothing to compare.
            if not locked or other is None or locked in (one, other)
            else ((locked, other) if comes_first else (one, locked))
            for one, other, locked in zip(
                selected, others, self._locked, strict=True
            )
        ]
        return tuple(one for one, _ in pairs), tuple(two for _, two in pairs)

    def update(
        self,
        images: np.ndarray,
        labels: np.ndarray,
        selected: Genes,
        others: Others,
    ) -> tf.Tensor:
        """Moves the parameters once; returns the loss with its penalties.

        Args:
            images: `(batch, height, width, channels)`, pixels in 0..255.
            labels: `(batch,)`.
            selected: The subset of each block that computes.
            others: What each is compared with; None where there is no other.
        """
        given = [gene or () for gene in others]
        # Where there is no other, the selected subset stands for it, so that
        # no parameter gets a gradient.
        pairs = [
            one if other is None else other
            for one, other in zip(selected, others, strict=True)
        ]
        return self._step(
            tf.constant(images),
            tf.constant(labels),
            tf.constant(encode_genes(self._space, selected)),
            tf.constant(encode_genes(self._space, given)),
            tf.constant(self._marked(selected)),
            tf.constant(self._marked(pairs)),
            tf.constant([gene is not None for gene in others]),
        )

    def _marked(self, genes: Sequence[Sequence[int]]) -> np.ndarray:
        """Returns genes as ones and zeros `(num_blocks, max_candidates)`."""
        return self._mask(tuple(map(tuple, genes))).astype(np.float32)

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
        # The weights never move on validation images.
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
                loss = penalized(loss, expected, penalty)
        self._adam.step(tape.gradient(loss, self._parameters))
        return loss


def selected_weights(
    parameters: tf.Tensor,
    selected: tf.Tensor,
    others: tf.Tensor,
    has_other: tf.Tensor,
) -> tf.Tensor:
    """Returns each selected subset's probability, given one of the two.

    Args:
        parameters: `(num_blocks, max_candidates)`.
        selected: Ones where a candidate is open, in the same shape.
        others: The same for the other subset.
        has_other: Whether there is one, else the probability is one;
            `(num_blocks,)`.
    """
    indicators = 0.999 * tf.sigmoid(parameters) + 5e-4
    odds = tf.math.log(indicators) - tf.math.log1p(-indicators)
    # P(s) / (P(s) + P(u)) is the sigmoid of the difference of logarithms, in
    # which candidates that are open in both, or in neither, cancel.
    advantage = tf.reduce_sum((selected - others) * odds, axis=1)
    return tf.where(has_other, tf.sigmoid(advantage), 1.0)


def expected_cost(
    mixing_weights: tf.Tensor,
    selected: tf.Tensor,
    others: tf.Tensor,
    op_costs: np.ndarray,
) -> tf.Tensor:
    """Returns what the two subsets of all blocks cost, by their probability.

    Args:
        mixing_weights: Probability of each selected subset; see
            `selected_weights`.
        selected: Ones where a candidate is open, `(num_blocks,
            max_candidates)`.
        others: The same for the other subset.
        op_costs: Cost of each candidate, in the same shape.
    """
    costs = op_costs.astype(np.float32)
    of_selected = tf.reduce_sum(selected * costs, axis=1)
    of_others = tf.reduce_sum(others * costs, axis=1)
    return tf.reduce_sum(
        mixing_weights * of_selected + (1.0 - mixing_weights) * of_others
    )
