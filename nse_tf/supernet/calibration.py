"""Re-estimates batch-norm statistics for one child.

The running statistics of a supernet average over all its children and fit
none. Before a child is evaluated, its own are taken from training images.
"""

import contextlib
from collections.abc import Iterable, Iterator

import numpy as np
import tensorflow as tf

from nse_tf.supernet.protocols import WeightSharing


class Calibrator:
    """Gives one child at a time the statistics of given images.

    Args:
        supernet: Whose statistics to replace.
    """

    def __init__(self, supernet: WeightSharing) -> None:
        @tf.function(reduce_retracing=True, autograph=False)
        def run(
            images: tf.Tensor, open_branches: tf.Tensor, rate: tf.Tensor
        ) -> None:
            supernet(images, open_branches, training=True, rate=rate)

        self._run = run

    @property
    def num_traces(self) -> int:
        """How often calibration was traced so far."""
        return int(self._run.experimental_get_tracing_count())

    def calibrate(
        self, open_branches: np.ndarray, batches: Iterable[np.ndarray]
    ) -> None:
        """Replaces the statistics of a child's branches and of the backbone.

        They become the plain mean over the batches: the n-th batch enters with
        a rate of 1/n, so the first one wipes out whatever was there. Batches
        should be of about one size, since each counts the same; nothing is
        traced again for another child, and once at most for another size.

        Args:
            open_branches: The child, int32 `(num_decisions, max_open)`.
            batches: Images `(batch, height, width, channels)` in 0..255.
        """
        child = tf.constant(open_branches)
        for index, images in enumerate(batches):
            # A tensor, since every other Python number means another trace.
            self._run(images, child, tf.constant(1.0 / (index + 1)))


@contextlib.contextmanager
def statistics_kept(supernet: WeightSharing) -> Iterator[None]:
    """Puts all moving statistics back at the end, also after an error."""
    variables = supernet.non_trainable_variables
    kept = [variable.numpy() for variable in variables]
    try:
        yield
    finally:
        for variable, value in zip(variables, kept, strict=True):
            variable.assign(value)
