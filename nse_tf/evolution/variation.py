"""Mutation and crossover that stay inside the space."""

import numpy as np

from nse_tf.spaces import SearchSpace


def mutate_genes(
    space: SearchSpace,
    rng: np.random.Generator,
    paths: np.ndarray,
    probability: float,
) -> np.ndarray:
    """Returns paths of which each gene was redrawn with some probability.

    A redrawn gene may come out as it was.

    Args:
        space: Whose active candidates genes are drawn from.
        rng: Draws.
        paths: Candidate indices `(count, num_places)`.
        probability: Of redrawing a gene, from 0 to 1.
    """
    redrawn = rng.random(paths.shape) < probability
    return np.where(redrawn, space.sample_paths(rng, len(paths)), paths)


def mutate_one_gene(
    space: SearchSpace, rng: np.random.Generator, path: np.ndarray
) -> np.ndarray:
    """Returns a path that differs from `path` in exactly one gene.

    Raises:
        ValueError: If no place has a second candidate.
    """
    free = [place for place, each in enumerate(space.active) if len(each) > 1]
    if not free:
        raise ValueError(
            f"Space {space.name!r} holds a single network; there is nothing to "
            "mutate."
        )
    place = int(rng.choice(free))
    mutated = path.copy()
    mutated[place] = rng.choice(
        [i for i in space.active[place] if i != path[place]]
    )
    return mutated


def cross_over(
    rng: np.random.Generator, mothers: np.ndarray, fathers: np.ndarray
) -> np.ndarray:
    """Returns paths that take each gene from either parent, even odds."""
    return np.where(rng.random(mothers.shape) < 0.5, mothers, fathers)
