"""Architecture parameters that learn by the rewards of whole networks."""

import numpy as np
import tensorflow as tf

from nse_tf.datasets import ImageSet
from nse_tf.jobs import ArchitectureRule, Genes
from nse_tf.spaces.open_branches import encode_genes
from nse_tf.supernet import WeightSharing
from nse_tf.training.gate_architecture import GateArchitecture
from nse_tf.training.steps import of_any_batch


class ReinforceArchitecture(GateArchitecture):
    """Draws networks, and makes those likelier that do better than the mean.

    A network opens one candidate of each block, drawn by the softmax of the
    block's parameters. Its reward is its accuracy on a batch of validation
    images, with the weights as they stand, times what its own cost makes of
    that (`reward_factor`). The parameters follow the gradient of the network's
    log-probability, times what its reward exceeds a baseline by. Networks only
    run forward, so that this serves every supernet.

    The baseline moves by the rewards of a step before these are compared with
    it, and begins as their mean. So the gradient expected of a step of `n`
    networks is that of the expected reward, but shorter: by `1 - 1/n` in the
    first step, by `1 - baseline_rate/n` in all others.

    Args:
        supernet: Whose candidates compete.
        images: The validation part.
        batch_size: Images a step.
        rule: The numbers of a step.
        seed: Seed of the first parameters.

    References:
        Cai et al., ProxylessNAS (2019), section 3.3.2, and its code:
        https://arxiv.org/abs/1812.00332. Where we differ: statistics of batch
        norm stay; a step has as many images as one of the weights, and there
        as many as a test has.
    """

    def __init__(
        self,
        supernet: WeightSharing,
        images: ImageSet,
        batch_size: int,
        rule: ArchitectureRule,
        seed: int,
    ) -> None:
        super().__init__(supernet, images, batch_size, rule, seed)
        self._num_networks = rule.networks_per_step
        self._baseline_rate = rule.baseline_rate
        # No number until there is a reward.
        self._baseline = tf.Variable(np.nan, dtype=tf.float64)

        @tf.function(reduce_retracing=True, autograph=False)
        def num_correct(
            images: tf.Tensor, labels: tf.Tensor, open_branches: tf.Tensor
        ) -> tf.Tensor:
            logits = supernet(
                of_any_batch(images), open_branches, training=True, rate=0.0
            )
            is_correct = tf.argmax(logits, 1, labels.dtype) == labels
            return tf.reduce_sum(tf.cast(is_correct, tf.int32))

        self._num_correct = num_correct

    @property
    def variables(self) -> list[tf.Variable]:
        """The parameters, the optimizer's state and the baseline."""
        return [*super().variables, self._baseline]

    def step(self, active: Genes, rng: np.random.Generator) -> tf.Tensor:
        """Moves the parameters once; returns the mean reward, negative."""
        paths = np.stack(
            [self.draw_path(active, rng) for _ in range(self._num_networks)]
        )
        images, labels = self._batch(rng)
        rewards = self.rewards(images, labels, paths)
        self.update(paths, rewards, active)
        return tf.constant(-rewards.mean(), tf.float32)

    def rewards(
        self, images: np.ndarray, labels: np.ndarray, paths: np.ndarray
    ) -> np.ndarray:
        """Returns the reward of each network.

        Args:
            images: `(batch, height, width, channels)`, pixels in 0..255.
            labels: `(batch,)`.
            paths: The open candidate of each block, `(num_networks,
                num_blocks)`.

        Returns:
            `(num_networks,)`, float64.
        """
        batch = tf.constant(images), tf.constant(labels)
        found: dict[tuple[int, ...], float] = {}
        for path in map(tuple, paths.tolist()):
            if path not in found:
                genes = [(index,) for index in path]
                open_branches = tf.constant(encode_genes(self._space, genes))
                count = self._num_correct(*batch, open_branches)
                found[path] = int(count) / len(labels) * self._factor(path)
        return np.array([found[tuple(path)] for path in paths.tolist()])

    def update(
        self, paths: np.ndarray, rewards: np.ndarray, active: Genes
    ) -> None:
        """Moves baseline and parameters once.

        Args:
            paths: The open candidate of each block, `(num_networks,
                num_blocks)`.
            rewards: What each network has earned, `(num_networks,)`.
            active: The candidates that could be drawn, block by block.
        """
        mean, before = float(rewards.mean()), float(self._baseline)
        first = np.isnan(before)
        baseline = (
            mean if first else before + self._baseline_rate * (mean - before)
        )
        self._baseline.assign(baseline)
        opened = np.stack([self._one_hot(path) for path in paths])
        by_network = opened - self.probabilities(active)
        excess = (rewards - baseline)[:, np.newaxis, np.newaxis]
        gradient = -(excess * by_network).mean(axis=0)
        is_choice = np.array([len(indices) > 1 for indices in active])
        self._adam.step(
            tf.constant(gradient, tf.float32),
            tf.constant(self._mask(active) & is_choice[:, np.newaxis]),
        )

    def _factor(self, path: tuple[int, ...]) -> float:
        """Returns what a network's costs make of its reward."""
        factor = 1.0
        for penalty, op_costs in self._penalties:
            chosen = op_costs[np.arange(len(path)), list(path)]
            cost = penalty.backbone_cost + chosen.sum()
            ratio = (penalty.target / cost) ** penalty.exponent
            factor *= penalty.coefficient * float(ratio)
        return factor
