"""The angle of cells, from three sums for each op of each edge."""

import dataclasses
from collections.abc import Mapping

import numpy as np

from nse_tf.shrinking.angle import AngleSums
from nse_tf.shrinking.multiplicity import multiplicities
from nse_tf.shrinking.vectors import BackboneParts, pooling_sums
from nse_tf.spaces import Pool, SearchSpace, format_genotype

# In a vector of unit kernels, what stands for a pooling in a cell, and for the
# backbone beside each cell, has this squared length, and does not turn.
_POOLING_UNITS = 2.0
_BACKBONE_UNITS = 2.0


@dataclasses.dataclass(frozen=True)
class CellAngleSums(AngleSums):
    """The sums from which the angle of any child of a space of cells follows.

    An edge counts as often as unbroken paths lead through it, in all cells
    alike. So sums over cells are enough, and connectivity enters the angle.

    Attributes:
        candidates: `(num_blocks, max_candidates, 3)`, over the kernels of each
            candidate in all cells, pooling constants included.
        backbone: `(3,)`, over the weights of the backbone that count.
        space: The space.
    """

    space: SearchSpace

    @classmethod
    def of_weights(
        cls,
        space: SearchSpace,
        candidates: np.ndarray,
        backbone_by_weight: Mapping[str, np.ndarray],
        backbone: BackboneParts,
        *,
        counts_pooling: bool = True,
    ) -> "CellAngleSums":
        """Returns the sums by one of the published conventions, or another.

        Args:
            space: A space of cells.
            candidates: `(num_blocks, max_candidates, 3)`, over kernels alone.
            backbone_by_weight: The three sums of each weight of the backbone,
                by `layer/weight`.
            backbone: Which of them count, and how.
            counts_pooling: Whether pooling constants count, as published.

        Raises:
            ValueError: If the sums do not fit the space or are not finite,
                with the name of the edge.
        """
        sums = cls(candidates, backbone.sums(backbone_by_weight), space)
        sums.check(space)
        if not counts_pooling:
            return sums
        return dataclasses.replace(
            sums, candidates=candidates + pooling_sums(space)
        )

    @classmethod
    def of_unit_kernels(
        cls, space: SearchSpace, candidates: np.ndarray
    ) -> "CellAngleSums":
        """Returns the sums of vectors in which all kernels have length one.

        In the published vector a kernel counts by its norm, so that a few wide
        3×3 kernels outweigh all others, and a cell with many of them comes out
        high whatever they did. Here all kernels count alike, by how far they
        turned and nothing else. A pooling in a cell counts as two kernels that
        do not turn, the backbone as two for each cell. This is not in ABS: both
        twos were chosen on half of the cells of NAS-Bench-201; see
        docs/results/nb201_ranking.md.

        Args:
            space: A space of cells.
            candidates: `(num_blocks, max_candidates, 3)`: for each candidate,
                over its kernels in all cells, the sum of the cosines between
                base and present, and twice the number of kernels.

        Raises:
            ValueError: If the sums do not fit the space or are not finite,
                with the name of the edge.
        """
        num_cells = max(len(edge.cells) for edge in space.blocks)
        at_rest = np.zeros_like(candidates)
        for row, edge in zip(at_rest, space.blocks, strict=True):
            for candidate, op in enumerate(edge.candidates):
                if isinstance(op, Pool):
                    row[candidate] = _POOLING_UNITS * len(edge.cells)
        backbone = np.full(3, _BACKBONE_UNITS * num_cells)
        sums = cls(candidates, backbone, space)
        sums.check(space)
        return dataclasses.replace(sums, candidates=candidates + at_rest)

    def summed(self, paths: np.ndarray) -> np.ndarray:
        """Returns the three sums of whole children, `(count, 3)`."""
        times = multiplicities(self.space, paths)
        sums = np.tile(self.backbone, (len(paths), 1))
        for edge, column, n in zip(
            self.candidates, paths.T, times.T, strict=True
        ):
            # Algorithm 1 repeats a weight for each path that it lies on, and
            # sums over a concatenation add up.
            sums += n[:, None] * edge[column]
        return sums

    def _as_text(self, path: np.ndarray) -> str:
        return format_genotype(self.space, self.space.genotype(path.tolist()))
