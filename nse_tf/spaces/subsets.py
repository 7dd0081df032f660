"""Draws of open branches: subsets of each cell's active ops.

Ops of a cell are open or closed independently, each with its own probability,
given that the cell is not left empty where it may not be.
"""

import itertools
from collections.abc import Sequence

import numpy as np

from nse_tf.spaces.space import SearchSpace

Gene = tuple[int, ...]

# Up to so many ops all subsets of a cell are listed to draw two of them.
MOST_LISTED = 12
_MOST_DRAWS = 1000


def fitness_indicators(parameters: np.ndarray) -> np.ndarray:
    """Returns the fitness indicators of architecture parameters.

    That is the probability of an op to be open, between 0.0005 and 0.9995.

    References:
        Ci et al., NSE (2021), code of the supernet:
        https://arxiv.org/abs/2011.10904
    """
    sigmoid = 1.0 / (1.0 + np.exp(-np.asarray(parameters, np.float64)))
    found: np.ndarray = 0.999 * sigmoid + 5e-4
    return found


def draw_balanced(
    space: SearchSpace, rng: np.random.Generator, rate: float = 0.5
) -> tuple[Gene, ...]:
    """Returns genes that open each active op with the same probability.

    Args:
        space: Its active ops are drawn from.
        rng: Draws them.
        rate: Of being open, above 0.
    """
    return tuple(
        _as_gene(
            indices,
            open_subsets(
                np.full(len(indices), rate), 1, rng, block.min_open > 0
            )[0],
        )
        for block, indices in zip(space.blocks, space.active, strict=True)
    )


def open_subsets(
    probabilities: np.ndarray,
    count: int,
    rng: np.random.Generator,
    needs_one: bool,
) -> np.ndarray:
    """Returns independent draws of which ops of one cell are open.

    Draws given that one op is open are exact and take no second try: which op
    is the first open one follows from the probabilities, and those after it are
    independent.

    Args:
        probabilities: Of being open, `(num_ops,)`, above 0.
        count: How many draws.
        rng: Draws them.
        needs_one: Whether at least one op must be open.

    Returns:
        bool `(count, num_ops)`.
    """
    opened = rng.random((count, len(probabilities))) < probabilities
    if not needs_one:
        return opened
    all_closed = np.cumprod(np.append(1.0, 1.0 - probabilities))
    is_first = probabilities * all_closed[:-1]
    first = rng.choice(
        len(probabilities), size=count, p=is_first / is_first.sum()
    )[:, None]
    numbers = np.arange(len(probabilities))
    return np.where(numbers > first, opened, numbers == first)


def draw_two(
    space: SearchSpace, probabilities: np.ndarray, rng: np.random.Generator
) -> tuple[tuple[Gene, ...], tuple[Gene | None, ...]]:
    """Returns genes, and for each place another gene to hold it against.

    The two of a place are drawn one after the other without replacement. Where
    there is nothing but one subset, there is no other.

    Args:
        space: Its active ops are drawn from.
        probabilities: Of being open, `(num_blocks, max_candidates)`.
        rng: Draws them.
    """
    pairs = [
        _two_of(indices, row[list(indices)], rng, block.min_open > 0)
        for block, indices, row in zip(
            space.blocks, space.active, probabilities, strict=True
        )
    ]
    return tuple(one for one, _ in pairs), tuple(other for _, other in pairs)


def _two_of(
    indices: Sequence[int],
    probabilities: np.ndarray,
    rng: np.random.Generator,
    needs_one: bool,
) -> tuple[Gene, Gene | None]:
    if len(indices) <= int(needs_one):
        return tuple(indices), None
    if len(indices) > MOST_LISTED:
        one = open_subsets(probabilities, 1, rng, needs_one)[0]
        others = open_subsets(probabilities, _MOST_DRAWS, rng, needs_one)
        differ = np.flatnonzero((others != one).any(axis=1))
        other = others[differ[0]] if len(differ) else _nearest(one, needs_one)
        return _as_gene(indices, one), _as_gene(indices, other)
    subsets = np.array(
        list(itertools.product((False, True), repeat=len(indices)))
    )[int(needs_one) :]
    chances = np.where(subsets, probabilities, 1.0 - probabilities).prod(axis=1)
    first, second = rng.choice(
        len(subsets), size=2, replace=False, p=chances / chances.sum()
    )
    return (
        _as_gene(indices, subsets[first]),
        _as_gene(indices, subsets[second]),
    )


def _nearest(one: np.ndarray, needs_one: bool) -> np.ndarray:
    """Returns a subset that differs in its last op, or in its first."""
    other = one.copy()
    other[-1] = not other[-1]
    if needs_one and not other.any():
        other[0] = True
    return other


def _as_gene(indices: Sequence[int], opened: np.ndarray) -> Gene:
    return tuple(
        index for index, is_open in zip(indices, opened, strict=True) if is_open
    )
