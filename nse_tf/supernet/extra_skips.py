"""An extra skip beside the mixture of every edge."""

from collections.abc import Mapping
from typing import NamedTuple

import tensorflow as tf


class ExtraSkip(NamedTuple):
    """The extra skips of some cells.

    Attributes:
        share: What they count for, a float32 scalar.
        kernels: Those of the skips that halve, a row each; None where none do.
    """

    share: tf.Tensor
    kernels: tf.Tensor | None


class ExtraSkips(NamedTuple):
    """The extra skips of a network of cells, added to what edges mix.

    At a share of 0 they leave the mixture as it is.

    Attributes:
        share: What they count for, a float32 scalar.
        kernels: Those of the skips that halve, a row each, by the number of the
            layer of cells that they are in.

    References:
        Chu et al., DARTS- (2021): https://arxiv.org/abs/2009.01027
    """

    share: tf.Tensor
    kernels: Mapping[int, tf.Tensor]

    def at(self, number: int) -> ExtraSkip:
        """Returns those of the layer of cells with this number."""
        return ExtraSkip(self.share, self.kernels.get(number))
