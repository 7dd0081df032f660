"""P-DARTS's narrowing: which ops each edge keeps from stage to stage."""

from collections.abc import Sequence

import numpy as np

from nse_tf.spaces import SearchSpace, Zero

# How many ops the last stage chooses from, if there are as many.
LEAST_BEFORE_LAST = 3


def num_kept(count: int, stage: int, num_stages: int) -> int:
    """Returns how many of its first ops an edge has after a stage.

    From all of them to three in even steps, and one after the last stage. Of
    eight ops in three stages that is the published 5, 3 and 1; for any other
    number it is ours: of five, as in NAS-Bench-201, 4, 3 and 1. Three are the
    fewest of which one is left if `none` goes, and then a skip connection.

    Args:
        count: How many ops the edge has before the first stage.
        stage: Which stage, counted from 0.
        num_stages: How many stages there are.
    """
    if stage == num_stages - 1:
        return 1
    spare = max(count - LEAST_BEFORE_LAST, 0)
    # Rounded up, so that of an odd number more go early.
    gone = -(-spare * (stage + 1) // (num_stages - 1))
    return count - gone


def narrowed(
    space: SearchSpace,
    probabilities: np.ndarray,
    counts: Sequence[int],
    kept: Sequence[int] | None = None,
) -> SearchSpace:
    """Returns the space in which each edge keeps its most probable ops.

    Args:
        space: What was mixed.
        probabilities: `(num_blocks, max_candidates)`.
        counts: How many ops each edge keeps; all, where it has fewer.
        kept: An op of each edge that stays, where it is active; None for none.
    """
    left = []
    for block, (indices, count) in enumerate(
        zip(space.active, counts, strict=True)
    ):
        values = probabilities[block].astype(np.float64)
        if kept is not None:
            values[kept[block]] = np.inf
        # Stable, so that of equals the first one stays.
        ranked = sorted(indices, key=lambda index: -values[index])
        left.append(sorted(ranked[:count]))
    return space.restrict(left)


def without_none(space: SearchSpace) -> SearchSpace:
    """Returns the space without `none` on edges that have another op."""
    return space.restrict(
        [
            [index for index in indices if block.candidates[index] != Zero()]
            or indices
            for block, indices in zip(space.blocks, space.active, strict=True)
        ]
    )
