"""Children drawn to score operators: depths spread evenly."""

import numpy as np

from nse_tf.spaces import Identity, SearchSpace


def draw_spread_depths(
    space: SearchSpace, rng: np.random.Generator, count: int
) -> np.ndarray:
    """Returns single paths `(count, num_blocks)` with depths spread evenly.

    Every place first takes an op that is not the identity. Then a number of
    skipped places is drawn uniformly from 0 to the number of places that may
    be skipped, and that many are skipped at random. Plain uniform draws would
    nearly all have the same depth. In a space without identities this is the
    uniform draw.

    References:
        Hu et al., ABS (2020), code of the SPOS space:
        https://arxiv.org/abs/2004.13431
    """
    # A child that skips each place with one probability of its own, itself
    # drawn uniformly, skips every number of places equally often.
    skips = rng.random((count, len(space.blocks))) < rng.random((count, 1))
    paths = np.empty((count, len(space.blocks)), np.int64)
    for place, indices in enumerate(space.active):
        ops = space.blocks[place].candidates
        identity = [i for i in indices if ops[i] == Identity()]
        others = [i for i in indices if ops[i] != Identity()]
        paths[:, place] = rng.choice(others or identity, size=count)
        if identity:
            paths[skips[:, place], place] = identity[0]
    return paths
