"""Children of DARTS: every node hears of two others."""

import numpy as np

from nse_tf.spaces import Edge, SearchSpace, Zero, require_darts

NUM_INPUTS = 2


def with_two_inputs(
    space: SearchSpace, rng: np.random.Generator, paths: np.ndarray
) -> np.ndarray:
    """Returns paths in which every inner node has two open edges.

    Of a node with more, random ones are closed; of a node with fewer, random
    closed ones get a random op. An edge whose candidates leave no choice stays
    as it is, so that a node may have more than two, or fewer.

    Args:
        space: A DARTS space as it stands.
        rng: Draws.
        paths: Candidate indices `(count, num_places)`.

    Raises:
        ValueError: If the space has another skeleton.

    References:
        Hu et al., ABS (2020), code of the DARTS space:
        https://arxiv.org/abs/2004.13431
    """
    _, edges = require_darts(space)
    repaired = paths.copy()
    nodes = [(edge.kind, edge.target) for edge in edges]
    for node in dict.fromkeys(nodes):
        places = [place for place, each in enumerate(nodes) if each == node]
        closed, others = zip(
            *(_split(edges[place], space.active[place]) for place in places),
            strict=True,
        )
        is_open = np.stack(
            [
                np.isin(repaired[:, place], ops)
                for place, ops in zip(places, others, strict=True)
            ],
            axis=1,
        )
        # What is open goes before what is not, and what must be before both.
        must_open = np.array([not each for each in closed])
        may_open = np.array([bool(each) for each in others])
        first = is_open + 2.0 * must_open - 2.0 * ~may_open
        order = first + rng.random(is_open.shape)
        rank = np.argsort(np.argsort(-order, axis=1), axis=1)
        is_wanted = rank < NUM_INPUTS
        for column, place in enumerate(places):
            too_many = is_open[:, column] & ~is_wanted[:, column]
            too_few = ~is_open[:, column] & is_wanted[:, column]
            if closed[column]:
                repaired[too_many, place] = closed[column][0]
            if others[column]:
                repaired[too_few, place] = rng.choice(
                    others[column], size=too_few.sum()
                )
    return repaired


def _split(edge: Edge, active: tuple[int, ...]) -> tuple[list[int], list[int]]:
    """Returns the active candidates that close an edge, and the others."""
    closed = [i for i in active if edge.candidates[i] == Zero()]
    return closed, [i for i in active if i not in closed]
