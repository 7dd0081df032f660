"""Single paths drawn by mixing weights."""

import collections
from collections.abc import Callable

import numpy as np
import pytest

from nse_tf.sampling import CellSampler, Sampler, WeightedSampler
from nse_tf.spaces import SearchSpace
from nse_tf.testing import SAMPLER_LAWS
from tests.supernet.tiny_branches import tiny_branches
from tests.supernet.tiny_cells import tiny_cells
from tests.supernet.tiny_spaces import tiny_space

# The only edge into a node always carries something.
CELLS = tiny_cells(2).restrict([[1, 2, 3, 4], *[[0, 1, 2, 3, 4]] * 5])


def evenly(space: SearchSpace) -> WeightedSampler:
    """Returns a sampler to which all active candidates are alike."""
    weights = np.zeros((len(space.blocks), space.max_candidates))
    for row, indices in zip(weights, space.active, strict=True):
        row[list(indices)] = 0.5
    return WeightedSampler(space, weights)


@pytest.mark.parametrize("law", SAMPLER_LAWS, ids=lambda law: law.__name__)
@pytest.mark.parametrize("space", [tiny_space(), tiny_branches(), CELLS])
def test_it_keeps_the_laws_of_samplers(
    space: SearchSpace,
    law: Callable[[Callable[[SearchSpace], Sampler], SearchSpace], None],
) -> None:
    law(evenly, space)


def test_candidates_are_drawn_as_often_as_they_weigh() -> None:
    space = tiny_space().restrict([(0, 2, 4), (1, 3), (2,)])
    weights = np.array(
        [[0.7, 0, 0.1, 0, 0.2], [0, 0.4, 0, 0.6, 0], [0, 0, 1.0, 0, 0]]
    )
    sampler, rng = WeightedSampler(space, weights), np.random.default_rng(0)
    paths = [sampler.sample(rng)[:, 0] for _ in range(4000)]
    for block, row in enumerate(weights):
        counts = collections.Counter(int(path[block]) for path in paths)
        for index, weight in enumerate(row):
            # Six standard deviations.
            bound = 6 * np.sqrt(4000 * weight * (1 - weight))
            assert abs(counts[index] - 4000 * weight) <= bound


def test_cells_draw_each_their_own_and_feed_each_node() -> None:
    sampler, rng = evenly(CELLS), np.random.default_rng(0)
    shape = CellSampler(CELLS).sample(rng).shape
    draws = [sampler.sample(rng) for _ in range(20)]
    assert {each.shape for each in draws} == {shape}
    first, second = (
        np.array(draws).reshape(20, -1, len(CELLS.blocks))[:, cell]
        for cell in (0, 1)
    )
    assert not np.array_equal(first, second)
