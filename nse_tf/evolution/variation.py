"""Mutation and crossover that stay inside the space, and lawful there."""

import numpy as np

from nse_tf.spaces import SearchSpace


def mutate_genes(
    space: SearchSpace,
    rng: np.random.Generator,
    paths: np.ndarray,
    probability: float,
) -> np.ndarray:
    """Returns paths of which each gene was redrawn with some probability.

    A redrawn gene may come out as it was. Where the redrawn genes of DARTS's
    cells leave a node with more or fewer than two inputs, random edges are
    mended.

    Args:
        space: Whose active candidates genes are drawn from.
        rng: Draws.
        paths: Candidate indices `(count, num_blocks)`.
        probability: Of redrawing a gene, from 0 to 1.
    """
    redrawn = rng.random(paths.shape) < probability
    drawn = space.sample_valid(rng, len(paths))
    return space.repaired(rng, np.where(redrawn, drawn, paths))


def mutate_one_gene(
    space: SearchSpace, rng: np.random.Generator, path: np.ndarray
) -> np.ndarray:
    """Returns a path that differs from `path` in exactly one gene.

    An edge of DARTS's cells that was opened takes the place of another one of
    its node, and for one that was left out another one is opened.

    Raises:
        ValueError: If no place has a second candidate.
    """
    offers = space.valid_genes
    free = [place for place, each in enumerate(offers) if len(each) > 1]
    if not free:
        raise ValueError(
            f"Space {space.name!r} holds a single network; there is nothing to "
            "mutate."
        )
    place = int(rng.choice(free))
    mutated = path.copy()
    mutated[place] = rng.choice([i for i in offers[place] if i != path[place]])
    is_mutated = np.arange(len(path)) == place
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
    """Returns paths that take each gene from either parent, even odds.

    Where that leaves a node of DARTS's cells with more or fewer than two
    inputs, random edges are mended.
    """
    is_mothers = rng.random(mothers.shape) < 0.5
    return space.repaired(rng, np.where(is_mothers, mothers, fathers))
