"""Architecture parameters whose softmax mixes the outputs of all candidates."""

from collections.abc import Callable

import numpy as np
import tensorflow as tf

from nse_tf.datasets import ImageSet
from nse_tf.jobs import ArchitectureRule, Genes
from nse_tf.supernet import MixingSupernet
from nse_tf.training.architecture import ArchitectureTrainer, active_softmax
from nse_tf.training.steps import of_any_batch


class MixtureArchitecture(ArchitectureTrainer):
    """Trains the softmax of each choice block, beside the weights.

    The softmax of a block's parameters mixes the outputs of its candidates.
    Weights are trained on single paths as ever, so what the parameters learn
    does not reach them.

    Args:
        supernet: Whose candidates are mixed.
        images: The validation part.
        batch_size: Images a step.
        rule: The numbers of a step.
        seed: Seed of the first parameters.

    References:
        Liu et al., DARTS (2019), first order: https://arxiv.org/abs/1806.09055;
        Adam's numbers and the mixture beside single paths are those of ABS's
        magnitude score: https://arxiv.org/abs/2004.13431
    """

    is_beside = True

    def __init__(
        self,
        supernet: MixingSupernet,
        images: ImageSet,
        batch_size: int,
        rule: ArchitectureRule,
        seed: int,
    ) -> None:
        super().__init__(supernet.space, images, batch_size, rule, seed)
        self._supernet = supernet
        self._steps: dict[Genes, Callable[..., tf.Tensor]] = {}

    def step(self, active: Genes, rng: np.random.Generator) -> tf.Tensor:
        """Moves the parameters of active candidates once; returns the loss."""
        images, labels = self._batch(rng)
        return self._compiled(active)(tf.constant(images), tf.constant(labels))

    def probabilities(self, active: Genes) -> np.ndarray:
        """Returns each block's softmax over its active candidates.

        That is the magnitude of ABS.

        Returns:
            `(num_blocks, max_candidates)`, float64, 0 where not active.
        """
        return active_softmax(self.parameters, self._mask(active))

    def _compiled(self, active: Genes) -> Callable[..., tf.Tensor]:
        """Returns the step of a space as it stands, traced once."""
        if active not in self._steps:
            mask = self._mask(active)

            @tf.function(reduce_retracing=True)
            def step(images: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
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
                self._adam.step(tf.where(mask, gradient, 0.0), mask)
                return loss

            self._steps[active] = step
        return self._steps[active]
