"""Events of a search in which the cells of a space evolve."""

import dataclasses

from nse_tf.events.event import Event

Names = tuple[tuple[str, ...], ...]


@dataclasses.dataclass(frozen=True, kw_only=True)
class CellsScored(Event):
    """A round tested cells, and their fitness was written back.

    Attributes:
        stage: The round, from 0 on.
        tested: Cells that were tested, without the reference; a group each.
        parents: The cell that each of them was born of in this round; empty
            where it was not born in it, or of nobody.
        evidence: What the round says of each; None where it says nothing.
        population: Cells of each group after the round.
        scores: Their fitness.
        visits: How often they were tested.
        removed: Cells that each group lost.
        cost: Name of the cost that is aimed at.
        expected_cost: What networks are expected to have of it, by the shares
            at the end of the round; None where shares are not known.
        target: What they should have; None for nothing.
    """

    stage: int
    tested: Names
    parents: Names
    evidence: tuple[tuple[float | None, ...], ...]
    population: Names
    scores: tuple[tuple[float, ...], ...]
    visits: tuple[tuple[int, ...], ...]
    removed: Names
    cost: str
    expected_cost: float | None
    target: float | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class SpaceLearned(Event):
    """The last round is over, and the cells of the learned space are chosen.

    Attributes:
        groups: Indices of the choice blocks of each group.
        cells: Evolved cells of each group, best first.
        scores: Their fitness.
        references: Cells that each group has besides.
        candidates: All candidates of each choice block of the learned space.
        size: How many networks it holds.
    """

    groups: tuple[tuple[int, ...], ...]
    cells: Names
    scores: tuple[tuple[float, ...], ...]
    references: tuple[str, ...]
    candidates: Names
    size: int
