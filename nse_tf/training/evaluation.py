"""Scores genotypes on the supernet, with inherited weights."""

from collections.abc import Iterator

import keras
import numpy as np
import tensorflow as tf

from nse_tf.classification import objective_value
from nse_tf.datasets import ImageSet, epoch_batches
from nse_tf.spaces import Genotype
from nse_tf.supernet import (
    Calibrator,
    WeightSharing,
    statistics_kept,
)
from nse_tf.training.prefix_evaluator import PrefixEvaluator, depth_within


class ChildEvaluator:
    """Tells the accuracy of children with inherited weights.

    Children that begin alike share the work of their first blocks, bit-exact
    as if each were evaluated alone; see `PrefixEvaluator`. Nothing is traced
    anew for another child.

    Args:
        supernet: Whose weights are inherited.
        calibration: Images that a child's batch norm is calibrated on.
        validation: Images that accuracy is told on.
        batch_size: Images a step.
        seed: Seed of the choice of calibration images.
        most_bytes: What the shared work of children may take of memory.
    """

    def __init__(
        self,
        supernet: WeightSharing,
        calibration: ImageSet,
        validation: ImageSet,
        batch_size: int = 512,
        seed: int = 0,
        most_bytes: int = 2**29,
    ) -> None:
        self.supernet = supernet
        self._calibrator = Calibrator(supernet)
        self._calibration = calibration
        self._batch_size = batch_size
        self._validation = validation
        order = np.random.default_rng(seed).permutation(len(calibration))
        self._calibration_order = order
        self._most_bytes = most_bytes
        self._evaluators: dict[int, PrefixEvaluator] = {}

        @tf.function(reduce_retracing=True, autograph=False)
        def summed_loss(
            images: tf.Tensor, labels: tf.Tensor, open_branches: tf.Tensor
        ) -> tf.Tensor:
            logits = supernet(images, open_branches, training=True, rate=0.0)
            return tf.reduce_sum(
                tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
            )

        self._summed_loss = summed_loss

    @property
    def num_traces(self) -> int:
        """How often calibration and evaluation were traced so far."""
        return (
            self._calibrator.num_traces
            + int(self._summed_loss.experimental_get_tracing_count())
            + sum(evaluate.num_traces for evaluate in self._evaluators.values())
        )

    def accuracies(
        self,
        genotypes: list[Genotype],
        calibration_images: int,
        objective: str = "accuracy",
    ) -> list[float]:
        """Returns the accuracy of each child; the supernet stays as it was.

        Args:
            genotypes: The children.
            calibration_images: How many images batch norm is calibrated on; 0
                takes the supernet's running statistics. No more than there are.
            objective: What is returned instead of the accuracy; a name of
                `classification.OBJECTIVES`.

        Raises:
            ValueError: If a genotype is not of the supernet's space.
        """
        children = [self.supernet.encode(each) for each in genotypes]
        evaluate = self._evaluate(calibration_images)
        images = (
            lambda: self._calibration_batches(calibration_images),
            self._validation_batches,
        )
        with statistics_kept(self.supernet):
            if objective == "accuracy":  # Counted without leaving the graph.
                found = evaluate.num_correct(children, *images)
                return [count / len(self._validation) for count in found]
            return [
                objective_value(objective, logits, self._validation.labels)
                for logits in evaluate.logits(children, *images)
            ]

    def losses(self, genotypes: list[Genotype], num_images: int) -> list[float]:
        """Returns the mean cross entropy of each child, as if in training.

        Batch norm takes the statistics of the very images that it is told on,
        which are the first of the validation part; so there is nothing to
        calibrate, and children of a young supernet are told apart by fewer
        images than by their accuracy. The supernet stays as it was.

        Args:
            genotypes: The children.
            num_images: How many images; no more than there are.

        Raises:
            ValueError: If a genotype is not of the supernet's space.
        """
        rows = np.arange(min(num_images, len(self._validation)))
        parts = np.array_split(rows, -(-len(rows) // self._batch_size))
        batches = [
            (
                tf.constant(self._validation.images[part]),
                tf.constant(self._validation.labels[part]),
            )
            for part in parts
        ]
        found = []
        with statistics_kept(self.supernet):
            for genotype in genotypes:
                open_branches = tf.constant(self.supernet.encode(genotype))
                total = sum(
                    float(self._summed_loss(images, labels, open_branches))
                    for images, labels in batches
                )
                found.append(total / len(rows))
        return found

    def child(self, genotype: Genotype, calibration_images: int) -> keras.Model:
        """Returns a child as evaluated, of stock layers; see `accuracies`.

        Raises:
            ValueError: If the genotype is not of the supernet's space.
        """
        with statistics_kept(self.supernet):
            self._calibrator.calibrate(
                self.supernet.encode(genotype),
                self._calibration_batches(calibration_images),
            )
            return self.supernet.cut_out(genotype, fast=False)

    def _evaluate(self, calibration_images: int) -> PrefixEvaluator:
        """Returns what evaluates, with as much shared as memory allows."""
        chosen = self._calibration_order[:calibration_images]
        depth = depth_within(
            self.supernet,
            len(chosen) + len(self._validation),
            self._most_bytes,
        )
        if depth not in self._evaluators:
            self._evaluators[depth] = PrefixEvaluator(self.supernet, depth)
        return self._evaluators[depth]

    def _calibration_batches(self, num_images: int) -> Iterator[np.ndarray]:
        chosen = self._calibration_order[:num_images]
        return even_batches(self._calibration, chosen, self._batch_size)

    def _validation_batches(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        return epoch_batches(
            self._validation,
            self._batch_size,
            seed=0,
            epoch=0,
            shuffle=False,
            drop_last=False,
        )


def even_batches(
    images: ImageSet, rows: np.ndarray, batch_size: int
) -> Iterator[np.ndarray]:
    """Yields the images of these rows in batches that differ by one at most.

    Calibration counts each batch the same, so that a small remainder would
    weigh too much. Rows in random order make batches that are alike, also where
    images lie sorted by class.

    Args:
        images: Where from.
        rows: Which, in random order.
        batch_size: The most images of a batch.
    """
    num_batches = -(-len(rows) // batch_size)
    for batch in range(num_batches):
        yield images.images[np.sort(rows[batch::num_batches])]
