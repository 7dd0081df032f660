"""A population of cells, of which a few are tested each round.

Numbers stand for cells: their indices among all that are explored, which are
motifs unless another way to mutate is given.
"""

import dataclasses
from collections.abc import Callable, Collection, Sequence

import numpy as np

from nse_tf.costs import BudgetError
from nse_tf.spaces import Motif
from nse_tf.spaces.motif_genes import (
    genes_of_indices,
    indices_of_genes,
    mutated,
)

# Returns the index of one mutant of each parent, given theirs.
Mutate = Callable[[np.ndarray, np.random.Generator], np.ndarray]

# Mutants that are drawn for one that is allowed and free.
_DRAWN = 200


@dataclasses.dataclass(frozen=True, kw_only=True)
class Member:
    """One cell of a population.

    Attributes:
        index: Which cell.
        score: Its fitness, about zero for an average cell.
        visits: How often it was tested.
        parent: The cell that it was a mutant of; None for the first ones.
    """

    index: int
    score: float = 0.0
    visits: int = 0
    parent: int | None = None

    @property
    def cell(self) -> Motif:
        """The motif, where cells are motifs."""
        return motif_at(self.index)


def motif_at(index: int) -> Motif:
    """Returns the explored motif of an index."""
    return Motif(tuple(genes_of_indices(np.array([index]))[0].tolist()))


def mutated_motifs(indices: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Returns motifs that differ from their parents in one gene.

    Args:
        indices: The parents, `(count,)`.
        rng: Draws what changes.
    """
    return indices_of_genes(mutated(genes_of_indices(indices), rng))


def first_members(
    size: int, allowed: np.ndarray, rng: np.random.Generator
) -> tuple[Member, ...]:
    """Returns a population of random cells, no two alike.

    Args:
        size: How many.
        allowed: Whether each explored cell may be one, `(num_cells,)`.
        rng: Draws them.

    Raises:
        BudgetError: If too few are allowed.
    """
    choices = np.flatnonzero(allowed)
    if len(choices) < size:
        raise BudgetError(
            f"Only {len(choices)} cells are within the cost that a group of "
            f"blocks may have, fewer than a population of {size}: aim higher, "
            "or allow dearer cells."
        )
    drawn = rng.choice(choices, size, replace=False)
    return tuple(Member(index=index) for index in drawn.tolist())


def winner(
    members: Sequence[Member], size: int, rng: np.random.Generator
) -> Member:
    """Returns the best of some random members: a tournament.

    Args:
        members: Who may enter.
        size: How many enter, no more than there are.
        rng: Draws them.
    """
    entered = rng.choice(
        len(members), min(size, len(members)), replace=False
    ).tolist()
    return members[max(entered, key=lambda number: members[number].score)]


def new_turn(
    members: Sequence[Member],
    *,
    number: int,
    slots: int,
    mutants: int,
    tournament: int,
    allowed: np.ndarray,
    rng: np.random.Generator,
    mutate: Mutate = mutated_motifs,
) -> tuple[Member, ...]:
    """Returns what is tested next: old members, then mutants of winners.

    Of the old ones, in turn one that was visited least often, and a winner.

    Args:
        members: The population.
        number: The round, which says whose turn it is.
        slots: How many cells are tested.
        mutants: How many of them are new.
        tournament: How many members a winner is the best of.
        allowed: Whether each explored cell may be a member.
        rng: Draws them.
        mutate: How cells mutate.
    """
    old: list[Member] = []
    for place in range(slots - mutants):
        left = [each for each in members if each not in old]
        if (number + place) % 2 == 0:
            fewest = min(each.visits for each in left)
            seldom = [each for each in left if each.visits == fewest]
            old.append(seldom[int(rng.integers(len(seldom)))])
        else:
            old.append(winner(left, tournament, rng))
    taken = {each.index for each in members}
    born: list[Member] = []
    for _ in range(mutants):
        parent = winner(members, tournament, rng)
        index = mutant_of(parent.index, allowed, taken, rng, mutate)
        if index is None:
            index = stranger(allowed, taken, rng)
            born.append(Member(index=index))
        else:
            half = parent.score / 2
            born.append(Member(index=index, score=half, parent=parent.index))
        taken.add(index)
    return (*old, *born)


def mutant_of(
    index: int,
    allowed: np.ndarray,
    taken: Collection[int],
    rng: np.random.Generator,
    mutate: Mutate = mutated_motifs,
) -> int | None:
    """Returns a cell that differs in one gene, if one is free and allowed.

    Args:
        index: The parent.
        allowed: Whether each explored cell may be one.
        taken: Who must not be.
        rng: Draws it.
        mutate: How cells mutate.
    """
    found = mutants_of(np.full(_DRAWN, index), allowed, rng, mutate)
    free = found[~np.isin(found, list(taken))]
    return int(free[0]) if len(free) else None


def mutants_of(
    indices: np.ndarray,
    allowed: np.ndarray,
    rng: np.random.Generator,
    mutate: Mutate = mutated_motifs,
) -> np.ndarray:
    """Returns those mutants that are allowed, one drawn for each parent.

    Args:
        indices: The parents, `(count,)`.
        allowed: Whether each explored cell may be one.
        rng: Draws what changes.
        mutate: How cells mutate.
    """
    children = mutate(indices, rng)
    found: np.ndarray = children[allowed[children]]
    return found


def stranger(
    allowed: np.ndarray, taken: Collection[int], rng: np.random.Generator
) -> int:
    """Returns a random cell that is allowed and free.

    Raises:
        BudgetError: If there is none.
    """
    free = np.setdiff1d(np.flatnonzero(allowed), list(taken))
    if not len(free):
        raise BudgetError(
            "No cell is left within the cost that a group of blocks may have: "
            "aim higher, allow dearer cells, or let a population be smaller."
        )
    return int(rng.choice(free))


def after_turn(
    members: Sequence[Member],
    tested: Sequence[Member],
    evidence: Sequence[float],
    *,
    momentum: float,
) -> tuple[Member, ...]:
    """Returns the population with its fitness written back, worst removed.

    It keeps its size. Only what was visited may go.

    Args:
        members: The population before.
        tested: What had slots in the round.
        evidence: What the round says of each tested cell; NaN says nothing.
        momentum: Share of the former score in the new one.
    """
    scored = {
        each.index: dataclasses.replace(
            each,
            score=momentum * each.score + (1 - momentum) * found
            if np.isfinite(found)
            else each.score,
            visits=each.visits + 1,
        )
        for each, found in zip(tested, evidence, strict=True)
    }
    everyone = [
        *(scored.pop(each.index, each) for each in members),
        *scored.values(),
    ]
    while len(everyone) > len(members):
        visited = [each for each in everyone if each.visits]
        everyone.remove(min(visited, key=lambda each: each.score))
    return tuple(everyone)


def best_of(
    members: Sequence[Member], count: int, least_visits: int
) -> tuple[Member, ...]:
    """Returns the best members, best first.

    Those that were visited too seldom come after all others.

    Args:
        members: The population.
        count: How many.
        least_visits: Visits from which on a score counts.
    """
    ranked = sorted(
        members,
        key=lambda each: (each.visits < least_visits, -each.score, each.index),
    )
    return tuple(ranked[:count])
