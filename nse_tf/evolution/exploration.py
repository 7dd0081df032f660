"""The state of an exploration: evaluated paths, and paths not yet offered."""

import dataclasses
import functools
import heapq
from collections.abc import Generator, Iterable, Iterator

import numpy as np

from nse_tf.costs import Budget, CostModel, sample_within

LARGEST_LISTED = 1_000_000

Explorer = Generator[np.ndarray, np.ndarray, None]


@dataclasses.dataclass(frozen=True, kw_only=True)
class ExplorerConfig:
    """How the space is explored.

    The defaults are those that ABS uses after shrinking the SPOS space.

    Attributes:
        num_children: How many children are evaluated in total.
        population: Children between two rounds of selection (evolution and
            NSGA-II), or alive at once (NSGA-II and regularized evolution).
        num_parents: How many of the best so far have children (evolution).
        mutation_probability: Probability of redrawing a gene of a mutant
            (evolution and NSGA-II).
        tournament: How many living paths, drawn with repeats, compete to be a
            parent (regularized evolution).
        batch: Children bred before any of them is evaluated (random search and
            regularized evolution), as if by that many workers.

    Raises:
        ValueError: If a number is below 1, or the probability not in (0, 1].
    """

    num_children: int = 1000
    population: int = 50
    num_parents: int = 10
    mutation_probability: float = 0.5
    tournament: int = 10
    batch: int = 10

    def __post_init__(self) -> None:
        for name, value in dataclasses.asdict(self).items():
            if name == "mutation_probability":
                if not 0 < value <= 1:
                    raise ValueError(
                        f"`mutation_probability` must lie in (0, 1], not "
                        f"{value}."
                    )
            elif value < 1:
                raise ValueError(f"`{name}` must be at least 1, not {value}.")


@dataclasses.dataclass(kw_only=True)
class Exploration:
    """The space being explored, and what was evaluated so far.

    Attributes:
        model: Costs of paths; its space is explored.
        budget: The budget of the paths.
        config: How to explore.
        rng: Random generator of everything.
        paths: Evaluated paths, in order.
        fitness: Fitness of each; `-inf` where it is unknown.
    """

    model: CostModel
    budget: Budget
    config: ExplorerConfig
    rng: np.random.Generator
    paths: list[np.ndarray] = dataclasses.field(default_factory=list)
    fitness: list[float] = dataclasses.field(default_factory=list)
    # Rows of paths as bytes, also of paths that wait for evaluation.
    _taken: set[bytes] = dataclasses.field(default_factory=set, init=False)
    # By `count`: how many paths `best` has seen, and the best of those as
    # (-fitness, index). Only later paths are compared with them, so that a call
    # takes the same time however many were evaluated before.
    _best: dict[int, tuple[int, list[tuple[float, int]]]] = dataclasses.field(
        default_factory=dict, init=False
    )
    _num_dealt: int = dataclasses.field(default=0, init=False)

    @property
    def num_left(self) -> int:
        """How many children may still be evaluated."""
        return self.config.num_children - len(self.paths)

    def best(self, count: int) -> np.ndarray:
        """Returns the indices of the fittest so far, best first."""
        num_seen, kept = self._best.get(count, (0, []))
        new = [
            (-fitness, index)
            for index, fitness in enumerate(self.fitness[num_seen:], num_seen)
        ]
        # The index is the second key: of equals the earlier path comes first.
        kept = heapq.nsmallest(count, kept + new)
        self._best[count] = (len(self.fitness), kept)
        return np.array([index for _, index in kept], np.int64)

    def evaluate(self, paths: np.ndarray) -> Explorer:
        """Yields paths and records the fitness that is sent back.

        Raises:
            ValueError: If the fitness does not match the paths in number.
        """
        fitness = yield paths
        if len(fitness) != len(paths):
            raise ValueError(
                f"{len(paths)} paths were to be evaluated, but there are "
                f"{len(fitness)} numbers of fitness."
            )
        self.paths.extend(paths)
        # NaN compares as false with everything, so it could win a tournament.
        known = np.where(np.isnan(fitness), -np.inf, fitness)
        self.fitness.extend(known.tolist())

    def take(self, offers: Iterable[np.ndarray], count: int) -> np.ndarray:
        """Returns the first `count` valid paths that fit and are new.

        Args:
            offers: Paths `(any, num_blocks)` to choose from, lot by lot; only
                as many lots are read as needed.
            count: How many to take; fewer if the offers run out.
        """
        taken: list[np.ndarray] = []
        for paths in offers if count else ():
            # Rows as bytes, to find repeated paths in a set.
            # Contiguous for the view; 16 bits are enough for an index.
            coded = np.ascontiguousarray(paths, np.int16)
            keys = coded.view(f"V{2 * paths.shape[1]}").ravel().tolist()
            valid = self.model.space.is_valid(paths).tolist()
            new = [
                i
                for i, key in enumerate(keys)
                if valid[i] and key not in self._taken
            ]
            if not new:
                continue
            excess = self.budget.path_excess(self.model, paths[new])
            for index in np.array(new)[excess == 0.0]:
                key = keys[index]
                # Tested again, since a lot may hold a path twice.
                if key not in self._taken and len(taken) < count:
                    self._taken.add(key)
                    taken.append(paths[index])
            if len(taken) == count:
                break
        return np.array(taken, np.int64).reshape(
            -1, len(self.model.space.blocks)
        )

    def take_random(self, count: int) -> np.ndarray:
        """Takes up to `count` random paths; fewer if no more are found.

        A space of at most `LARGEST_LISTED` paths, such as a shrunk one, is
        listed and dealt like a deck of cards: however few paths fit, they are
        drawn uniformly, and all of them can be. A larger space is sampled.

        Raises:
            BudgetError: If no path fits the budget.
        """
        if self._num_paths <= LARGEST_LISTED:
            return self.take(self._dealt(), count)
        return self.take(
            (
                sample_within(
                    self.model,
                    self.budget,
                    self.rng,
                    4 * count,
                    max_draws=20_000,
                )
                for _ in range(50)
            ),
            count,
        )

    @property
    def _num_paths(self) -> int:
        return self.model.space.num_valid

    @functools.cached_property
    def _deck(self) -> np.ndarray:
        """The numbers of all paths that fit, shuffled."""
        # In lots, since a million paths and their costs at once take much
        # memory.
        lots = np.array_split(
            np.arange(self._num_paths), self._num_paths // 50_000 + 1
        )
        fitting = np.concatenate(
            [
                lot[
                    self.budget.path_excess(self.model, self._paths_of(lot))
                    == 0
                ]
                for lot in lots
            ]
        )
        if len(fitting) == 0:  # Raises an error that names the closest cost.
            sample_within(self.model, self.budget, self.rng, 1)
        return self.rng.permutation(fitting)

    def _dealt(self) -> Iterator[np.ndarray]:
        """Yields the deck lot by lot, from the one that was read last.

        All of those before it were taken.
        """
        for start in range(self._num_dealt, len(self._deck), 1000):
            # The lot read last may hold paths that were not wanted yet; those
            # that were taken, `take` passes over.
            self._num_dealt = start
            yield self._paths_of(self._deck[start : start + 1000])

    def _paths_of(self, numbers: np.ndarray) -> np.ndarray:
        """Returns the paths of these numbers, which count all paths."""
        space, rows = self.model.space, []
        for decision in space.joint_decisions:
            # Digits of a mixed radix, the first decision being the lowest.
            numbers, digits = np.divmod(numbers, len(decision.rows))
            rows.append(digits)
        return space.of_rows(np.stack(rows, axis=1))
