"""Inputs, genotypes and rows of weights that check laws of supernets."""

from collections.abc import Iterator
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

    def moved(self, after: "RowValues", owned: OwnedRows) -> set[int]:
        """Returns the candidates whose rows are not what they were."""
        rows = list(owned.rows)
        found = set()
        for old, new in zip(
            self.by_variable[id(owned.variable)],
            after.by_variable[id(owned.variable)],
            strict=True,
        ):
            differs = (old[rows] != new[rows]).any(axis=1)
            found |= {owned.candidates[i] for i in np.flatnonzero(differs)}
        return found


def owned_by(supernet: WeightSharing) -> list[OwnedRows]:
    """Returns what all blocks own."""
    return [
        each
        for number, block in enumerate(supernet.blocks)
        for each in block.owned_rows(deciding(supernet.space, number))
    ]


def each_once(owned: list[OwnedRows]) -> list[OwnedRows]:
    """Returns one of those that share a variable."""
    return list({id(each.variable): each for each in owned}.values())


def poison(owned: list[OwnedRows], open_branches: np.ndarray) -> None:
    """Makes the weights of all inactive candidates NaN."""
    for each in owned:
        values = each.variable.numpy()
        rows = values if values.ndim == 2 else values[np.newaxis]
        is_open = np.isin(each.candidates, open_branches[each.decision])
        rows[np.array(each.rows, np.intp)[~is_open]] = np.nan
        each.variable.assign(rows.reshape(values.shape))


def activate_scales(supernet: WeightSharing) -> None:
    """Makes all scales nonzero: fresh ones may be zero, and hide a branch.

    What follows is scales and offsets, or padding, which nothing reads.
    """
    for number, block in enumerate(supernet.blocks):
        sizes = dict(
            zip(block.candidates, map(sum, block.kernel_lengths), strict=True)
        )
        for owned in block.owned_rows(deciding(supernet.space, number)):
            values = owned.variable.numpy()
            rows = values if values.ndim == 2 else values[np.newaxis]
            for row, index in zip(owned.rows, owned.candidates, strict=True):
                rows[row, sizes[index] :] += 0.25
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
