"""Dropout after skip connections, as a function of a seed."""

from typing import NamedTuple

import tensorflow as tf


class SkipDropout(NamedTuple):
    """Zeroes elements of what skip connections pass on, at random.

    What is left is scaled up by as much as is lost on average. Nothing is
    stored: the same seed zeroes the same elements. At a rate of 0 the inputs
    come back to the bit.

    Attributes:
        rate: Share of the elements that are zeroed, a float32 scalar below 1.
        seed: int32, `(2,)`.

    References:
        Chen et al., P-DARTS (2019), section 3.3:
        https://arxiv.org/abs/1904.12760
    """

    rate: tf.Tensor
    seed: tf.Tensor

    def at(self, number: int) -> "SkipDropout":
        """Returns that of one part of a network, which draws by itself.

        Args:
            number: The part's number, among parts that draw by this seed.
        """
        # Named, since "auto_select" depends on the device.
        seed = tf.random.fold_in(self.seed, number, alg="philox")
        return self._replace(seed=seed)

    def applied(self, inputs: tf.Tensor) -> tf.Tensor:
        """Returns the inputs with elements zeroed, in the same shape."""
        draws = tf.random.stateless_uniform(
            tf.shape(inputs), self.seed, alg="philox"
        )
        return tf.where(draws < self.rate, 0.0, inputs / (1.0 - self.rate))
