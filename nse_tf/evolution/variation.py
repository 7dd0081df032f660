"""Mutation and crossover that yield valid paths of the space."""

import numpy as np

from nse_tf.spaces import SearchSpace


def mutate_genes(
    space: SearchSpace,
    rng: np.random.Generator,
    paths: np.ndarray,
    probability: float,
) -> np.ndarray:
    """Returns paths in which each gene was redrawn with some probability.

    A redrawn gene may come out as before. Where the redrawn genes of DARTS's
    cells give a node more or fewer than two inputs, random edges are repaired.

    Args:
        space: The space whose active candidates are drawn.
        rng: Random generator.
        paths: Candidate indices `(count, num_blocks)`.
        probability: Probability of redrawing a gene, from 0 to 1.
    """
    redrawn = rng.random(paths.shape) < probability
    # Whole valid paths are drawn, so that genes of one node that are redrawn
    # together fit each other.
    drawn = space.sample_valid(rng, len(paths))
    return space.repaired(rng, np.where(redrawn, drawn, paths))


def mutate_one_gene(
    space: SearchSpace, rng: np.random.Generator, path: np.ndarray
) -> np.ndarray:
    """Returns a path that differs from `path` in exactly one gene.

    In DARTS's cells, where that opens an edge, another edge of its node is left
    out, and where it leaves an edge out, another one opens.

    Raises:
        ValueError: If no block has a second candidate.
    """
    # Not the active ones: an edge may be left out where `none` is inactive.
    offers = space.valid_genes
    free = [block for block, each in enumerate(offers) if len(each) > 1]
    if not free:
        raise ValueError(
            f"Space {space.name!r} has a single network; there is nothing to "
            "mutate."
        )
    block = int(rng.choice(free))
    mutated = path.copy()
    mutated[block] = rng.choice([i for i in offers[block] if i != path[block]])
    # Kept: otherwise the repair might undo the mutation.
    is_mutated = np.arange(len(path)) == block
    repaired: np.ndarray = space.repaired(rng, mutated[None], is_mutated[None])[
        0
    ]
    return repaired


def cross_over(
    space: SearchSpace,
    rng: np.random.Generator,
    mothers: np.ndarray,
    fathers: np.ndarray,
) -> np.ndarray:
    """Returns paths that take each gene from either parent, with even odds.

    Where that gives a node of DARTS's cells more or fewer than two inputs,
    random edges are repaired.
    """
    is_mothers = rng.random(mothers.shape) < 0.5
    return space.repaired(rng, np.where(is_mothers, mothers, fathers))
