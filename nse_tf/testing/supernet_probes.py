"""Inputs, genotypes and rows of weights that check laws of supernets."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from nse_tf.spaces import Genotype, SearchSpace
from nse_tf.spaces.open_branches import (
    INACTIVE,
    decisions,
    encode_genes,
    max_open,
)
from nse_tf.supernet import (
    OwnedRows,
    WeightSharing,
)

NUM_DRAWS = 3
BATCH_SIZE = 4

# The candidates that own a row: several where they nest.
Owners = frozenset[int]


class RowValues(NamedTuple):
    """Weights, momenta and statistics of variables, by their identities."""

    by_variable: dict[int, list[np.ndarray]]

    @classmethod
    def of(
        cls, owned: list[OwnedRows], momenta: dict[int, tf.Variable]
    ) -> "RowValues":
        """Returns the values as they stand, a row for each candidate's."""
        return cls(
            {
                id(each.variable): [
                    np.atleast_2d(value.numpy())
                    for value in (
                        each.variable,
                        momenta[id(each.variable)],
                        each.statistics,
                    )
                ]
                for each in each_once(owned)
            }
        )

    def moved(self, after: "RowValues", owned: OwnedRows) -> set[Owners]:
        """Returns who owns the rows that are not what they were."""
        of_weights = owners_of(owned)
        # Of weights, of their momenta, and of statistics.
        owners = [of_weights, of_weights, of_weights]
        if owned.shares_rows:
            owners[2] = {each: frozenset({each}) for each in owned.candidates}
        found = set()
        for old, new, by_row in zip(
            self.by_variable[id(owned.variable)],
            after.by_variable[id(owned.variable)],
            owners,
            strict=True,
        ):
            rows = list(by_row)
            differs = (old[rows] != new[rows]).any(axis=1)
            found |= {by_row[rows[i]] for i in np.flatnonzero(differs)}
        return found


def owned_by(supernet: WeightSharing) -> list[OwnedRows]:
    """Returns what all blocks own."""
    return [
        each
        for number, block in enumerate(supernet.blocks)
        for each in block.owned_rows(deciding(supernet.space, number))
    ]


def owners_of(owned: OwnedRows) -> dict[int, Owners]:
    """Returns the owners of each row that has some."""
    owners: dict[int, Owners] = {}
    for row, candidate in zip(owned.rows, owned.candidates, strict=True):
        owners[row] = owners.get(row, frozenset()) | {candidate}
    return owners


def closed_of(moved: set[Owners], opened: Iterable[int]) -> list[int]:
    """Returns the candidates of what moved though none of its owners is open.

    Args:
        moved: The owners of what moved.
        opened: The candidates that are open.
    """
    closed = [owners for owners in moved if owners.isdisjoint(opened)]
    return sorted(frozenset().union(*closed))


def each_once(owned: list[OwnedRows]) -> list[OwnedRows]:
    """Returns one of those that share a variable."""
    return list({id(each.variable): each for each in owned}.values())


def poison(owned: list[OwnedRows], open_branches: np.ndarray) -> None:
    """Makes the weights of all inactive candidates NaN."""
    for each in owned:
        values = each.variable.numpy()
        rows = values if values.ndim == 2 else values[np.newaxis]
        opened = open_branches[each.decision].tolist()
        for row, owners in owners_of(each).items():
            if owners.isdisjoint(opened):
                rows[row] = np.nan
        each.variable.assign(rows.reshape(values.shape))


def activate_scales(supernet: WeightSharing) -> None:
    """Makes all scales nonzero: fresh ones may be zero, and hide a branch.

    What follows on kernels is scales and offsets, or padding, which nothing
    reads.
    """
    trained = supernet.trainable_variables
    sizes = {
        id(trained[index]): of_rows
        for index, of_rows in supernet.row_kernel_sizes().items()
    }
    for owned in owned_by(supernet):
        values = owned.variable.numpy()
        rows = values if values.ndim == 2 else values[np.newaxis]
        for row in owners_of(owned):
            rows[row, sizes[id(owned.variable)][row] :] += 0.25
        owned.variable.assign(rows.reshape(values.shape))


def deciding(space: SearchSpace, block: int) -> list[int]:
    """Returns the rows of open branches that decide about a block."""
    found: list[int] = np.flatnonzero(decisions(space)[:, 1] == block).tolist()
    return found


def genotypes_of(supernet: WeightSharing) -> Iterator[Genotype]:
    """Yields a path, a genotype as open as allowed, and some between."""
    space, rng = supernet.space, np.random.default_rng(0)
    for number in range(NUM_DRAWS):
        yield space.genotype(
            [
                gene_of(space, index, number, rng)
                for index in range(len(space.blocks))
            ]
        )


def single_path_of(supernet: WeightSharing, seed: int) -> np.ndarray:
    """Returns a random candidate of each block that has some, as branches."""
    rng = np.random.default_rng(seed)
    genes = [
        rng.permutation(each)[:1].tolist() for each in supernet.space.active
    ]
    return encode_genes(supernet.space, genes)


def openings_of(supernet: WeightSharing) -> Iterator[np.ndarray]:
    """Yields open branches as `genotypes` does, each cell on its own."""
    space, rng = supernet.space, np.random.default_rng(1)
    blocks = decisions(space)[:, 1]
    for number in range(NUM_DRAWS):
        open_branches = np.full(
            (len(blocks), max_open(space)), INACTIVE, np.int32
        )
        for row, index in zip(open_branches, blocks, strict=True):
            gene = gene_of(space, index, number, rng)
            row[: len(gene)] = gene
        yield open_branches


def gene_of(
    space: SearchSpace, index: int, number: int, rng: np.random.Generator
) -> list[int]:
    """Returns what the draw of that number opens of a block."""
    block, indices = space.blocks[index], space.active[index]
    most = min(block.max_open, len(indices))
    between = int(rng.integers(block.min_open, most + 1))
    count = (min(1, most), most, between)[min(number, 2)]
    found: list[int] = rng.choice(indices, count, replace=False).tolist()
    return found


def statistics_of(supernet: WeightSharing) -> list[np.ndarray]:
    """Returns the values of what a supernet moves of its own."""
    return [each.numpy() for each in supernet.non_trainable_variables]


def images_of(space: SearchSpace) -> np.ndarray:
    """Returns noise, `(BATCH_SIZE, height, width, channels)` in 0..255."""
    skeleton = space.skeleton
    shape = (BATCH_SIZE, *skeleton.image_size, skeleton.image_channels)
    return np.random.default_rng(0).uniform(0, 255, shape).astype(np.float32)


def labels_of(space: SearchSpace) -> np.ndarray:
    """Returns class indices, `(BATCH_SIZE,)`."""
    return np.arange(BATCH_SIZE, dtype=np.int32) % space.skeleton.num_classes
