"""The largest path, the smallest, and random ones between them."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from nse_tf.sampling import SandwichSampler
from nse_tf.testing import SAMPLER_LAWS
from tests.supernet.tiny_spaces import NESTED_OPS, tiny_space

SPACE = tiny_space(ops=NESTED_OPS)
# Names of the ops from the fewest MACs to the most; 2 · 9 < 3 · 49 < 6 · 25.
FEWEST, MOST = "identity", "mbconv_k5_e6"


def names_of(space: Any, path: np.ndarray) -> set[str]:
    return {
        block.candidates[index].name
        for block, index in zip(space.blocks, path[:, 0], strict=True)
    }


@pytest.mark.parametrize(
    "law",
    [law for law in SAMPLER_LAWS if "fair" not in law.__name__],
    ids=lambda law: law.__name__,
)
def test_it_keeps_the_laws_of_samplers(law: Callable[..., None]) -> None:
    law(SandwichSampler, SPACE)


@pytest.mark.parametrize("num_random", [0, 3])
def test_the_largest_comes_first_and_the_smallest_next(num_random: int) -> None:
    sampler = SandwichSampler(SPACE, num_random)
    rng = np.random.default_rng(0)
    for _ in range(20):
        passes = sampler.sample(rng)
        assert passes.shape == (2 + num_random, len(SPACE.blocks), 1)
        assert passes.dtype == np.int32
        assert names_of(SPACE, passes[0]) == {MOST}
        smallest = names_of(SPACE, passes[1])
        assert smallest <= {FEWEST, "mbconv_k3_e2"}


def test_what_was_dropped_is_no_end() -> None:
    names = [each.name for each in SPACE.blocks[0].candidates]
    left = SPACE.restrict(
        [
            [index for index in active if names[index] != MOST]
            for active in SPACE.active
        ]
    )
    passes = SandwichSampler(left).sample(np.random.default_rng(0))
    assert MOST not in names_of(left, passes[0])


def test_blocks_that_open_several_are_refused() -> None:
    with pytest.raises(ValueError, match="opens several at once"):
        SandwichSampler(tiny_space(max_open=2))
