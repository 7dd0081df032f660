"""The laws of samplers hold for ours, and are broken by unsound ones."""

from collections.abc import Callable

import numpy as np
import pytest

from nse_tf.sampling import (
    CellSampler,
    FairSampler,
    Sampler,
    UniformSampler,
)
from nse_tf.spaces import SearchSpace
from nse_tf.spaces.open_branches import encode_genes
from nse_tf.testing import SAMPLER_LAWS
from tests.supernet.tiny_branches import tiny_branches
from tests.supernet.tiny_cells import tiny_cells
from tests.supernet.tiny_darts import tiny_darts
from tests.supernet.tiny_spaces import tiny_space

# The only edge into a node always carries something.
CELLS = tiny_cells(2).restrict([[1, 2, 3, 4], *[[0, 1, 2, 3, 4]] * 5])

CASES: tuple[tuple[Callable[[SearchSpace], Sampler], SearchSpace], ...] = (
    (UniformSampler, tiny_space()),
    (UniformSampler, tiny_space(max_open=2)),
    (UniformSampler, tiny_branches()),
    (UniformSampler, tiny_cells()),
    (CellSampler, CELLS),
    (CellSampler, tiny_darts()),
    (FairSampler, tiny_space()),
    (FairSampler, CELLS),
    (FairSampler, tiny_darts()),
)


@pytest.mark.parametrize("law", SAMPLER_LAWS, ids=lambda law: law.__name__)
@pytest.mark.parametrize(("make", "space"), CASES)
def test_every_sampler_keeps_every_law(
    make: Callable[[SearchSpace], Sampler],
    space: SearchSpace,
    law: Callable[[Callable[[SearchSpace], Sampler], SearchSpace], None],
) -> None:
    law(make, space)


class _Unsound:
    """Draws as it should, but for what is overridden."""

    def __init__(self, space: SearchSpace) -> None:
        self.space = space
        self.count = 0

    def sample(self, rng: np.random.Generator) -> np.ndarray:
        return UniformSampler(self.space).sample(rng)


class _ForgetsShrinking(_Unsound):
    def sample(self, rng: np.random.Generator) -> np.ndarray:
        path = [
            (int(rng.integers(len(block.candidates))),)
            for block in self.space.blocks
        ]
        return encode_genes(self.space, path)


class _DrawsFlags(_Unsound):
    def sample(self, rng: np.random.Generator) -> np.ndarray:
        path = super().sample(rng)[:, 0]
        candidates = np.arange(self.space.max_candidates)
        flags: np.ndarray = path[:, np.newaxis] == candidates
        return flags.astype(np.int32)


class _BringsItsOwnChance(_Unsound):
    def sample(self, rng: np.random.Generator) -> np.ndarray:
        return super().sample(np.random.default_rng())


class _IgnoresTheGenerator(_Unsound):
    def sample(self, rng: np.random.Generator) -> np.ndarray:
        return super().sample(np.random.default_rng(0))


class _Remembers(_Unsound):
    def sample(self, rng: np.random.Generator) -> np.ndarray:
        self.count += 1
        skipped = super().sample(rng)
        return super().sample(rng) if self.count % 3 else skipped


class _Starves(_Unsound):
    def sample(self, rng: np.random.Generator) -> np.ndarray:
        open_branches = super().sample(rng)
        open_branches[-1] = self.space.active[-1][0]
        return open_branches


class _DrawsEachPassAlone(_Unsound):
    def sample(self, rng: np.random.Generator) -> np.ndarray:
        count = max(map(len, self.space.active))
        return np.stack([super(type(self), self).sample(rng)] * count)


class _LeavesOutAPass(_Unsound):
    def sample(self, rng: np.random.Generator) -> np.ndarray:
        return FairSampler(self.space).sample(rng)[1:]


@pytest.mark.parametrize(
    ("law_name", "make", "words"),
    [
        ("stays_in_the_space", _ForgetsShrinking, "does not hold"),
        ("stays_in_the_space", _DrawsFlags, r"takes int32 \(3, 1\)"),
        ("equal_seeds_give_equal_draws", _BringsItsOwnChance, "differently"),
        ("other_seeds_give_other_draws", _IgnoresTheGenerator, "same draws"),
        ("draws_do_not_remember", _Remembers, "earlier ones"),
        ("every_candidate_is_drawn", _Starves, r"\(2, 1\), \(2, 2\)"),
        ("passes_of_a_step_are_fair", _DrawsEachPassAlone, "deal them out"),
        ("passes_of_a_step_are_fair", _LeavesOutAPass, "4 passes where"),
    ],
)
def test_an_unsound_sampler_breaks_its_law(
    law_name: str, make: Callable[[SearchSpace], Sampler], words: str
) -> None:
    (law,) = (each for each in SAMPLER_LAWS if each.__name__ == law_name)
    with pytest.raises(AssertionError, match=words):
        law(make, tiny_space())
