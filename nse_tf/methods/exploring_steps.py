"""Steps of plans that explore a space with inherited weights."""

from collections.abc import Callable, Mapping

import numpy as np

from nse_tf.costs import Budget, CostModel
from nse_tf.events import FrontFound, GenerationEvaluated, all_known
from nse_tf.evolution import (
    Exploration,
    ExplorerConfig,
    explore,
    pareto_front,
)
from nse_tf.methods.evaluating import (
    EvaluatedChild,
    Evaluating,
    evaluate_children,
    genes_of,
)
from nse_tf.methods.method import Method, SearchError, Steps
from nse_tf.spaces.genotype import Path

# Returns the fitness of single paths; also given is their generation's number.
Judge = Callable[[np.ndarray, int], Steps[np.ndarray]]

# What generators are drawn for; see `Method.new_rng`.
EXPLORING = 2


def explore_children(
    method: Method,
    model: CostModel,
    budget: Budget,
    judge: Judge,
    *,
    explorer: str,
    exploring: ExplorerConfig,
    seed: int,
) -> Steps[Exploration]:
    """Returns all children and their fitness, explored by generations.

    Args:
        method: Whose plan it is.
        model: Cost model of the space to explore.
        budget: What children must fit.
        judge: Returns the fitness of a generation.
        explorer: One of `EXPLORERS`.
        exploring: How many children it looks at, and which.
        seed: Seed of its draws.
    """
    state = Exploration(
        model=model,
        budget=budget,
        config=exploring,
        rng=method.new_rng(seed, EXPLORING),
    )
    offers = explore(explorer, state)
    generation = 0
    paths = next(offers, None)
    while paths is not None:
        fitness = yield from judge(paths, generation)
        generation += 1
        try:
            paths = offers.send(fitness)
        except StopIteration:
            paths = None
    return state


def evaluate_paths(
    method: Method,
    model: CostModel,
    paths: np.ndarray,
    weights: str,
    evaluating: Evaluating,
    *,
    generation: int = 0,
) -> Steps[np.ndarray]:
    """Returns the accuracy of each path, and notes the generation; for plans.

    Args:
        method: Whose plan it is; gets the jobs and events.
        model: Cost model of the space.
        paths: Candidate indices `(count, num_blocks)`.
        weights: Reference of the supernet's weights.
        evaluating: How children are evaluated.
        generation: Number of their generation.
    """
    fitness = yield from evaluate_children(
        method, genes_of(paths), weights, evaluating, generation=generation
    )
    method.note(
        GenerationEvaluated(
            generation=generation,
            paths=_as_paths(paths),
            accuracies=all_known(fitness),
            costs={
                name: tuple(model.path_costs(name, paths).tolist())
                for name in model.names
            },
        )
    )
    return fitness


def ranked_children(
    method: Method, state: Exploration, accuracies: Mapping[Path, float]
) -> list[EvaluatedChild]:
    """Returns the children that have a fitness, the fittest first; for plans.

    Of children of equal fitness the one with fewer MACs is better. The Pareto
    front is noted.

    Args:
        method: Whose plan it is; gets the event.
        state: All children and their fitness.
        accuracies: Of each path.

    Raises:
        SearchError: If no child could be evaluated.
    """
    fitness, paths = np.array(state.fitness), np.array(state.paths)
    if not np.isfinite(fitness).any():
        raise SearchError("No child could be evaluated; see the failed jobs.")
    macs = state.model.path_costs("macs", paths)
    order = np.lexsort((macs, -fitness))
    order = order[np.isfinite(fitness[order])]
    ranked = [
        EvaluatedChild(path, accuracies[path])
        for path in _as_paths(paths[order])
    ]
    front = pareto_front(macs[order], fitness[order])
    method.note(FrontFound(paths=tuple(ranked[i].path for i in front)))
    return ranked


def _as_paths(paths: np.ndarray) -> tuple[Path, ...]:
    return tuple(map(tuple, paths.tolist()))
