"""AutoSpace: cells evolve into a space that others search.

Neighboring blocks of a chain share a population of cells. A round puts a few of
them into slots, side by side at each block, and trains the weights of all and
the share of each. What the round says of a cell moves its fitness; the best
have mutants, and the worst go. The best cells of each group, with the
references of the published space, are the space that is learned.
"""

from typing import Any, NamedTuple

import numpy as np

from nse_tf.costs import Budget, CostModel
from nse_tf.events import (
    CellsScored,
    SpaceAtStage,
    SpaceLearned,
    all_known,
    known,
)
from nse_tf.evolution.cell_population import (
    Member,
    after_turn,
    best_of,
    first_members,
    motif_at,
    new_turn,
)
from nse_tf.jobs import Seats, Start, SupernetTrained, TrainSupernet, weights_of
from nse_tf.methods.autospace_config import AutoSpaceConfig
from nse_tf.methods.cell_aims import CellAims
from nse_tf.methods.cell_fitness import evidence_of, values_of
from nse_tf.methods.method import (
    Method,
    Plan,
    require,
    require_architecture,
)
from nse_tf.methods.search_settings import search_settings
from nse_tf.methods.supernet_training import note_stage
from nse_tf.spaces import Motif, SearchSpace, slot_space
from nse_tf.spaces.autospace import REFERENCES, space_of_cells
from nse_tf.spaces.motif_genes import indices_of_genes

# What is trained beside, and cells are measured against.
YARDSTICK = REFERENCES[-1]
_YARDSTICK_INDEX = int(indices_of_genes(np.array([YARDSTICK.genes]))[0])
_FIRST, _TURN = 0, 1

Group = tuple[int, ...]
Members = tuple[Member, ...]


class _Tested(NamedTuple):
    """A round: what each group tests, and what is trained."""

    turns: list[Members]
    job: TrainSupernet


class AutoSpace(Method):
    """Evolves the cells of a chain; its answer is a space.

    Of the space that is given it takes skeleton, groups and whatever competes
    besides motifs, such as plain MBConvs and the identity. Motifs that are
    there give way to those that evolve.

    Args:
        model: Cost model; its space is a chain, such as `autospace_tiny`.
        budget: What networks of the learned space are to fit.
        config: The numbers of the search.

    Raises:
        BudgetError: If no network of cells has the cost that is aimed at.
        ValueError: If the space is no plain chain, or the cost is not known.

    References:
        Zhou et al., AutoSpace (2021): https://arxiv.org/abs/2103.11833. No code
        was published, and the text was not found: what the abstract, the
        figures and the published space do not show is our reading.
    """

    def __init__(
        self,
        model: CostModel,
        budget: Budget = Budget(),
        config: AutoSpaceConfig = AutoSpaceConfig(),  # noqa: B008 - frozen
    ) -> None:
        super().__init__()
        self.model, self.budget, self.config = model, budget, config
        self.has_reference = config.reference != "none"
        self.slots = slot_space(
            model.space,
            config.slots + self.has_reference,
            bench=config.population,
        )
        num_blocks = len(model.space.blocks)
        depth = config.group_depth
        self.groups: tuple[Group, ...] = tuple(
            tuple(range(start, min(start + depth, num_blocks)))
            for start in range(0, num_blocks, depth)
        )
        self._aims = CellAims.chosen(model, budget, config, self.groups)
        self._first_populations()  # Refuses what does not fit.

    @property
    def space(self) -> SearchSpace:
        """The space of slots, which jobs name."""
        return self.slots

    def describe(self) -> dict[str, Any]:
        """Returns all settings as a JSON value; states are matched by it."""
        return search_settings(
            "autospace", self.model, self.budget, self.config
        )

    def plan(self) -> Plan:
        """Yields lists of jobs; is sent the list of their results."""
        self.note(
            SpaceAtStage(
                stage=0,
                active=self.slots.active,
                size=self.slots.size,
                num_operators=len(self.slots.operators),
            )
        )
        populations = self._first_populations()
        start = Start()
        for number in range(self.config.max_rounds):
            tested = self._round(number, populations, start)
            (result,) = yield [tested.job]
            trained = require(result, SupernetTrained, tested.job)
            note_stage(self, tested.job, trained, number)
            populations = self._scored(number, populations, tested, trained)
            start = Start(
                source="previous", weights=weights_of(tested.job.id, trained)
            )
        self._note_learned(populations)

    @property
    def learned(self) -> SearchSpace:
        """The space that was learned.

        Raises:
            ValueError: If the search has not ended.
        """
        found = self.noted(SpaceLearned)
        if not found:
            raise ValueError(
                "No space is learned yet: the evolution of its cells has not "
                "ended."
            )
        by_group = [tuple(map(_motif, names)) for names in found[-1].cells]
        return space_of_cells(self.model.space, self.groups, by_group)

    def _rng(self, *purpose: int) -> np.random.Generator:
        """Returns a generator for one purpose, exact by seed."""
        return np.random.default_rng([self.config.seed, *purpose])

    def _first_populations(self) -> list[Members]:
        return [
            first_members(
                self.config.population,
                self._aims.allowed[number],
                self._rng(_FIRST, number),
            )
            for number in range(len(self.groups))
        ]

    def _round(
        self, number: int, populations: list[Members], start: Start
    ) -> _Tested:
        """Returns what a round tests, and its job."""
        config = self.config
        turns = [
            new_turn(
                members,
                number=number,
                slots=config.slots,
                mutants=config.num_mutants,
                tournament=config.tournament,
                allowed=self._aims.allowed[group],
                rng=self._rng(_TURN, number, group),
            )
            for group, members in enumerate(populations)
        ]
        job = TrainSupernet(
            id=self.new_job_id(TrainSupernet.KIND),
            active=self.slots.active,
            epochs=config.round_epochs,
            schedule=self._aims.schedule(number),
            seed=config.seed,
            weights=self._aims.weights,
            architecture=self._aims.architecture(self._by_block(turns)),
            start=start,
            base="initial" if start == Start() else "reset",
            seats=self._seats(turns, populations),
        )
        return _Tested(turns, job)

    def _by_block(self, turns: list[Members]) -> list[list[int]]:
        """Returns the motif in each slot of each block, by its index."""
        last = [_YARDSTICK_INDEX] if self.has_reference else []
        return [
            [*(member.index for member in turn), *last]
            for turn, group in zip(turns, self.groups, strict=True)
            for _ in group
        ]

    def _seats(self, turns: list[Members], populations: list[Members]) -> Seats:
        old = [{member.index for member in members} for members in populations]
        last = [YARDSTICK] if self.has_reference else []
        cells, parents, bench = [], [], []
        for turn, there, group in zip(turns, old, self.groups, strict=True):
            names = [each.cell.name for each in turn]
            names += [cell.name for cell in last]
            born_of = [_parent(each, there) for each in turn] + [""] * len(last)
            waiting = sorted(there - {each.index for each in turn})
            for _ in group:
                cells.append(tuple(names))
                parents.append(tuple(born_of))
                bench.append(tuple(motif_at(each).name for each in waiting))
        return Seats(
            cells=tuple(cells),
            parents=tuple(parents),
            bench=tuple(bench),
            draws_all=self.config.cell_start == "fresh",
        )

    def _scored(
        self,
        number: int,
        populations: list[Members],
        tested: _Tested,
        trained: SupernetTrained,
    ) -> list[Members]:
        """Returns the populations after a round, and notes them."""
        config = self.config
        values = values_of(config.fitness, trained, tested.job)
        evidence = [
            evidence_of(values[list(group)], config.reference)
            for group in self.groups
        ]
        after = [
            after_turn(members, turn, found.tolist(), momentum=config.momentum)
            for members, turn, found in zip(
                populations, tested.turns, evidence, strict=True
            )
        ]
        shares = np.array(
            require_architecture(trained, tested.job).probabilities
        )
        expected = self._aims.expected(shares, self._by_block(tested.turns))
        there = [{each.index for each in members} for members in populations]
        self.note(
            CellsScored(
                stage=number,
                tested=_names(tested.turns),
                parents=tuple(
                    tuple(_parent(each, old) for each in turn)
                    for turn, old in zip(tested.turns, there, strict=True)
                ),
                evidence=tuple(all_known(found) for found in evidence),
                population=_names(after),
                scores=_scores(after),
                visits=tuple(
                    tuple(each.visits for each in members) for members in after
                ),
                removed=_names(
                    [
                        _gone((*members, *turn), left)
                        for members, turn, left in zip(
                            populations, tested.turns, after, strict=True
                        )
                    ]
                ),
                cost=config.cost,
                expected_cost=known(expected),
                target=self._aims.target,
            )
        )
        return after

    def _note_learned(self, populations: list[Members]) -> None:
        config = self.config
        best = [
            best_of(members, config.num_evolved, config.least_visits)
            for members in populations
        ]
        space = space_of_cells(
            self.model.space,
            self.groups,
            [tuple(each.cell for each in members) for members in best],
        )
        self.note(
            SpaceLearned(
                groups=self.groups,
                cells=_names(best),
                scores=_scores(best),
                references=tuple(cell.name for cell in REFERENCES),
                candidates=tuple(
                    tuple(op.name for op in block.candidates)
                    for block in space.blocks
                ),
                size=space.size,
            )
        )


def _motif(name: str) -> Motif:
    return Motif.of_code(name.removeprefix("motif_"))


def _parent(member: Member, there: set[int]) -> str:
    """Returns whom a newborn member inherits from; empty for nobody."""
    if member.index in there or member.parent is None:
        return ""
    return motif_at(member.parent).name


def _names(groups: list[Members]) -> tuple[tuple[str, ...], ...]:
    return tuple(
        tuple(each.cell.name for each in members) for members in groups
    )


def _scores(groups: list[Members]) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(each.score for each in members) for members in groups)


def _gone(before: Members, after: Members) -> Members:
    """Returns the members that a population lost, each once."""
    left = {each.index for each in after}
    gone = {each.index: each for each in before if each.index not in left}
    return tuple(gone.values())
