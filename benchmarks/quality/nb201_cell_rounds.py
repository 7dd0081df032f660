"""Rounds of cells of NAS-Bench-201 in slots, and what they say of cells."""

import dataclasses
from collections.abc import Callable, Iterator

import numpy as np
from nb201_slots import NONE, NB201Slots, Path, name_of

from nse_tf.datasets import ImageData, ImageSet
from nse_tf.evolution.cell_population import (
    Member,
    after_turn,
    best_of,
    first_members,
    new_turn,
)
from nse_tf.jobs import (
    ArchitectureRule,
    RateSchedule,
    Seats,
    SupernetTrained,
    TrainSupernet,
    WeightRule,
)
from nse_tf.methods.autospace_config import AutoSpaceConfig
from nse_tf.methods.cell_fitness import evidence_of, values_of
from nse_tf.spaces import SearchSpace
from nse_tf.supernet import networks_of
from nse_tf.training.recipes import NB201_RECIPE
from nse_tf.training.supernet_trainer import SupernetTrainer
from nse_tf.training.supernet_training import SupernetTraining

# The residual block of NAS-Bench-201, which is the reference here.
RESNET: Path = (3, 0, 3, 1, 0, 1)
NOTHING: Path = (NONE,) * 6
NUM_OPS = 5
FITNESSES = ("alpha", "loss", "angle", "distance")
# The default numbers of the search, for a chain of small images.
CONFIG = AutoSpaceConfig(max_rounds=40)

Turn = tuple[Member, ...]


@dataclasses.dataclass(frozen=True)
class Tested:
    """What a round says of one cell.

    Attributes:
        number: The round.
        slot: Its slot.
        path: The cell.
        said: By fitness, its evidence: the mean over positions of what counts,
            less the mean of all slots there.
    """

    number: int
    slot: int
    path: Path
    said: dict[str, float]


class Rounds:
    """One training of slots, round after round.

    Args:
        space: That of the cells, one a stage.
        data: Images; shares are trained on the validation part.
        seed: Seed of weights and orders.
        architecture_rate: That of the shares; 0 leaves them as they are.
        config: The other numbers.
    """

    def __init__(
        self,
        space: SearchSpace,
        data: ImageData,
        seed: int,
        architecture_rate: float | None = None,
        config: AutoSpaceConfig = CONFIG,
    ) -> None:
        self._config, self._seed, self._data = config, seed, data
        supernet = NB201Slots(space, config.slots + 1, RESNET, seed)
        self._networks = networks_of(supernet.space)
        self._active = supernet.space.active
        self._trainer = SupernetTrainer(supernet, NB201_RECIPE, data.train)
        rate = config.architecture_rate
        self._rule = ArchitectureRule(
            rule="first_order",
            rate=rate if architecture_rate is None else architecture_rate,
            betas=config.architecture_betas,
            weight_decay=0.0,
            deviation=0.0,
            epochs_without=config.epochs_without,
            loss_images=config.loss_images,
            distance_images=config.loss_images,
        )
        self._number = 0

    def test(
        self,
        cells: list[Path],
        parents: list[Path | None],
        bench: list[Path],
    ) -> list[Tested]:
        """Trains a round, and returns what it says of its cells.

        Args:
            cells: Those of all slots but the reference's.
            parents: Whom each inherits from, if it comes in.
            bench: Further cells whose weights are kept.
        """
        job = self._job(cells, parents, bench)
        training = SupernetTraining(
            job, self._trainer, self._networks, self._data.validation
        )
        if self._number:
            training.start_from(self._trainer.checkpoint("before", ""))
        else:
            training.start_fresh()
        training.run()
        evidence = _evidence(training.result(0.0, ""), job)
        found = [
            Tested(
                self._number,
                slot,
                path,
                {name: float(said[slot]) for name, said in evidence.items()},
            )
            for slot, path in enumerate(cells)
        ]
        self._number += 1
        return found

    def _job(
        self,
        cells: list[Path],
        parents: list[Path | None],
        bench: list[Path],
    ) -> TrainSupernet:
        config, blocks = self._config, len(self._active)
        names = (*map(name_of, cells), name_of(RESNET))
        born_of = (*(name_of(each) if each else "" for each in parents), "")
        draws_all = config.cell_start == "fresh"
        first, last = config.learning_rates
        start, end = (
            first + (last - first) * each / config.max_rounds
            for each in (self._number, self._number + 1)
        )
        if draws_all:
            start, end = first, last
        return TrainSupernet(
            id=f"{self._number:05}_train_supernet",
            active=self._active,
            epochs=config.round_epochs,
            schedule=RateSchedule(first=start, last=end),
            seed=self._seed,
            weights=WeightRule(rule="mixed"),
            architecture=self._rule,
            base="reset" if self._number else "initial",
            seats=Seats(
                cells=(names,) * blocks,
                parents=(born_of,) * blocks,
                bench=(tuple(map(name_of, bench)),) * blocks,
                draws_all=draws_all,
            ),
        )


def _evidence(
    result: SupernetTrained, job: TrainSupernet
) -> dict[str, np.ndarray]:
    """Returns what a round says of cells by each fitness."""
    return {
        name: evidence_of(values_of(name, result, job), "path")
        for name in FITNESSES
    }


def mutated_cells(indices: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Returns cells that differ from their parents in the op of one edge.

    Args:
        indices: Numbers of base 5, `(count,)`.
        rng: Draws what changes.
    """
    powers = NUM_OPS ** rng.integers(0, len(NOTHING), len(indices))
    ops = indices // powers % NUM_OPS
    others = (ops + rng.integers(1, NUM_OPS, len(indices))) % NUM_OPS
    changed: np.ndarray = indices + (others - ops) * powers
    return changed


def path_at(index: int) -> Path:
    """Returns the cell of a number of base 5."""
    return tuple(index // NUM_OPS**edge % NUM_OPS for edge in range(6))


def index_of(path: Path) -> int:
    """Returns the number of a cell."""
    return sum(op * NUM_OPS**edge for edge, op in enumerate(path))


def random_rounds(
    rounds: Rounds, seed: int, config: AutoSpaceConfig = CONFIG
) -> Iterator[list[Tested]]:
    """Yields rounds of random cells, with fresh weights each."""
    rng = np.random.default_rng([seed, 7])
    for _ in range(config.max_rounds):
        drawn = rng.choice(NUM_OPS**6, config.slots, replace=False)
        cells = [path_at(index) for index in drawn.tolist()]
        yield rounds.test(cells, [None] * len(cells), [])


def controls(
    rounds: Rounds, seed: int, config: AutoSpaceConfig = CONFIG
) -> Iterator[list[Tested]]:
    """Yields rounds of one random cell in two slots, and one of `none` only."""
    rng = np.random.default_rng([seed, 8])
    for _ in range(config.max_rounds):
        cell = path_at(int(rng.integers(NUM_OPS**6)))
        yield rounds.test([cell, cell, NOTHING], [None] * 3, [])


@dataclasses.dataclass(frozen=True)
class Policy:
    """How a population evolves; the defaults are those of the search.

    Attributes:
        config: Its numbers.
        is_random: Whether all that is tested is drawn at random.
        removes: What goes: the `worst` or the `oldest` member.
    """

    config: AutoSpaceConfig = CONFIG
    is_random: bool = False
    removes: str = "worst"


def evolve(
    test: Callable[[int, Turn, Turn], list[float]], policy: Policy, seed: int
) -> list[Path]:
    """Returns the best cells of an evolution, best first.

    Args:
        test: Returns the evidence of cells, given the number of the round, the
            cells and the population.
        policy: How it evolves.
        seed: Seed of all that is drawn.
    """
    config = policy.config
    allowed = np.ones(NUM_OPS**6, bool)
    # The reference is no member.
    allowed[index_of(RESNET)] = False
    rng = np.random.default_rng([seed, 9])
    members: Turn = ()
    if not policy.is_random:
        members = first_members(config.population, allowed, rng)
    for number in range(config.max_rounds):
        if policy.is_random:
            drawn = rng.choice(np.flatnonzero(allowed), config.slots, False)
            turn: Turn = tuple(Member(index=each) for each in drawn.tolist())
        else:
            turn = new_turn(
                members,
                number=number,
                slots=config.slots,
                mutants=config.num_mutants,
                tournament=config.tournament,
                allowed=allowed,
                rng=rng,
                mutate=mutated_cells,
            )
        said = test(number, turn, members)
        members = _after(members, turn, said, policy)
    best = best_of(members, config.num_evolved, config.least_visits)
    return [path_at(each.index) for each in best]


def _after(
    members: Turn, turn: Turn, said: list[float], policy: Policy
) -> Turn:
    """Returns the population after a round."""
    momentum = policy.config.momentum
    if policy.is_random or policy.removes == "oldest":
        # As many more as there are newcomers stay, so that nobody is removed.
        known = {each.index for each in members}
        room = tuple(each for each in turn if each.index not in known)
        grown = after_turn((*members, *room), turn, said, momentum=momentum)
        size = len(grown) if policy.is_random else len(members)
        return grown[len(grown) - size :]
    return after_turn(members, turn, said, momentum=momentum)


class Evolved:
    """An evolution by real rounds.

    Args:
        rounds: What tests cells.
        fitness: What counts.
        seed: Seed of all that is drawn.
        config: Its numbers.

    Attributes:
        tested: What was said, as far as it has come.
        best: The best cells, best first.
    """

    def __init__(
        self, rounds: Rounds, fitness: str, seed: int, config: AutoSpaceConfig
    ) -> None:
        self._rounds, self._fitness = rounds, fitness
        self.tested: list[list[Tested]] = []
        self.best = evolve(self._test, Policy(config), seed)

    def _test(self, number: int, turn: Turn, members: Turn) -> list[float]:
        del number
        there = {each.index for each in members}
        tested = self._rounds.test(
            [path_at(each.index) for each in turn],
            [
                None
                if each.parent is None or each.index in there
                else path_at(each.parent)
                for each in turn
            ],
            [path_at(index) for index in sorted(there)],
        )
        self.tested.append(tested)
        return [each.said[self._fitness] for each in tested]


def shuffled(data: ImageData, seed: int) -> ImageData:
    """Returns the data with validation labels that say nothing."""
    labels = np.random.default_rng([seed, 11]).permutation(
        data.validation.labels
    )
    return dataclasses.replace(
        data, validation=ImageSet(data.validation.images, labels)
    )
