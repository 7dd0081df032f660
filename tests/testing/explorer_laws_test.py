"""The laws of explorers hold for ours, and are broken by unsound ones."""

from collections.abc import Callable

import numpy as np
import pytest

from nse_tf.costs import CostModel
from nse_tf.evolution import EXPLORERS, Exploration, Explorer
from nse_tf.spaces import Stage, make_preset, with_stage_widths
from nse_tf.testing import EXPLORER_LAWS
from tests.shrinking.chains import chain
from tests.spaces.tiny_widths import chain as widening

Law = Callable[[Callable[[Exploration], Explorer], CostModel], None]

SMALL = CostModel(chain(5, has_identity=True))
SPOS = CostModel(make_preset("spos"))
WIDTHS = CostModel(
    with_stage_widths(widening([Stage(16, 3, 2), Stage(32, 3, 1)]), (0.5, 1))
)
CELLS = CostModel(make_preset("darts_shrinking"))


@pytest.mark.parametrize("law", EXPLORER_LAWS, ids=lambda law: law.__name__)
@pytest.mark.parametrize("name", EXPLORERS)
@pytest.mark.parametrize(
    "model",
    [SMALL, SPOS, WIDTHS, pytest.param(CELLS, marks=pytest.mark.slow)],
    ids=lambda each: each.space.name,
)
def test_every_explorer_keeps_every_law(
    model: CostModel, name: str, law: Law
) -> None:
    law(EXPLORERS[name], model)


def test_the_models_are_explored_by_listing_and_by_sampling() -> None:
    assert SMALL.space.size < 1_000_000 < SPOS.space.size


def _uniform(state: Exploration, count: int) -> np.ndarray:
    return state.model.space.sample_paths(state.rng, count)


def _evaluates_too_many(state: Exploration) -> Explorer:
    yield from state.evaluate(state.take_random(state.num_left + 1))


def _yields_nothing(state: Exploration) -> Explorer:
    yield from state.evaluate(state.take_random(1))
    yield from state.evaluate(state.take_random(0))


def _repeats_itself(state: Exploration) -> Explorer:
    paths = state.take_random(1)
    for _ in range(state.num_left):
        yield from state.evaluate(paths)


def _forgets_shrinking(state: Exploration) -> Explorer:
    paths = np.zeros((state.num_left, len(state.model.space.blocks)), int)
    yield from state.evaluate(paths)


def _ignores_the_budget(state: Exploration) -> Explorer:
    yield from state.evaluate(_uniform(state, state.num_left))


def _brings_its_own_chance(state: Exploration) -> Explorer:
    state.rng = np.random.default_rng()
    yield from state.evaluate(state.take_random(state.num_left))


def _ignores_the_generator(state: Exploration) -> Explorer:
    state.rng = np.random.default_rng(0)
    yield from state.evaluate(state.take_random(state.num_left))


def _gives_up_early(state: Exploration) -> Explorer:
    yield from state.evaluate(state.take_random(min(4, state.num_left)))


def _never_ends(state: Exploration) -> Explorer:
    while True:
        yield from state.evaluate(state.take_random(5))


def _needs_fitness(state: Exploration) -> Explorer:
    while state.num_left > 0:
        yield from state.evaluate(state.take_random(1))
        if not np.isfinite(state.fitness).any():
            return


@pytest.mark.parametrize(
    ("law_name", "make", "words"),
    [
        (
            "evaluates_exactly_as_many_as_asked",
            _evaluates_too_many,
            "Of 1 children",
        ),
        ("evaluates_exactly_as_many_as_asked", _never_ends, "there was no end"),
        ("evaluates_exactly_as_many_as_asked", _yields_nothing, "end instead"),
        ("evaluates_no_path_twice", _repeats_itself, "more than once"),
        ("stays_in_the_space", _forgets_shrinking, r"\(0, 0\)"),
        ("stays_within_the_budget", _ignores_the_budget, "do not fit"),
        ("equal_seeds_give_equal_paths", _brings_its_own_chance, "one seed"),
        ("other_seeds_give_other_paths", _ignores_the_generator, "same paths"),
        ("an_exhausted_space_ends_it", _gives_up_early, "4 were evaluated"),
        ("an_impossible_budget_is_refused", _ignores_the_budget, "so cheap"),
        ("continues_without_fitness", _needs_fitness, "-inf throughout, 1 of"),
    ],
)
def test_an_unsound_explorer_breaks_its_law(
    law_name: str, make: Callable[[Exploration], Explorer], words: str
) -> None:
    (law,) = (each for each in EXPLORER_LAWS if each.__name__ == law_name)
    with pytest.raises(AssertionError, match=words):
        law(make, SMALL)


def test_nodes_of_other_than_two_inputs_break_their_law() -> None:
    (law,) = (each for each in EXPLORER_LAWS if "two_inputs" in each.__name__)
    with pytest.raises(AssertionError, match="more or fewer than two inputs"):
        law(_ignores_the_budget, CELLS)
