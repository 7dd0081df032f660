"""The sandwich rule: the largest network, the smallest, and some between."""

import dataclasses
import functools

import numpy as np

from nse_tf.costs import CostModel
from nse_tf.spaces import SearchSpace
from nse_tf.spaces.open_branches import encode_genes, max_open


@dataclasses.dataclass(frozen=True)
class SandwichSampler:
    """Draws the passes of a step: the largest path, the smallest, random ones.

    The largest has the candidate with the most MACs of each block, the smallest
    the one with the fewest. The largest comes first, so that it can teach the
    others.

    Attributes:
        space: Whose active candidates to draw from.
        num_random: Random paths of a step.

    Raises:
        ValueError: If a block may open several candidates.

    References:
        Yu and Huang, Universally Slimmable Networks (2019), section 3.2:
        https://arxiv.org/abs/1903.05134
    """

    space: SearchSpace
    num_random: int = 2

    def __post_init__(self) -> None:
        if max_open(self.space) > 1:
            raise ValueError(
                "`weights.rule` 'sandwich' opens one candidate of each choice "
                f"block, but space {self.space.name!r} opens several at once."
            )

    def sample(self, rng: np.random.Generator) -> np.ndarray:
        """Returns what the passes of a step open, the largest path first.

        Returns:
            Int32 `(2 + num_random, num_decisions, 1)`, see
            `spaces.open_branches`.
        """
        largest, smallest = self._ends
        between = [
            encode_genes(self.space, self.space.sample(rng).genes)
            for _ in range(self.num_random)
        ]
        return np.stack([largest, smallest, *between])

    @functools.cached_property
    def _ends(self) -> tuple[np.ndarray, np.ndarray]:
        """The largest path and the smallest."""
        smallest, largest = CostModel(self.space).extremes("macs")
        return (
            encode_genes(self.space, largest.genes),
            encode_genes(self.space, smallest.genes),
        )
