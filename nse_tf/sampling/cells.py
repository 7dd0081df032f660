"""Uniform draws for cells, each cell and edge its own."""

import dataclasses
from collections.abc import Callable

import numpy as np

from nse_tf.spaces import SearchSpace, Zero
from nse_tf.spaces.open_branches import decisions

# Of a node with one edge and five ops, 1 draw of 5^64 would need more.
_MAX_DRAWS = 64

# Draws so many paths, `(count, num_blocks)`.
DrawPaths = Callable[[np.random.Generator, int], np.ndarray]


def draw_cells(
    space: SearchSpace,
    rng: np.random.Generator,
    num_cells: int,
    draw_paths: DrawPaths | None = None,
) -> np.ndarray:
    """Returns random paths of cells, int32 `(num_cells, num_blocks)`.

    Each cell draws its own op for each edge, and again while one of its nodes
    would receive nothing but `none`.

    Args:
        space: A space of cells. Where it has several kinds, a cell is drawn
            as each of them.
        rng: Draws.
        num_cells: How many cells to draw.
        draw_paths: Draws ops; None draws all with equal odds.

    Raises:
        ValueError: If a node may receive nothing but `none`.

    References:
        Hu et al., ABS (2020), code of the NAS-Bench-201 supernet:
        https://arxiv.org/abs/2004.13431
    """
    edges = space.as_cells().edges
    is_none = np.zeros((len(edges), space.max_candidates), bool)
    for row, edge in zip(is_none, edges, strict=True):
        row[: len(edge.candidates)] = [op == Zero() for op in edge.candidates]
    nodes = [(edge.kind, edge.target) for edge in edges]
    targets = np.array([nodes.index(node) for node in nodes])
    drawn = np.zeros((num_cells, len(edges)), np.int32)
    lacking = np.arange(num_cells)
    draw_paths = draw_paths or space.sample_paths
    for _ in range(_MAX_DRAWS):
        drawn[lacking] = draw_paths(rng, len(lacking))
        broken = is_none[np.arange(len(edges)), drawn]
        is_fed = [
            ~broken[:, targets == node].all(axis=1)
            for node in np.unique(targets)
        ]
        lacking = np.flatnonzero(~np.all(is_fed, axis=0))
        if not len(lacking):
            return drawn
    raise ValueError(
        f"A node of space {space.name!r} hears of nothing but 'none' in "
        f"{_MAX_DRAWS} draws: keep another op on one of its edges."
    )


@dataclasses.dataclass(frozen=True)
class CellSampler:
    """Draws each cell on its own, by its own kind; see `draw_cells`.

    Attributes:
        space: Whose active candidates to draw from; a space of cells.
    """

    space: SearchSpace

    def sample(self, rng: np.random.Generator) -> np.ndarray:
        """Returns a path of each cell as open branches.

        Raises:
            ValueError: If a node may receive nothing but `none`.
        """
        cells, blocks = decisions(self.space).T
        drawn = draw_cells(self.space, rng, cells.max() + 1)
        open_branches: np.ndarray = drawn[cells, blocks][:, np.newaxis]
        return open_branches
