"""Uniform single paths."""

import collections

import numpy as np
import pytest

from nse_tf.sampling import UniformSampler
from nse_tf.spaces.open_branches import INACTIVE
from tests.supernet.tiny_spaces import tiny_space

# The 99.99 % quantile of chi-squared with 4, 3 and 1 degrees of freedom.
BOUNDS = {5: 23.5, 4: 21.1, 2: 15.1}


@pytest.mark.parametrize("max_open", [1, 2])
def test_one_candidate_of_each_block_is_open(max_open: int) -> None:
    sampler = UniformSampler(tiny_space(max_open=max_open))
    rng = np.random.default_rng(0)
    for _ in range(100):
        open_branches = sampler.sample(rng)
        assert open_branches.shape == (3, max_open)
        assert ((open_branches != INACTIVE).sum(axis=1) == 1).all()


def test_every_active_candidate_has_equal_odds() -> None:
    space = tiny_space().restrict([(0, 1, 2, 3, 4), (1, 3), (0, 1, 2, 3)])
    sampler, rng = UniformSampler(space), np.random.default_rng(0)
    paths = [sampler.sample(rng)[:, 0].tolist() for _ in range(4000)]
    for block, indices in enumerate(space.active):
        counts = collections.Counter(path[block] for path in paths)
        assert set(counts) == set(indices)
        expected = len(paths) / len(indices)
        distance = sum(
            (counts[index] - expected) ** 2 / expected for index in indices
        )
        assert distance < BOUNDS[len(indices)]


def test_blocks_are_drawn_independently() -> None:
    sampler = UniformSampler(tiny_space().restrict([(0, 1), (0, 1), (0, 1)]))
    rng = np.random.default_rng(0)
    counts = collections.Counter(
        tuple(sampler.sample(rng)[:, 0].tolist()) for _ in range(4000)
    )
    assert len(counts) == 8
    # Six standard deviations of a count of 500.
    assert all(abs(count - 500) < 6 * 21 for count in counts.values())
