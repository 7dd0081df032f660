"""Laws of samplers: what a training of shared weights relies on."""

from collections.abc import Callable

import numpy as np

from nse_tf.sampling import Sampler
from nse_tf.spaces import Genotype, SearchSpace

MakeSampler = Callable[[SearchSpace], Sampler]

# Enough that a candidate with an even chance among 20 is missed by a sound
# sampler once in 10^11 draws of the law.
NUM_DRAWS = 500


def stays_in_the_space(make: MakeSampler, space: SearchSpace) -> None:
    """What is drawn has active candidates only, also once the space shrank.

    Args:
        make: Returns the sampler of a space.
        space: Any space with more than one network.

    Raises:
        AssertionError: If the law is broken.
    """
    shrunk = space.restrict([indices[-2:] for indices in space.active])
    for each in (space, shrunk):
        for genotype in _draws(make(each), seed=0):
            reason = each.why_not_in_space(genotype)
            if reason is not None:
                raise AssertionError(
                    f"Drew {genotype.genes}, which the space does not hold: "
                    f"{reason}."
                )


def equal_seeds_give_equal_draws(make: MakeSampler, space: SearchSpace) -> None:
    """Another sampler of the space, the same generator: the same draws.

    Arguments and errors as of `stays_in_the_space`.
    """
    if _draws(make(space), seed=0) != _draws(make(space), seed=0):
        raise AssertionError(
            "Two samplers of one space drew differently from generators of one "
            "seed: take all chance from the `rng` that `sample` is given."
        )


def other_seeds_give_other_draws(make: MakeSampler, space: SearchSpace) -> None:
    """Draws follow the generator that `sample` is given.

    Arguments and errors as of `stays_in_the_space`.
    """
    if _draws(make(space), seed=0) == _draws(make(space), seed=1):
        raise AssertionError(
            "Generators of seeds 0 and 1 gave the same draws: take chance from "
            "the `rng` that `sample` is given."
        )


def draws_do_not_remember(make: MakeSampler, space: SearchSpace) -> None:
    """A used sampler draws what a new one would.

    A training that was broken off goes on with a new sampler, so nothing that
    one remembers from earlier epochs may count. Arguments and errors as of
    `stays_in_the_space`.
    """
    used = make(space)
    _draws(used, seed=1)
    if _draws(used, seed=0) != _draws(make(space), seed=0):
        raise AssertionError(
            "A used sampler drew differently from a new one: its draws depend "
            "on earlier ones, which a resumed training does not know."
        )


def every_candidate_is_drawn(make: MakeSampler, space: SearchSpace) -> None:
    """No active candidate starves.

    Arguments and errors as of `stays_in_the_space`.
    """
    drawn = {
        (place, candidate)
        for genotype in _draws(make(space), seed=0)
        for place, gene in enumerate(genotype.genes)
        for candidate in gene
    }
    starved = sorted(set(space.operators) - drawn)
    if starved:
        raise AssertionError(
            f"{NUM_DRAWS} draws left out the (place, candidate) pairs "
            f"{starved}."
        )


SAMPLER_LAWS = (
    stays_in_the_space,
    equal_seeds_give_equal_draws,
    other_seeds_give_other_draws,
    draws_do_not_remember,
    every_candidate_is_drawn,
)


def _draws(sampler: Sampler, seed: int) -> list[Genotype]:
    rng = np.random.default_rng(seed)
    return [sampler.sample(rng) for _ in range(NUM_DRAWS)]
