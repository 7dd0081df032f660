"""Draws of open branches: subsets of each cell's active ops.

Each op of a cell is open with its own probability, independently of the others,
given that at least one is open where the cell cannot be skipped.
"""

import itertools
from collections.abc import Sequence

import numpy as np

from nse_tf.spaces.space import SearchSpace

Gene = tuple[int, ...]

# With at most this many ops, all subsets of a cell are listed to draw two.
MOST_LISTED = 12
_MOST_DRAWS = 1000


def fitness_indicators(parameters: np.ndarray) -> np.ndarray:
    """Returns the fitness indicators of architecture parameters.

    An indicator is the probability of being open, between 0.0005 and 0.9995.

    References:
        Ci et al., NSE (2021), code of the supernet:
        https://arxiv.org/abs/2011.10904
    """
    sigmoid = 1.0 / (1.0 + np.exp(-np.asarray(parameters, np.float64)))
    # Away from 0 and 1, so that no op is ruled out and the logarithm of its
    # odds is finite.
    found: np.ndarray = 0.999 * sigmoid + 5e-4
    return found


def draw_balanced(
    space: SearchSpace, rng: np.random.Generator, rate: float = 0.5
) -> tuple[Gene, ...]:
    """Returns genes that open each active op with the same probability.

    Args:
        space: The space whose active ops are drawn.
        rng: Random generator.
        rate: Probability that an op is open, above 0.
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

    Draws with at least one open op are exact and need no rejection: the first
    open op is drawn from its own distribution, and those after it are
    independent of it.

    Args:
        probabilities: Probability that each op is open, `(num_ops,)`, above 0.
        count: How many draws.
        rng: Random generator.
        needs_one: Whether at least one op must be open.

    Returns:
        bool `(count, num_ops)`.
    """
    subsets = rng.random((count, len(probabilities))) < probabilities
    if not needs_one:
        return subsets
    # An op is the first open one if it is open and all before it are not.
    none_before = np.cumprod(np.append(1.0, 1.0 - probabilities))
    is_first = probabilities * none_before[:-1]
    # Divided by the probability that any is open, which is given.
    first = rng.choice(
        len(probabilities), size=count, p=is_first / is_first.sum()
    )[:, None]
    numbers = np.arange(len(probabilities))
    # Whether those after the first are open does not depend on it.
    return np.where(numbers > first, subsets, numbers == first)


def draw_two(
    space: SearchSpace, probabilities: np.ndarray, rng: np.random.Generator
) -> tuple[tuple[Gene, ...], tuple[Gene | None, ...]]:
    """Returns genes, and for each block a second gene to compare it with.

    The two genes of a block are drawn without replacement. A block with only
    one subset has no second gene.

    Args:
        space: The space whose active ops are drawn.
        probabilities: Probability that each op is open, `(num_blocks,
            max_candidates)`.
        rng: Random generator.
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
    # There is only one subset: the empty one, or the op that must be open.
    if len(indices) <= int(needs_one):
        return tuple(indices), None
    if len(indices) > MOST_LISTED:
        # Redrawing until the second differs is a draw without replacement, too.
        # Near probabilities of 0 and 1 all redraws may be equal.
        one = open_subsets(probabilities, 1, rng, needs_one)[0]
        others = open_subsets(probabilities, _MOST_DRAWS, rng, needs_one)
        differ = np.flatnonzero((others != one).any(axis=1))
        other = others[differ[0]] if len(differ) else _nearest(one, needs_one)
        return _as_gene(indices, one), _as_gene(indices, other)
    # `product` begins with the empty subset.
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


def _as_gene(indices: Sequence[int], subset: np.ndarray) -> Gene:
    return tuple(
        index for index, is_open in zip(indices, subset, strict=True) if is_open
    )
