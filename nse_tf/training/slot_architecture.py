"""Architecture parameters of slots, from job to job."""

import dataclasses

import numpy as np
import tensorflow as tf

from nse_tf.datasets import ImageSet
from nse_tf.jobs import ArchitectureRule, CostPenalty, Genes
from nse_tf.supernet import SeatingSupernet
from nse_tf.training.lazy_sgd import LazySGD
from nse_tf.training.mixture_architecture import (
    Compiled,
    MixtureArchitecture,
    mean_cross_entropy,
)
from nse_tf.training.penalties import cost_table, penalized
from nse_tf.training.recipes import SupernetRecipe
from nse_tf.training.steps import TrainingStep, of_any_batch
from nse_tf.training.supernet_step import seated_step

# Seeds which images are measured on; the same for all jobs.
_MEASURING_SEED = 3


class SlotArchitecture(MixtureArchitecture):
    """Trains the shares of the cells in slots, before each step of the weights.

    The weights are trained through the mixture, too. What cells cost is a
    variable, as cells in slots are, so that a job of other cells can have this
    object again, with its traces; see `start_over`.

    Args:
        supernet: Whose slots are mixed.
        images: The validation part.
        rule: The numbers of a step.
        optimizer: That of the weights.
        recipe: How the weights are trained.

    References:
        Zhou et al., AutoSpace (2021), abstract:
        https://arxiv.org/abs/2103.11833, whose parameters move "by gradient
        back-propagation". That they move as DARTS's of first order do, and the
        form of the penalty, are our reading.
    """

    is_beside = False
    comes_first = True
    _supernet: SeatingSupernet

    def __init__(
        self,
        supernet: SeatingSupernet,
        images: ImageSet,
        rule: ArchitectureRule,
        *,
        optimizer: LazySGD,
        recipe: SupernetRecipe,
    ) -> None:
        super().__init__(supernet, images, recipe.batch_size, rule, seed=0)
        self._optimizer, self._recipe = optimizer, recipe
        self._identity = without_costs(rule), images
        self._loss_images = rule.loss_images
        self._distance_images = rule.distance_images
        self._op_costs = [
            tf.Variable(self._costs(each), trainable=False)
            for each in rule.penalties
        ]
        self._penalties = rule.penalties
        self._weight_steps: dict[Genes, TrainingStep] = {}
        self._losses: dict[Genes, Compiled] = {}
        self._distances: dict[Genes, Compiled] = {}

    def _costs(self, penalty: CostPenalty) -> np.ndarray:
        return cost_table(penalty, self._shape[1]).astype(np.float32)

    def serves(self, rule: ArchitectureRule, images: ImageSet) -> bool:
        """Whether another job can have this object, once it started over."""
        own_rule, own_images = self._identity
        return own_images is images and own_rule == without_costs(rule)

    def start_over(self, rule: ArchitectureRule, seed: int) -> None:
        """Forgets what was learned, and takes the costs of other cells.

        Args:
            rule: Differs from the present one in these costs at most.
            seed: Seed of the first parameters.
        """
        self._parameters.assign(self._first(rule, seed))
        for variable in self._adam.variables:
            variable.assign(tf.zeros_like(variable))
        for variable, penalty in zip(
            self._op_costs, rule.penalties, strict=True
        ):
            variable.assign(self._costs(penalty))

    def step_of_weights(self, active: Genes) -> TrainingStep:
        """Returns the update of all slots at once, mixed; traced once."""
        if active not in self._weight_steps:
            self._weight_steps[active] = seated_step(
                self._supernet,
                self._recipe,
                self._optimizer,
                self.mixing_weights,
                active,
            )
        return self._weight_steps[active]

    def _step_loss(
        self, images: tf.Tensor, labels: tf.Tensor, active: Genes
    ) -> tf.Tensor:
        """Returns the loss with penalties, which a step lowers."""
        return self._penalized(
            images, labels, self.mixing_weights(active), active
        )

    def _penalized(
        self,
        images: tf.Tensor,
        labels: tf.Tensor,
        shares: tf.Tensor,
        active: Genes,
    ) -> tf.Tensor:
        logits = self._supernet.mix(of_any_batch(images), shares, active)
        loss = mean_cross_entropy(labels, logits)
        for penalty, op_costs in zip(
            self._penalties, self._op_costs, strict=True
        ):
            expected = penalty.backbone_cost + tf.reduce_sum(shares * op_costs)
            loss = penalized(loss, expected, penalty)
        return loss

    def candidate_losses(self, active: Genes) -> np.ndarray:
        """Returns the loss of each slot alone in its block, penalties added.

        All other blocks are mixed as the parameters say. The images are the
        same for all slots, and normalized by their batch. Nothing where no
        images are asked for.

        Args:
            active: The slots that are mixed, block by block.

        Returns:
            `(num_blocks, max_candidates)`, 0 where not active.
        """
        if not self._loss_images:
            return np.zeros((0, 0))
        batches = self._measuring_batches(self._loss_images)
        shares = self.mixing_weights(active).numpy()
        losses = np.zeros(self._shape)
        loss_of = self._loss_at(active)
        for block, slots in enumerate(active):
            for slot in slots:
                alone = shares.copy()
                alone[block] = 0.0
                alone[block, slot] = 1.0
                losses[block, slot] = np.mean(
                    [float(loss_of(*each, alone)) for each in batches]
                )
        return losses

    def candidate_distances(self, active: Genes) -> np.ndarray:
        """Returns how far each slot's outputs are from those of the last one.

        Blocks are mixed as the parameters say. The images are the same for all
        slots, and normalized by their batch. Nothing where no images are asked
        for.

        Args:
            active: The slots that are mixed, block by block.

        Returns:
            `(num_blocks, max_candidates)`, 0 where not active.
        """
        if not self._distance_images:
            return np.zeros((0, 0))
        shares = self.mixing_weights(active)
        distances_at = self._distances_at(active)
        by_batch = [
            distances_at(images, shares).numpy()
            for images, _ in self._measuring_batches(self._distance_images)
        ]
        return np.asarray(np.mean(by_batch, axis=0, dtype=np.float64))

    def _measuring_batches(
        self, num_images: int
    ) -> list[tuple[tf.Tensor, tf.Tensor]]:
        """Returns images and labels in batches of equal size."""
        size, total = self._batch_size, len(self._images)
        order = np.random.default_rng(_MEASURING_SEED).permutation(total)
        count = max(1, min(num_images, total) // size)
        return [
            (tf.constant(self._images.images[rows]),
             tf.constant(self._images.labels[rows]))
            for rows in (
                np.sort(order[number * size : (number + 1) * size])
                for number in range(count)
            )
        ]  # fmt: skip

    def _loss_at(self, active: Genes) -> Compiled:
        """Returns the loss by shares, traced once."""
        if active not in self._losses:

            @tf.function(reduce_retracing=True, autograph=False)
            def loss(
                images: tf.Tensor, labels: tf.Tensor, shares: tf.Tensor
            ) -> tf.Tensor:
                return self._penalized(images, labels, shares, active)

            self._losses[active] = loss
        return self._losses[active]

    def _distances_at(self, active: Genes) -> Compiled:
        """Returns the distances by shares, traced once."""
        if active not in self._distances:

            @tf.function(reduce_retracing=True, autograph=False)
            def distances(images: tf.Tensor, shares: tf.Tensor) -> tf.Tensor:
                return self._supernet.slot_distances(
                    of_any_batch(images), shares, active
                )

            self._distances[active] = distances
        return self._distances[active]


def without_costs(rule: ArchitectureRule) -> ArchitectureRule:
    """Returns a rule without what depends on the cells in slots."""
    return dataclasses.replace(
        rule,
        penalties=tuple(
            dataclasses.replace(each, op_costs=()) for each in rule.penalties
        ),
    )
