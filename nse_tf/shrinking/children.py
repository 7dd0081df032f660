"""Children drawn to score operators: depths spread evenly."""

import numpy as np

from nse_tf.spaces import Identity, SearchSpace


def draw_spread_depths(
    space: SearchSpace, rng: np.random.Generator, count: int
) -> np.ndarray:
    """Returns single paths `(count, num_places)` with depths spread evenly.

    Every place first takes an op that is not the identity. Then a number of
    skipped places is drawn uniformly from 0 to the number of places that may
    be skipped, and that many are skipped at random. Plain uniform draws would
    nearly all have the same depth. In a space without identities this is the
    uniform draw.

    References:
        Hu et al., ABS (2020), code of the SPOS space. Theirs spares the place
        whose operator is being scored; ours draws one pool of children for all
        operators, as each child counts for every operator that it contains.
    """
    identities = np.array(
        [
            block.candidates.index(Identity())
            if Identity() in block.candidates
            else -1
            for block in space.blocks
        ]
    )
    paths = np.empty((count, len(space.blocks)), np.int64)
    skippable = []
    for place, indices in enumerate(space.active):
        others = [i for i in indices if i != identities[place]]
        paths[:, place] = rng.choice(others or indices, size=count)
        if others and len(others) < len(indices):
            skippable.append(place)
    if skippable:
        ranks = np.argsort(rng.random((count, len(skippable))), axis=1)
        num_skipped = rng.integers(0, len(skippable) + 1, size=(count, 1))
        skipped = ranks < num_skipped
        where = np.array(skippable)
        paths[:, where] = np.where(skipped, identities[where], paths[:, where])
    return paths
