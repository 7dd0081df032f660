"""Children cut out of the supernet in a run's folder."""

import pathlib
from typing import Any

import keras

from nse_tf.datasets import as_image_set
from nse_tf.spaces import Genotype
from nse_tf.supernet import Networks
from nse_tf.training import ChildEvaluator
from nse_tf.training.shared_weights import load_supernet


class Inheritance:
    """The trained weights of a run, and the calibration of its children.

    Args:
        networks: Makes the networks of the run's space.
        folder: The run's folder.
        calibration_images: How many training images calibrate a child.

    Raises:
        ValueError: See `load_supernet`.
    """

    def __init__(
        self, networks: Networks, folder: pathlib.Path, calibration_images: int
    ) -> None:
        self._networks = networks
        self._calibration_images = calibration_images
        self._supernet = load_supernet(networks, folder)
        self._evaluator: ChildEvaluator | None = None

    def child(self, genotype: Genotype) -> keras.Model:
        """Returns a child of stock layers with the weights it inherits."""
        return self._supernet.cut_out(genotype, fast=False)

    def calibrate(
        self,
        model: keras.Model,
        genotype: Genotype,
        x: Any = None,
        y: Any = None,
        **fit: Any,
    ) -> None:
        """Gives a child the batch-norm statistics of training images.

        Args:
            model: The child, as `child` returned it.
            genotype: Its genotype.
            x: See `keras.Model.fit`; the same images in every trial.
            y: See `keras.Model.fit`.
            **fit: Ignored.

        Raises:
            ValueError: If the images are none; see `as_image_set`.
        """
        del fit
        if self._evaluator is None:
            images = as_image_set(x if y is None else (x, y))
            self._evaluator = ChildEvaluator(self._supernet, images, images)
        calibrated = self._evaluator.child(genotype, self._calibration_images)
        model.set_weights(calibrated.get_weights())
