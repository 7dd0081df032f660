"""Open branches: what a supernet computes, as an array of indices.

A row is a decision: what one choice block opens or, in a network of cells, what
one edge of one cell opens, since cells that share genes need not agree while
weights are trained.
"""

from collections.abc import Sequence

import numpy as np

from nse_tf.spaces.genotype import Genotype
from nse_tf.spaces.space import SearchSpace

INACTIVE = -1


def decisions(space: SearchSpace) -> np.ndarray:
    """Returns what each row of open branches decides.

    Returns:
        The cell and the index of the block, `(num_decisions, 2)`: cell by cell,
        and in a cell block by block. A chain counts as one cell.
    """
    return np.array(
        # By cell first, as supernets of cells reshape the rows; see
        # `PackedCells.by_cell`.
        sorted(
            (cell, index)
            for index, block in enumerate(space.blocks)
            for cell in block.cells
        )
    )


def max_open(space: SearchSpace) -> int:
    """Returns the most branches that any block may open."""
    return max(block.max_open for block in space.blocks)


def encode_genes(
    space: SearchSpace, genes: Sequence[Sequence[int]]
) -> np.ndarray:
    """Returns genes as open branches, unchecked; the same in all cells.

    Args:
        space: The space.
        genes: For each block the indices of its open candidates.

    Returns:
        Int32 `(num_decisions, max_open)`, padded by `INACTIVE`.
    """
    rows = np.full((len(genes), max_open(space)), INACTIVE, np.int32)
    for row, gene in zip(rows, genes, strict=True):
        row[: len(gene)] = gene
    encoded: np.ndarray = rows[decisions(space)[:, 1]]
    return encoded


def encode(space: SearchSpace, genotype: Genotype) -> np.ndarray:
    """Returns a genotype as open branches; see `encode_genes`.

    Raises:
        ValueError: If the genotype is not of the space.
    """
    return encode_genes(space, space.require(genotype).genes)
