"""BranchSupernet: the weights of multi-branch cells, for some ops of each."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import tensorflow as tf

from nse_tf.spaces import BranchSkeleton, Genotype, SearchSpace
from nse_tf.spaces.open_branches import encode_genes
from nse_tf.supernet.chains.branch_choice import BranchChoice
from nse_tf.supernet.chains.branch_layers import BRANCH_PARTS
from nse_tf.supernet.chains.two_paths import ComparingChain
from nse_tf.supernet.layers.batch_norm import MOMENTUM
from nse_tf.supernet.protocols import Capability

# Equals no index, nor the padding of `open_branches`.
_NOBODY = -2


class BranchSupernet(ComparingChain):
    """The weight-sharing model of a space of multi-branch cells.

    It is called as a `ChainSupernet`. Only the active ops of a cell have
    weights: those of a whole pool seldom fit a memory, and no search trains
    them at once. A candidate that is not open costs a test of a flag, so the
    indices of `open_branches` become flags, once for all cells.

    Args:
        space: The space; its active candidates have their weights here.
        seed: Seed of the initial weights.

    Raises:
        ValueError: If the space is none of multi-branch cells.

    References:
        Ci et al., NSE (2021), code of the supernet:
        https://arxiv.org/abs/2011.10904
    """

    capabilities = ComparingChain.capabilities | {Capability.TWO_SUBSETS}
    limits: Mapping[Capability, str] = {
        Capability.MIXES: (
            "Multi-branch cells have fitness indicators, not a softmax that "
            "mixes candidates: score by angle or accuracy, or use --method=nse."
        )
    }

    def __init__(self, space: SearchSpace, seed: int = 0) -> None:
        space.require_skeleton(BranchSkeleton)
        blocks = space.as_chain().blocks
        active = dict(
            zip((block.name for block in blocks), space.active, strict=True)
        )
        super().__init__(
            space,
            seed,
            BRANCH_PARTS,
            lambda block, rng: BranchChoice(block, rng, active[block.name]),
        )
        width = max(1, *(len(indices) for indices in self.active))
        self._indices = np.full((len(blocks), 1, width), _NOBODY, np.int32)
        for row, indices in zip(self._indices, self.active, strict=True):
            row[0, : len(indices)] = indices

    @property
    def active(self) -> tuple[tuple[int, ...], ...]:
        """The candidates that there are weights for, cell by cell."""
        return tuple(block.candidates for block in self.blocks)

    def encode(self, genotype: Genotype) -> np.ndarray:
        """Returns a genotype as `open_branches`.

        Raises:
            ValueError: If the genotype is not of the space, or opens a
                candidate that has no weights here.
        """
        return self.encode_genes(self.space.require(genotype).genes)

    def encode_genes(self, genes: Sequence[Sequence[int]]) -> np.ndarray:
        """Returns `open_branches` of genes, which may be too few for a network.

        Raises:
            ValueError: If a candidate has no weights here.
        """
        for gene, active in zip(genes, self.active, strict=True):
            if not set(gene) <= set(active):
                raise ValueError(
                    f"There are weights for candidates {active} of a cell, not "
                    f"for {gene}."
                )
        return encode_genes(self.space, genes)

    def _flags(self, open_branches: tf.Tensor) -> tf.Tensor:
        """Returns whether each active candidate is open, block by block."""
        same = tf.expand_dims(open_branches, -1) == self._indices
        return tf.reduce_any(same, axis=1)

    def open_by_block(
        self, open_branches: tf.Tensor
    ) -> Callable[[int], tf.Tensor]:
        """Returns what gives each cell, by its number, its flags."""
        flags = self._flags(open_branches)
        return lambda number: flags[number, : len(self.active[number])]

    def row_kernel_sizes(self) -> dict[int, np.ndarray]:
        """Returns how long the kernels of rows are, by index of variable."""
        positions = self._positions
        return {
            positions[id(row)]: np.array([size])
            for block in self.blocks
            for row, size in zip(block.rows, block.kernel_sizes, strict=True)
        }

    def rows_open(self, open_branches: tf.Tensor) -> dict[int, tf.Tensor]:
        """Returns whether each row is open, by index of variable."""
        flags, positions = self._flags(open_branches), self._positions
        return {
            positions[id(row)]: flags[number, column]
            for number, block in enumerate(self.blocks)
            for column, row in enumerate(block.rows)
        }

    @property
    def _positions(self) -> dict[int, int]:
        return {
            id(variable): index
            for index, variable in enumerate(self.trainable_variables)
        }

    def call_two(
        self,
        images: tf.Tensor,
        selected: tf.Tensor,
        unselected: tf.Tensor,
        mixing_weights: tf.Tensor,
        rate: tf.Tensor | float = 1.0 - MOMENTUM,
        unselected_rate: tf.Tensor | float = 1.0 - MOMENTUM,
    ) -> tf.Tensor:
        """Returns logits of one of two subsets; see `TwoSubsetSupernet`."""
        return self.run_two(
            images,
            selected,
            unselected,
            mixing_weights,
            rate,
            unselected_rate,
        )
