"""Architecture parameters that learn by the binary gates of candidates.

One candidate of each block is open, drawn by the softmax of the block's
parameters: its gate is one, all others are zero. Were the gates continuous, the
loss would have a gradient by each of them, that of the loss by the block's
output times what the candidate makes of its input. The softmax takes these
gradients for its own.
"""

import abc
from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from nse_tf.datasets import ImageSet
from nse_tf.jobs import ArchitectureRule, Genes
from nse_tf.spaces import Identity, SearchSpace, Zero
from nse_tf.spaces.open_branches import encode_genes
from nse_tf.supernet import MixingSupernet, TwoPathSupernet
from nse_tf.training.architecture import ArchitectureTrainer, active_softmax
from nse_tf.training.lazy_adam import LazyAdam
from nse_tf.training.penalties import cost_table, penalized
from nse_tf.training.steps import of_any_batch


class GateArchitecture(ArchitectureTrainer, abc.ABC):
    """Trains the softmax of each choice block by binary gates.

    A step moves neither weights nor statistics of batch norm. By gradients of
    gates, a block whose open candidate brings nothing to its output, as the
    identity beside a shortcut or an edge without connection, keeps its
    parameters in that step, whatever the penalty.

    Args:
        supernet: Whose candidates compete.
        images: The validation part.
        batch_size: Images a step.
        rule: The numbers of a step.
        seed: Seed of the first parameters.

    References:
        Cai et al., ProxylessNAS (2019), sections 3.2.1 and 3.3, and its code:
        https://arxiv.org/abs/1812.00332. There statistics of batch norm move
        in these steps, too.
    """

    OPTIMIZER = LazyAdam

    def __init__(
        self,
        supernet: Any,
        images: ImageSet,
        batch_size: int,
        rule: ArchitectureRule,
        seed: int,
    ) -> None:
        super().__init__(supernet.space, images, batch_size, rule, seed)
        self._space: SearchSpace = supernet.space
        self._is_nothing = _bring_nothing(self._space)
        self._penalties = [
            (each, cost_table(each, self._shape[1])) for each in rule.penalties
        ]

    def probabilities(self, active: Genes) -> np.ndarray:
        """Returns each block's softmax over its active candidates.

        Returns:
            `(num_blocks, max_candidates)`, float64, 0 where not active.
        """
        return active_softmax(self.parameters, self._mask(active))

    def draw_path(self, active: Genes, rng: np.random.Generator) -> np.ndarray:
        """Returns a candidate of each block, drawn by the softmax.

        Args:
            active: The candidates that are drawn from, block by block.
            rng: Draws them.

        Returns:
            Candidate indices, `(num_blocks,)`.
        """
        parameters = np.where(self._mask(active), self.parameters, -np.inf)
        # The largest sum with noise of Gumbel's distribution is drawn by the
        # softmax.
        path: np.ndarray = np.argmax(
            parameters + rng.gumbel(size=self._shape), axis=1
        )
        return path

    def _learns(self, opened: np.ndarray) -> np.ndarray:
        """Returns whether each block's open candidate brings anything."""
        learns: np.ndarray = ~self._is_nothing[np.arange(len(opened)), opened]
        return learns

    def _one_hot(self, path: np.ndarray) -> np.ndarray:
        return self._mask(tuple((index,) for index in path.tolist()))

    def _loss(
        self, labels: tf.Tensor, logits: tf.Tensor, mixing_weights: tf.Tensor
    ) -> tf.Tensor:
        """Returns the loss, without label smoothing, with its penalties."""
        loss = tf.reduce_mean(
            tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
        )
        for penalty, op_costs in self._penalties:
            expected = penalty.backbone_cost + tf.reduce_sum(
                mixing_weights * op_costs.astype(np.float32)
            )
            loss = penalized(loss, expected, penalty)
        return loss


class TwoGateArchitecture(GateArchitecture):
    """Draws a pair of candidates of each block, and opens one of the two.

    The pair shares one softmax, which the expected cost takes as well. After
    the step both parameters are shifted so that their share of the block's
    whole softmax, and with it that of each other candidate, stays.

    Args:
        supernet: Whose candidates compete.
        images: The validation part.
        batch_size: Images a step.
        rule: The numbers of a step.
        seed: Seed of the first parameters.
    """

    def __init__(
        self,
        supernet: TwoPathSupernet,
        images: ImageSet,
        batch_size: int,
        rule: ArchitectureRule,
        seed: int,
    ) -> None:
        super().__init__(supernet, images, batch_size, rule, seed)
        self._supernet = supernet
        self._step = tf.function(
            self._one_step, reduce_retracing=True, autograph=False
        )

    def step(self, active: Genes, rng: np.random.Generator) -> tf.Tensor:
        """Moves the parameters once; returns the loss with its penalties."""
        selected, others = self.draw_pairs(active, rng)
        images, labels = self._batch(rng)
        return self.update(images, labels, selected, others)

    def draw_pairs(
        self, active: Genes, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """Returns the open candidate of each block, and the other one.

        The two are drawn by the softmax, without replacement. Where only one
        candidate is active, it is both.

        Args:
            active: The candidates that are drawn from, block by block.
            rng: Draws them.

        Returns:
            Candidate indices, `(num_blocks,)` each.
        """
        parameters = np.where(self._mask(active), self.parameters, -np.inf)
        # The largest sums with noise of Gumbel's distribution are drawn by the
        # softmax, without replacement.
        order = np.argsort(-(parameters + rng.gumbel(size=self._shape)), axis=1)
        counts = np.array([len(indices) for indices in active])
        blocks = np.arange(len(counts))
        one, two = order[:, 0], order[blocks, np.where(counts > 1, 1, 0)]
        odds = parameters[blocks, one] - parameters[blocks, two]
        is_one = rng.random(len(counts)) < 1.0 / (1.0 + np.exp(-odds))
        return np.where(is_one, one, two), np.where(is_one, two, one)

    def update(
        self,
        images: np.ndarray,
        labels: np.ndarray,
        selected: np.ndarray,
        others: np.ndarray,
    ) -> tf.Tensor:
        """Moves the parameters once; returns the loss with its penalties.

        Args:
            images: `(batch, height, width, channels)`, pixels in 0..255.
            labels: `(batch,)`.
            selected: The open candidate of each block, `(num_blocks,)`.
            others: What it is held against; itself where there is no other.
        """
        return self._step(
            tf.constant(images),
            tf.constant(labels),
            tf.constant(self._encoded(selected)),
            tf.constant(self._encoded(others)),
            tf.constant(self._one_hot(selected)),
            tf.constant(self._one_hot(others)),
            tf.constant(self._learns(selected) & (selected != others)),
        )

    def _encoded(self, path: np.ndarray) -> np.ndarray:
        return encode_genes(self._space, [(index,) for index in path.tolist()])

    def _one_step(
        self,
        images: tf.Tensor,
        labels: tf.Tensor,
        selected: tf.Tensor,
        others: tf.Tensor,
        is_selected: tf.Tensor,
        is_other: tf.Tensor,
        learns: tf.Tensor,
    ) -> tf.Tensor:
        ones, twos = (
            tf.cast(is_selected, tf.float32),
            tf.cast(is_other, tf.float32),
        )
        pair = tf.logical_or(is_selected, is_other)
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(self._parameters)
            odds = tf.reduce_sum((ones - twos) * self._parameters, axis=1)
            share = tf.sigmoid(odds)
            share = tf.where(learns, share, tf.stop_gradient(share))
            logits = self._supernet.call_pair(
                of_any_batch(images), selected, others, share
            )
            share = share[:, tf.newaxis]
            loss = self._loss(
                labels, logits, share * ones + (1.0 - share) * twos
            )
        gradient = tape.gradient(loss, self._parameters)
        before = _log_sum(self._parameters, pair)
        used = tf.logical_and(pair, learns[:, tf.newaxis])
        self._adam.step(gradient, used)
        shift = _log_sum(self._parameters, pair) - before
        self._parameters.assign_sub(tf.where(used, shift[:, tf.newaxis], 0.0))
        return loss


class FullGateArchitecture(GateArchitecture):
    """Opens one candidate of each block, and holds it against all others.

    All active candidates run. Only the open one counts; what the others make
    of their inputs gives the gradients of their gates.

    Args:
        supernet: Whose candidates compete.
        images: The validation part.
        batch_size: Images a step.
        rule: The numbers of a step.
        seed: Seed of the first parameters.
    """

    def __init__(
        self,
        supernet: MixingSupernet,
        images: ImageSet,
        batch_size: int,
        rule: ArchitectureRule,
        seed: int,
    ) -> None:
        super().__init__(supernet, images, batch_size, rule, seed)
        self._supernet = supernet
        self._steps: dict[Genes, Callable[..., tf.Tensor]] = {}

    def step(self, active: Genes, rng: np.random.Generator) -> tf.Tensor:
        """Moves the parameters once; returns the loss with its penalties."""
        path = self.draw_path(active, rng)
        images, labels = self._batch(rng)
        return self.update(images, labels, path, active)

    def update(
        self,
        images: np.ndarray,
        labels: np.ndarray,
        path: np.ndarray,
        active: Genes,
    ) -> tf.Tensor:
        """Moves the parameters once; returns the loss with its penalties.

        Args:
            images: `(batch, height, width, channels)`, pixels in 0..255.
            labels: `(batch,)`.
            path: The open candidate of each block, `(num_blocks,)`.
            active: The candidates that it is held against, block by block.
        """
        is_choice = np.array([len(indices) > 1 for indices in active])
        return self._compiled(active)(
            tf.constant(images),
            tf.constant(labels),
            tf.constant(self._one_hot(path).astype(np.float32)),
            tf.constant(self._learns(path) & is_choice),
        )

    def _compiled(self, active: Genes) -> Callable[..., tf.Tensor]:
        """Returns the step of a space as it stands, traced once."""
        if active not in self._steps:
            mask = self._mask(active)

            @tf.function(reduce_retracing=True, autograph=False)
            def step(
                images: tf.Tensor,
                labels: tf.Tensor,
                opened: tf.Tensor,
                learns: tf.Tensor,
            ) -> tf.Tensor:
                learns = learns[:, tf.newaxis]
                with tf.GradientTape(watch_accessed_variables=False) as tape:
                    tape.watch(self._parameters)
                    shares = tf.nn.softmax(
                        tf.where(mask, self._parameters, -np.inf)
                    )
                    shares = tf.where(learns, shares, tf.stop_gradient(shares))
                    # Of value one and zero, with the gradient of the softmax.
                    gates = opened + (shares - tf.stop_gradient(shares))
                    logits = self._supernet.mix(
                        of_any_batch(images), gates, active
                    )
                    loss = self._loss(labels, logits, shares)
                gradient = tape.gradient(loss, self._parameters)
                self._adam.step(gradient, tf.logical_and(mask, learns))
                return loss

            self._steps[active] = step
        return self._steps[active]


def _bring_nothing(space: SearchSpace) -> np.ndarray:
    """Returns which candidates add nothing, `(num_blocks, max_candidates)`."""
    found = np.zeros((len(space.blocks), space.max_candidates), bool)
    for row, block in zip(found, space.blocks, strict=True):
        row[: len(block.candidates)] = [
            op in (Identity(), Zero()) for op in block.candidates
        ]
    return found


def _log_sum(parameters: tf.Tensor, pair: tf.Tensor) -> tf.Tensor:
    """Returns the logarithm of the sum of exponentials of each pair."""
    return tf.reduce_logsumexp(tf.where(pair, parameters, -np.inf), axis=1)
