"""The laws of samplers hold for ours, and are broken by unsound ones."""

from collections.abc import Callable

import numpy as np
import pytest

from nse_tf.sampling import Sampler, UniformSampler
from nse_tf.spaces import Genotype, SearchSpace
from nse_tf.testing import SAMPLER_LAWS
from tests.supernet.tiny_spaces import tiny_space

SAMPLERS: tuple[Callable[[SearchSpace], Sampler], ...] = (UniformSampler,)


@pytest.mark.parametrize("law", SAMPLER_LAWS, ids=lambda law: law.__name__)
@pytest.mark.parametrize("make", SAMPLERS)
def test_every_sampler_keeps_every_law(
    make: Callable[[SearchSpace], Sampler],
    law: Callable[[Callable[[SearchSpace], Sampler], SearchSpace], None],
) -> None:
    law(make, tiny_space())
    law(make, tiny_space(max_open=2))


class _Unsound:
    """Draws as it should, but for what is overridden."""

    def __init__(self, space: SearchSpace) -> None:
        self.space = space
        self.count = 0

    def sample(self, rng: np.random.Generator) -> Genotype:
        return self.space.sample(rng)


class _ForgetsShrinking(_Unsound):
    def sample(self, rng: np.random.Generator) -> Genotype:
        path = [
            (int(rng.integers(len(block.candidates))),)
            for block in self.space.blocks
        ]
        return Genotype(tuple(path), self.space.fingerprint)


class _BringsItsOwnChance(_Unsound):
    def sample(self, rng: np.random.Generator) -> Genotype:
        return self.space.sample(np.random.default_rng())


class _IgnoresTheGenerator(_Unsound):
    def sample(self, rng: np.random.Generator) -> Genotype:
        return self.space.sample(np.random.default_rng(0))


class _Remembers(_Unsound):
    def sample(self, rng: np.random.Generator) -> Genotype:
        self.count += 1
        skipped = self.space.sample(rng)
        return self.space.sample(rng) if self.count % 3 else skipped


class _Starves(_Unsound):
    def sample(self, rng: np.random.Generator) -> Genotype:
        *_, last = self.space.active
        path = list(self.space.sample(rng).path)
        return self.space.genotype([*path[:-1], last[0]])


@pytest.mark.parametrize(
    ("law_name", "make", "words"),
    [
        ("stays_in_the_space", _ForgetsShrinking, "does not hold"),
        ("equal_seeds_give_equal_draws", _BringsItsOwnChance, "differently"),
        ("other_seeds_give_other_draws", _IgnoresTheGenerator, "same draws"),
        ("draws_do_not_remember", _Remembers, "earlier ones"),
        ("every_candidate_is_drawn", _Starves, r"\(2, 1\), \(2, 2\)"),
    ],
)
def test_an_unsound_sampler_breaks_its_law(
    law_name: str, make: Callable[[SearchSpace], Sampler], words: str
) -> None:
    (law,) = (each for each in SAMPLER_LAWS if each.__name__ == law_name)
    with pytest.raises(AssertionError, match=words):
        law(make, tiny_space())
