"""Scores genotypes on the supernet, with inherited weights."""

import numpy as np
import tensorflow as tf

from nse_tf.datasets import ImageSet, epoch_batches
from nse_tf.spaces import Genotype
from nse_tf.supernet import Calibrator, Supernet, statistics_kept


class ChildEvaluator:
    """Tells the accuracy of children with inherited weights.

    Neither calibration nor evaluation is traced anew for another child.

    Args:
        supernet: Whose weights are inherited.
        calibration: Images that a child's batch norm is calibrated on.
        validation: Images that accuracy is told on.
        batch_size: Images a step.
        seed: Of the choice of calibration images.
    """

    def __init__(
        self,
        supernet: Supernet,
        calibration: ImageSet,
        validation: ImageSet,
        batch_size: int = 512,
        seed: int = 0,
    ) -> None:
        self._supernet = supernet
        self._calibrator = Calibrator(supernet)
        self._calibration = calibration
        self._batch_size = batch_size
        self._validation = validation
        order = np.random.default_rng(seed).permutation(len(calibration))
        self._calibration_order = order

        @tf.function(reduce_retracing=True)
        def count_correct(
            images: tf.Tensor, labels: tf.Tensor, slots: tf.Tensor
        ) -> tf.Tensor:
            predicted = tf.argmax(
                supernet(images, slots), axis=1, output_type=tf.int32
            )
            return tf.reduce_sum(tf.cast(predicted == labels, tf.int32))

        self._count_correct = count_correct

    def accuracies(
        self, genotypes: list[Genotype], calibration_images: int
    ) -> list[float]:
        """Returns the accuracy of each child; the supernet stays as it was.

        Args:
            genotypes: The children.
            calibration_images: How many images batch norm is calibrated on; 0
                takes the supernet's running statistics. No more than there are.

        Raises:
            ValueError: If a genotype is not of the supernet's space.
        """
        chosen = np.sort(self._calibration_order[:calibration_images])
        images = self._calibration.images[chosen]
        batches = [
            images[start : start + self._batch_size]
            for start in range(0, len(images), self._batch_size)
        ]
        with statistics_kept(self._supernet):
            found = []
            for genotype in genotypes:
                slots = self._supernet.slots_of(genotype)
                self._calibrator.calibrate(slots, batches)
                found.append(self._accuracy(slots))
        return found

    def _accuracy(self, slots: np.ndarray) -> float:
        batches = epoch_batches(
            self._validation,
            self._batch_size,
            seed=0,
            epoch=0,
            shuffle=False,
            drop_last=False,
        )
        num_correct = sum(
            int(self._count_correct(images, labels, slots))
            for images, labels in batches
        )
        return num_correct / len(self._validation)
