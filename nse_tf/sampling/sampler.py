"""The Sampler protocol: what a training step is told to open."""

from typing import Protocol

import numpy as np

from nse_tf.spaces import Genotype


class Sampler(Protocol):
    """Draws what to train next."""

    def sample(self, rng: np.random.Generator) -> Genotype:
        """Returns the branches that the next step opens."""
