"""Explorers: random search, regularized evolution, and SPOS's evolution.

An explorer is a generator. It yields the paths that it wants judged,
`(count, num_places)`, and is sent their fitness `(count,)`; it draws every
path at most once, and only paths within the budget. All explorers judge
exactly `num_children` paths, so that they can be compared.
"""

import dataclasses
from collections.abc import Callable, Generator

import numpy as np

from nse_tf.costs import Budget, BudgetError, CostModel, sample_within
from nse_tf.evolution.variation import cross_over, mutate_genes, mutate_one_gene

Explorer = Generator[np.ndarray, np.ndarray, None]


@dataclasses.dataclass(frozen=True)
class ExplorerConfig:
    """How the space is explored.

    The defaults are those that ABS uses after shrinking the SPOS space.

    Attributes:
        num_children: How many children are judged altogether.
        population: How many are judged between two rounds of selection
            (evolution), or live at once (regularized evolution).
        num_parents: The best so far that have children (evolution).
        mutation_probability: Of redrawing a gene of a mutant (evolution).
        tournament: How many of the living a parent is the best of (regularized
            evolution).
        batch: Children bred before any of them is judged (random search and
            regularized evolution), as if by that many workers.
    """

    num_children: int = 1000
    population: int = 50
    num_parents: int = 10
    mutation_probability: float = 0.5
    tournament: int = 10
    batch: int = 10

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if field.name == "mutation_probability":
                if not 0 < value <= 1:
                    raise ValueError(
                        "`mutation_probability` must lie in (0, 1], not "
                        f"{value}."
                    )
            elif value < 1:
                raise ValueError(
                    f"`{field.name}` must be at least 1, not {value}."
                )


@dataclasses.dataclass
class Exploration:
    """The space being explored, and what was judged so far.

    Attributes:
        model: Prices paths; its space is the one explored.
        budget: What paths must fit.
        config: How to explore.
        rng: Draws everything.
        paths: Judged paths, in order.
        fitness: Their fitness.
    """

    model: CostModel
    budget: Budget
    config: ExplorerConfig
    rng: np.random.Generator
    paths: list[np.ndarray] = dataclasses.field(default_factory=list)
    fitness: list[float] = dataclasses.field(default_factory=list)
    _seen: set[bytes] = dataclasses.field(default_factory=set)

    @property
    def num_left(self) -> int:
        """How many children may still be judged."""
        return self.config.num_children - len(self.paths)

    def new_ones(self, paths: np.ndarray, limit: int) -> np.ndarray:
        """Returns the first `limit` paths that fit and were never returned."""
        fits = self.budget.path_excess(self.model, paths) == 0.0
        chosen = []
        for path in paths[fits]:
            key = path.astype(np.int16).tobytes()
            if len(chosen) < limit and key not in self._seen:
                self._seen.add(key)
                chosen.append(path)
        return np.array(chosen, np.int64).reshape(
            -1, len(self.model.space.blocks)
        )

    def random_ones(self, count: int, max_rounds: int = 50) -> np.ndarray:
        """Returns up to `count` new random paths; fewer if none are left."""
        chosen = self.new_ones(
            np.empty((0, len(self.model.space.blocks)), int), 0
        )
        for _ in range(max_rounds):
            missing = min(count, self.model.space.size - len(self._seen)) - len(
                chosen
            )
            if missing <= 0:
                break
            drawn = sample_within(
                self.model, self.budget, self.rng, 4 * missing
            )
            chosen = np.concatenate([chosen, self.new_ones(drawn, missing)])
        return chosen

    def judge(
        self, paths: np.ndarray
    ) -> Generator[np.ndarray, np.ndarray, None]:
        """Yields paths and notes the fitness that is sent back.

        Raises:
            ValueError: If the fitness does not match the paths in number.
        """
        fitness = yield paths
        if len(fitness) != len(paths):
            raise ValueError(
                f"{len(paths)} paths were to be judged, {len(fitness)} numbers "
                "came back."
            )
        self.paths.extend(paths)
        self.fitness.extend(float(each) for each in fitness)

    def best(self, count: int) -> np.ndarray:
        """Returns the indices of the fittest so far, best first."""
        return np.argsort(-np.array(self.fitness), kind="stable")[:count]


def random_search(state: Exploration) -> Explorer:
    """Judges uniformly drawn paths."""
    while state.num_left > 0:
        paths = state.random_ones(min(state.config.batch, state.num_left))
        if not len(paths):
            return
        yield from state.judge(paths)


def evolution(state: Exploration) -> Explorer:
    """Breeds from the best so far: half by crossover, half by mutation.

    Each generation has `population` new children: first as many as half of
    it by crossing two random parents among the best `num_parents` so far, then
    mutants of one random parent, and random paths where too few new ones came
    of it.

    References:
        Guo et al., Single Path One-Shot NAS (2019), algorithm 1:
        https://arxiv.org/abs/1904.00420; numbers as in ABS's code.
    """
    config = state.config
    while state.num_left > 0:
        size = min(config.population, state.num_left)
        children = state.new_ones(
            np.empty((0, len(state.model.space.blocks)), int), 0
        )
        if state.paths:
            parents = np.array(state.paths)[state.best(config.num_parents)]

            def pick(count: int, among: np.ndarray = parents) -> np.ndarray:
                return among[state.rng.integers(len(among), size=count)]

            crossed = cross_over(state.rng, pick(10 * size), pick(10 * size))
            children = state.new_ones(crossed, size // 2)
            mutants = mutate_genes(
                state.model.space,
                state.rng,
                pick(20 * size),
                config.mutation_probability,
            )
            children = np.concatenate(
                [children, state.new_ones(mutants, size - len(children))]
            )
        if len(children) < size:
            fresh = state.random_ones(size - len(children))
            children = np.concatenate([children, fresh])
        if not len(children):
            return
        yield from state.judge(children)


def regularized_evolution(state: Exploration) -> Explorer:
    """Breeds from tournament winners; the oldest die.

    References:
        Real et al., Regularized Evolution for Image Classifier Architecture
        Search (2018), algorithm 1: https://arxiv.org/abs/1802.01548. Children
        are bred `batch` at a time, as by asynchronous workers.
    """
    config = state.config
    founders = min(config.population, state.num_left)
    yield from _judged_if_any(state, state.random_ones(founders))
    while state.num_left > 0 and state.paths:
        size = min(config.batch, state.num_left)
        living = np.arange(
            max(0, len(state.paths) - config.population), len(state.paths)
        )
        children = state.new_ones(np.empty((0, len(state.paths[0])), int), 0)
        for _ in range(100 * size):
            if len(children) == size or state.model.space.size == 1:
                break
            rivals = state.rng.choice(
                living, size=min(config.tournament, len(living))
            )
            winner = max(rivals, key=lambda i: state.fitness[i])
            mutant = mutate_one_gene(
                state.model.space, state.rng, state.paths[winner]
            )
            children = np.concatenate(
                [children, state.new_ones(mutant[None], 1)]
            )
        if len(children) < size:
            fresh = state.random_ones(size - len(children))
            children = np.concatenate([children, fresh])
        if not len(children):
            return
        yield from state.judge(children)


def _judged_if_any(state: Exploration, paths: np.ndarray) -> Explorer:
    if len(paths):
        yield from state.judge(paths)


EXPLORERS: dict[str, Callable[[Exploration], Explorer]] = {
    "evolution": evolution,
    "random": random_search,
    "regularized_evolution": regularized_evolution,
}


def explore(name: str, state: Exploration) -> Explorer:
    """Returns the explorer of that name, ready to yield paths.

    Raises:
        BudgetError: If the budget is out of the space's reach.
        ValueError: If no explorer has that name.
    """
    if name not in EXPLORERS:
        raise ValueError(
            f"No explorer is named {name!r}; there are {', '.join(EXPLORERS)}."
        )
    state.budget.check_reachable(state.model)
    return EXPLORERS[name](state)


__all__ = [
    "EXPLORERS",
    "BudgetError",
    "Exploration",
    "ExplorerConfig",
    "explore",
]
