"""Architecture parameters whose softmax mixes the outputs of all candidates."""

from collections.abc import Callable

import numpy as np
import tensorflow as tf

from nse_tf.datasets import ImageSet
from nse_tf.jobs import ArchitectureRule, Genes
from nse_tf.supernet import MixingSupernet
from nse_tf.training.architecture import ArchitectureTrainer, active_softmax
from nse_tf.training.curvature import dominant_eigenvalue
from nse_tf.training.steps import of_any_batch

Compiled = Callable[..., tf.Tensor]


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
        self._supernet, self._clip_norm = supernet, rule.clip_norm
        self._steps: dict[Genes, Compiled] = {}
        self._gradients: dict[Genes, Compiled] = {}

    def step(self, active: Genes, rng: np.random.Generator) -> tf.Tensor:
        """Moves the parameters of active candidates once; returns the loss."""
        images, labels = self._batch(rng)
        if active not in self._steps:
            self._steps[active] = self._new_step(active)
        return self._steps[active](tf.constant(images), tf.constant(labels))

    def probabilities(self, active: Genes) -> np.ndarray:
        """Returns each block's softmax over its active candidates.

        That is the magnitude of ABS.

        Returns:
            `(num_blocks, max_candidates)`, float64, 0 where not active.
        """
        return active_softmax(self.parameters, self._mask(active))

    def mixing_weights(
        self, active: Genes, parameters: tf.Tensor | None = None
    ) -> tf.Tensor:
        """Returns the factor of each candidate, `(num_blocks, candidates)`.

        Args:
            active: The candidates that are mixed, block by block.
            parameters: In place of those that are trained.
        """
        values = self._parameters if parameters is None else parameters
        return tf.nn.softmax(tf.where(self._mask(active), values, -np.inf))

    def sharpness(self, active: Genes, rng: np.random.Generator) -> float:
        """Returns the dominant eigenvalue of the loss's Hessian.

        That is its size; see `dominant_eigenvalue`.

        Args:
            active: The candidates that are mixed, block by block.
            rng: Draws the validation batch.
        """
        images, labels = map(tf.constant, self._batch(rng))
        if active not in self._gradients:
            self._gradients[active] = self._new_gradient(active)
        gradient_at, mask = self._gradients[active], self._mask(active)

        def gradient(values: np.ndarray) -> np.ndarray:
            parameters = np.zeros(self._shape, np.float32)
            parameters[mask] = values
            found = gradient_at(images, labels, tf.constant(parameters))
            active_part: np.ndarray = found.numpy()[mask]
            return active_part

        return dominant_eigenvalue(gradient, self.parameters[mask], rng)

    def _mixed(
        self, images: tf.Tensor, mixing_weights: tf.Tensor, active: Genes
    ) -> tf.Tensor:
        """Returns the logits of the mixture."""
        return self._supernet.mix(of_any_batch(images), mixing_weights, active)

    def _loss(
        self,
        images: tf.Tensor,
        labels: tf.Tensor,
        active: Genes,
        parameters: tf.Tensor | None = None,
    ) -> tf.Tensor:
        """Returns the loss of the mixture on validation images."""
        logits = self._mixed(
            images, self.mixing_weights(active, parameters), active
        )
        return mean_cross_entropy(labels, logits)

    def _step_loss(
        self, images: tf.Tensor, labels: tf.Tensor, active: Genes
    ) -> tf.Tensor:
        """Returns the loss that a step of the parameters lowers."""
        return self._loss(images, labels, active)

    def _move(self, gradient: tf.Tensor, active: Genes) -> None:
        """Moves the parameters of active candidates against a gradient."""
        mask = self._mask(active)
        gradient = tf.where(mask, gradient, 0.0)
        if self._clip_norm is not None:
            cut = tf.clip_by_norm(gradient, self._clip_norm)
            # One that is no number would make all others so, and hide its
            # block.
            is_sound = tf.reduce_all(tf.math.is_finite(cut))
            gradient = tf.where(is_sound, cut, gradient)
        self._adam.step(gradient, mask)

    def _new_step(self, active: Genes) -> Compiled:
        """Returns the step of a space as it stands, traced once."""

        @tf.function(reduce_retracing=True, autograph=False)
        def step(images: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
            with tf.GradientTape(watch_accessed_variables=False) as tape:
                tape.watch(self._parameters)
                loss = self._step_loss(images, labels, active)
            self._move(tape.gradient(loss, self._parameters), active)
            return loss

        found: Compiled = step
        return found

    def _new_gradient(self, active: Genes) -> Compiled:
        """Returns the gradient of the loss at any parameters, traced once."""

        @tf.function(reduce_retracing=True, autograph=False)
        def gradient(
            images: tf.Tensor, labels: tf.Tensor, parameters: tf.Tensor
        ) -> tf.Tensor:
            with tf.GradientTape(watch_accessed_variables=False) as tape:
                tape.watch(parameters)
                loss = self._loss(images, labels, active, parameters)
            return tape.gradient(loss, parameters)

        found: Compiled = gradient
        return found


def mean_cross_entropy(labels: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    """Returns the mean loss of images `(batch,)`, without label smoothing."""
    return tf.reduce_mean(
        tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
    )
