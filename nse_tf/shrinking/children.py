"""Children drawn to score operators: depths spread evenly."""

import numpy as np

from nse_tf.spaces import Identity, SearchSpace


def draw_spread_depths(
    space: SearchSpace, rng: np.random.Generator, count: int
) -> np.ndarray:
    """Returns single paths `(count, num_blocks)` with depths spread evenly.

    Every block first takes an op that is not the identity. Then a number of
    skipped blocks is drawn uniformly from 0 to the number of blocks that can
    be skipped, and that many are skipped at random. Plain uniform draws would
    nearly all have the same depth. In a space without identities this is the
    uniform draw.

    References:
        Hu et al., ABS (2020), code of the SPOS space:
        https://arxiv.org/abs/2004.13431
    """
    # A child that skips each block with its own probability, itself drawn
    # uniformly, skips every number of blocks equally often.
    skips = rng.random((count, len(space.blocks))) < rng.random((count, 1))
    paths = np.empty((count, len(space.blocks)), np.int64)
    for block, indices in enumerate(space.active):
        ops = space.blocks[block].candidates
        identity = [i for i in indices if ops[i] == Identity()]
        others = [i for i in indices if ops[i] != Identity()]
        paths[:, block] = rng.choice(others or identity, size=count)
        if identity:
            paths[skips[:, block], block] = identity[0]
    return paths
