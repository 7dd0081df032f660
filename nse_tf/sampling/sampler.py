"""The Sampler protocol: the branches that a training step opens."""

from typing import Protocol

import numpy as np


class Sampler(Protocol):
    """Draws what to train next."""

    def sample(self, rng: np.random.Generator) -> np.ndarray:
        """Returns the branches that the next step opens.

        Args:
            rng: The only source of chance.

        Returns:
            Int32 `(num_decisions, max_open)`, see `spaces.open_branches`, or
            `(num_passes, num_decisions, max_open)` where a step has passes.
        """
