"""Populations of cells: who is tested, who stays, who is born."""

import functools
import time

import numpy as np
import pytest

from nse_tf.costs import BudgetError
from nse_tf.evolution.cell_population import (
    Member,
    after_turn,
    best_of,
    first_members,
    mutant_of,
    mutants_of,
    new_turn,
    winner,
)
from nse_tf.spaces.motif_genes import NUM_MOTIFS, genes_of_indices

ALL = np.ones(NUM_MOTIFS, bool)
MEMBERS = tuple(
    Member(index=index, score=score, visits=visits)
    for index, score, visits in (
        (10, 0.5, 2),
        (20, -0.5, 1),
        (30, 0.0, 0),
        (40, 0.25, 3),
    )
)


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_a_tournament_of_all_is_won_by_the_best() -> None:
    assert winner(MEMBERS, 4, rng()) == MEMBERS[0]
    assert winner(MEMBERS, 9, rng()) == MEMBERS[0]
    won = {winner(MEMBERS, 1, rng(seed)).index for seed in range(40)}
    assert won == {10, 20, 30, 40}


def test_old_members_are_tested_in_turn_and_mutants_born() -> None:
    turn = functools.partial(
        new_turn, MEMBERS, slots=3, mutants=2, tournament=4, allowed=ALL
    )
    for seed in range(5):
        even, odd = (turn(number=number, rng=rng(seed)) for number in (0, 1))
        assert even[0] == MEMBERS[2]  # Never visited.
        assert odd[0] == MEMBERS[0]
        for child in even[1:]:
            assert child.parent == 10
            assert (child.score, child.visits) == (0.25, 0)
            genes = genes_of_indices(np.array([10, child.index]))
            assert (genes[0] != genes[1]).sum() == 1
    # Cells that are no motifs bring their own way to mutate.
    cells = turn(number=0, rng=rng(), mutate=lambda each, _: each + 1)
    assert [child.index for child in cells[1:]] == [11, cells[2].index]


def test_fitness_by_hand() -> None:
    born = Member(index=50, score=0.25, parent=10)
    after = after_turn(MEMBERS, (MEMBERS[3], born), (0.75, -0.25), momentum=0.5)
    # The worst visited one went, not the one that was never tested.
    assert [each.index for each in after] == [10, 30, 40, 50]
    scores = {each.index: (each.score, each.visits) for each in after}
    assert scores[40] == (0.5, 4)
    assert scores[50] == (0.0, 1)
    (_, _, unknown) = after_turn(
        MEMBERS[:3], (MEMBERS[0],), (np.nan,), momentum=0.5
    )
    assert unknown == MEMBERS[2]


def test_the_best_were_visited_often_enough() -> None:
    assert [each.index for each in best_of(MEMBERS, 3, 2)] == [10, 40, 30]


def test_what_costs_too_much_is_neither_first_nor_born() -> None:
    allowed = ALL.copy()
    allowed[: NUM_MOTIFS // 2] = False
    first = first_members(12, allowed, rng())
    assert len({each.index for each in first}) == 12
    assert all(allowed[each.index] for each in first)
    born = mutants_of(np.full(500, NUM_MOTIFS - 1), allowed, rng())
    assert len(born)
    assert allowed[born].all()
    with pytest.raises(BudgetError, match="Only 0 cells are within the cost"):
        first_members(12, ~ALL, rng())
    nobody = mutant_of(7, ~ALL, set(), rng())
    assert nobody is None


def test_a_thousand_mutants_take_less_than_half_a_second() -> None:
    allowed = rng().random(NUM_MOTIFS) < 0.2
    parents = rng(1).integers(0, NUM_MOTIFS, 8000)
    started = time.perf_counter()
    born = mutants_of(parents, allowed, rng(2))
    assert time.perf_counter() - started < 0.5
    assert len(born) >= 1000
