"""Single paths that are drawn by the mixing weights of candidates."""

import dataclasses

import numpy as np

from nse_tf.sampling.cells import draw_cells
from nse_tf.spaces import SearchSpace
from nse_tf.spaces.open_branches import decisions, encode_genes


@dataclasses.dataclass(frozen=True, eq=False)
class WeightedSampler:
    """Opens one candidate of each block, with the odds of its mixing weight.

    Each cell of a cell network draws its own; see `draw_cells`.

    Attributes:
        space: Whose active candidates to draw from.
        mixing_weights: Odds of each candidate, `(num_blocks, max_candidates)`,
            zero where it is not active; some of each block are positive.

    References:
        Cai et al., ProxylessNAS (2019), section 3.2:
        https://arxiv.org/abs/1812.00332
    """

    space: SearchSpace
    mixing_weights: np.ndarray

    def draw_paths(self, rng: np.random.Generator, count: int) -> np.ndarray:
        """Returns drawn paths `(count, num_blocks)`."""
        # The first candidate at which the sum exceeds the number drawn.
        sums = np.cumsum(self.mixing_weights, axis=1)
        drawn = rng.random((count, len(sums))) * sums[:, -1]
        paths = (sums <= drawn[:, :, np.newaxis]).sum(axis=2)
        # Rounding may draw the sum itself.
        last = [indices[-1] for indices in self.space.active]
        found: np.ndarray = np.minimum(paths, last)
        return found

    def sample(self, rng: np.random.Generator) -> np.ndarray:
        """Returns a path, in cells one of each cell, as open branches.

        Raises:
            ValueError: If a node may receive nothing but `none`.
        """
        if self.space.skeleton.cell_kinds:
            cells, blocks = decisions(self.space).T
            drawn = draw_cells(
                self.space, rng, cells.max() + 1, self.draw_paths
            )
            opened: np.ndarray = drawn[cells, blocks][:, np.newaxis]
            return opened
        (path,) = self.draw_paths(rng, 1).tolist()
        return encode_genes(self.space, [(index,) for index in path])
