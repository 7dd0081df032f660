"""Uniform single path: every active candidate with equal odds (SPOS)."""

import dataclasses

import numpy as np

from nse_tf.spaces import Genotype, SearchSpace


@dataclasses.dataclass(frozen=True)
class UniformSampler:
    """Opens one candidate at each place, all with equal odds.

    Attributes:
        space: Whose active candidates to draw from.

    References:
        Guo et al., Single Path One-Shot NAS (2019), section 3.2:
        https://arxiv.org/abs/1904.00420
    """

    space: SearchSpace

    def sample(self, rng: np.random.Generator) -> Genotype:
        """Returns a single path."""
        return self.space.sample(rng)
