"""Draws of open branches follow their probabilities."""

import itertools

import numpy as np
import pytest

from nse_tf.spaces import make_preset
from nse_tf.spaces.subsets import (
    draw_balanced,
    draw_two,
    fitness_indicators,
    open_subsets,
)

SPACE = make_preset("nse_27").restrict([[0, 3, 5], [1, 2], *([[4, 7]] * 20)])


def chances(
    probabilities: np.ndarray, needs_one: bool
) -> dict[tuple[bool, ...], float]:
    """Returns the probability of each subset."""
    subsets = itertools.product((False, True), repeat=len(probabilities))
    found = {
        subset: float(np.where(subset, probabilities, 1 - probabilities).prod())
        for subset in subsets
        if any(subset) or not needs_one
    }
    total = sum(found.values())
    return {subset: chance / total for subset, chance in found.items()}


def test_indicators_at_known_parameters() -> None:  # Methods, fact 14.
    found = fitness_indicators(np.array([0.0, -2.0, -100.0, 100.0]))
    np.testing.assert_allclose(found[:2], [0.5, 0.119584], atol=1e-6)
    np.testing.assert_allclose(found[2:], [0.0005, 0.9995], atol=1e-12)


@pytest.mark.parametrize("needs_one", [False, True])
def test_draws_follow_the_product_given_that_one_is_open(
    needs_one: bool,
) -> None:
    probabilities, count = np.array([0.1, 0.3, 0.02]), 40_000
    draws = open_subsets(
        probabilities, count, np.random.default_rng(0), needs_one
    )
    for subset, chance in chances(probabilities, needs_one).items():
        share = (draws == subset).all(axis=1).mean()
        assert share == pytest.approx(
            chance, abs=4 * np.sqrt(chance * (1 - chance) / count)
        )


def test_tiny_probabilities_need_no_second_try() -> None:
    draws = open_subsets(
        np.array([5e-4, 5e-4]), 1000, np.random.default_rng(0), True
    )
    assert draws.any(axis=1).all()


def test_balanced_draws_open_half_and_no_cell_is_left_empty() -> None:
    rng = np.random.default_rng(0)
    genes = [draw_balanced(SPACE, rng) for _ in range(400)]
    shares = np.mean([[i in g[0] for i in (0, 3, 5)] for g in genes], axis=0)
    np.testing.assert_allclose(shares, 0.5, atol=0.1)
    assert () in {each[0] for each in genes}
    assert {each[1] for each in genes} == {(1,), (2,), (1, 2)}
    for each in genes[:20]:
        SPACE.genotype(each)


@pytest.mark.parametrize("block", [0, 1])
def test_two_draws_differ_and_follow_draws_without_replacement(
    block: int,
) -> None:
    probabilities = np.full((22, 27), 0.3)
    probabilities[0, [0, 3, 5]] = [0.2, 0.6, 0.4]
    probabilities[1, [1, 2]] = [0.3, 0.8]
    rng = np.random.default_rng(0)
    pairs = [draw_two(SPACE, probabilities, rng) for _ in range(1000)]
    assert all(
        one != other
        for selected, others in pairs
        for one, other in zip(selected, others, strict=True)
    )
    indices = SPACE.active[block]
    wanted = chances(probabilities[block, list(indices)], needs_one=block == 1)
    for subset, chance in wanted.items():
        gene = tuple(i for i, on in zip(indices, subset, strict=True) if on)
        share = np.mean([pair[0][block] == gene for pair in pairs])
        assert share == pytest.approx(chance, abs=0.06)


def test_one_op_that_must_be_open_has_no_other() -> None:
    active: list[list[int]] = [[0]] * 22
    space = make_preset("nse_27").restrict([[], *active[1:]])
    selected, others = draw_two(
        space, np.full((22, 27), 0.5), np.random.default_rng(0)
    )
    assert selected[:2] == ((), (0,))
    assert others[:2] == (None, None)  # Nothing to choose from, either.


def test_large_cells_are_drawn_from_without_listing_all_subsets() -> None:
    space = make_preset("nse_27")
    probabilities = np.full((22, 27), 0.5)
    selected, others = draw_two(space, probabilities, np.random.default_rng(0))
    assert all(a != b for a, b in zip(selected, others, strict=True))
    certain = np.full((22, 27), 1 - 1e-12)
    selected, others = draw_two(space, certain, np.random.default_rng(0))
    assert all(a != b for a, b in zip(selected, others, strict=True))
