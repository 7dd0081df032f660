"""Laws of samplers: what a training of shared weights relies on."""

from collections.abc import Callable

import numpy as np

from nse_tf.sampling import Sampler
from nse_tf.spaces import SearchSpace
from nse_tf.spaces.open_branches import INACTIVE, decisions, max_open

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
        for open_branches in _each_pass(_draws(make(each), seed=0)):
            reason = _why_not_in_space(each, open_branches)
            if reason is not None:
                raise AssertionError(
                    f"Drew {open_branches.tolist()}, which the space does not "
                    f"hold: {reason}."
                )


def _why_not_in_space(
    space: SearchSpace, open_branches: np.ndarray
) -> str | None:
    """Returns why open branches are none of a space's, or None."""
    blocks = decisions(space)[:, 1]
    shape = len(blocks), max_open(space)
    if open_branches.shape != shape or open_branches.dtype != np.int32:
        return (
            f"it is {open_branches.dtype} {open_branches.shape} where a "
            f"supernet takes int32 {shape}"
        )
    for row, index in zip(open_branches, blocks, strict=True):
        block, active = space.blocks[index], space.active[index]
        gene = row[row != INACTIVE].tolist()
        if not set(gene) <= set(active) or len(set(gene)) < len(gene):
            return f"block {block.name!r} offers {active}, not {gene}"
        if not block.min_open <= len(gene) <= block.max_open:
            return (
                f"block {block.name!r} must open {block.min_open} to "
                f"{block.max_open} branches, not {gene}"
            )
    return None


def equal_seeds_give_equal_draws(make: MakeSampler, space: SearchSpace) -> None:
    """Another sampler of the space, the same generator: the same draws.

    Arguments and errors as in `stays_in_the_space`.
    """
    one, other = (_draws(make(space), seed=0) for _ in range(2))
    if not np.array_equal(one, other):
        raise AssertionError(
            "Two samplers of one space drew differently from generators of one "
            "seed: take all chance from the `rng` that `sample` is given."
        )


def other_seeds_give_other_draws(make: MakeSampler, space: SearchSpace) -> None:
    """Draws follow the generator that `sample` is given.

    Arguments and errors as in `stays_in_the_space`.
    """
    if np.array_equal(_draws(make(space), seed=0), _draws(make(space), seed=1)):
        raise AssertionError(
            "Generators of seeds 0 and 1 gave the same draws: take chance from "
            "the `rng` that `sample` is given."
        )


def draws_do_not_remember(make: MakeSampler, space: SearchSpace) -> None:
    """A used sampler draws what a new one would.

    An interrupted training resumes with a new sampler, so nothing that one
    remembers from earlier epochs may count. Arguments and errors as in
    `stays_in_the_space`.
    """
    used = make(space)
    _draws(used, seed=1)
    if not np.array_equal(_draws(used, seed=0), _draws(make(space), seed=0)):
        raise AssertionError(
            "A used sampler drew differently from a new one: its draws depend "
            "on earlier ones, which a resumed training does not know."
        )


def every_candidate_is_drawn(make: MakeSampler, space: SearchSpace) -> None:
    """No active candidate starves.

    Arguments and errors as in `stays_in_the_space`.
    """
    blocks = decisions(space)[:, 1]
    drawn = {
        (int(block), int(candidate))
        for open_branches in _each_pass(_draws(make(space), seed=0))
        for block, row in zip(blocks, open_branches, strict=True)
        for candidate in row[row != INACTIVE]
    }
    starved = sorted(set(space.operators) - drawn)
    if starved:
        raise AssertionError(
            f"{NUM_DRAWS} draws left out the (block, candidate) pairs "
            f"{starved}."
        )


def passes_of_a_step_are_fair(make: MakeSampler, space: SearchSpace) -> None:
    """Passes of one step open all candidates of a decision equally often.

    As often as the passes allow: with as many passes as candidates, each once.
    A sampler of one pass a step has nothing to keep. Arguments and errors as in
    `stays_in_the_space`.

    References:
        Chu et al., FairNAS (2019), strict fairness:
        https://arxiv.org/abs/1907.01845
    """
    shrunk = space.restrict([indices[-2:] for indices in space.active])
    for each in (space, shrunk):
        draws = _draws(make(each), seed=0)
        if draws.ndim == 3:
            return
        blocks = decisions(each)[:, 1]
        longest = max(map(len, each.active))
        if draws.shape[1] != longest:
            raise AssertionError(
                f"A step has {draws.shape[1]} passes where the longest list "
                f"has {longest} candidates."
            )
        for passes in draws:
            for row, block in enumerate(blocks):
                _require_fair(each, int(block), passes[:, row].ravel())


def _require_fair(space: SearchSpace, block: int, opened: np.ndarray) -> None:
    """Refuses passes that open some candidates of a block too often.

    Raises:
        AssertionError: If they do.
    """
    counts = [int((opened == each).sum()) for each in space.active[block]]
    if max(counts) - min(counts) > 1:
        raise AssertionError(
            f"The candidates {space.active[block]} of block "
            f"{space.blocks[block].name!r} are opened {counts} times in one "
            "step: deal them out, all before any comes again."
        )


SAMPLER_LAWS = (
    stays_in_the_space,
    equal_seeds_give_equal_draws,
    other_seeds_give_other_draws,
    draws_do_not_remember,
    every_candidate_is_drawn,
    passes_of_a_step_are_fair,
)


def _draws(sampler: Sampler, seed: int) -> np.ndarray:
    """Returns draws, `(NUM_DRAWS, num_decisions, max_open)`.

    Those of a sampler of several passes a step have the passes second.
    """
    rng = np.random.default_rng(seed)
    return np.stack([sampler.sample(rng) for _ in range(NUM_DRAWS)])


def _each_pass(draws: np.ndarray) -> np.ndarray:
    """Returns what every pass of every draw opens."""
    return draws.reshape(-1, *draws.shape[-2:])
