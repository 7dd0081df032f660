"""Uniform single path: every active candidate with equal odds (SPOS)."""

import dataclasses

import numpy as np

from nse_tf.spaces import SearchSpace
from nse_tf.spaces.open_branches import encode_genes


@dataclasses.dataclass(frozen=True)
class UniformSampler:
    """Opens one candidate of each block, all with equal odds.

    Cells that share genes are drawn alike; see `CellSampler` for the others.

    Attributes:
        space: Whose active candidates to draw from.

    References:
        Guo et al., Single Path One-Shot NAS (2019), section 3.2:
        https://arxiv.org/abs/1904.00420
    """

    space: SearchSpace

    def sample(self, rng: np.random.Generator) -> np.ndarray:
        """Returns a single path as open branches."""
        return encode_genes(self.space, self.space.sample(rng).genes)
