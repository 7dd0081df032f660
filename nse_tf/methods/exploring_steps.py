"""Steps of plans that explore a space with inherited weights."""

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

# What generators are drawn for; see `Method.new_rng`.
EXPLORING = 2


def explore_children(
    method: Method,
    model: CostModel,
    budget: Budget,
    weights: str,
    evaluating: Evaluating,
    *,
    explorer: str,
    exploring: ExplorerConfig,
    seed: int,
) -> Steps[list[EvaluatedChild]]:
    """Evaluates children generation by generation; returns them best first.

    Args:
        method: Whose plan it is; gets the jobs and events.
        model: Cost model of the space to explore.
        budget: What children must fit.
        weights: Reference of the supernet's weights.
        evaluating: How children are evaluated.
        explorer: One of `EXPLORERS`.
        exploring: How many children it looks at, and which.
        seed: Seed of its draws.

    Raises:
        SearchError: If no child could be evaluated.
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
        fitness = yield from evaluate_paths(
            method, model, paths, weights, evaluating, generation=generation
        )
        generation += 1
        try:
            paths = offers.send(fitness)
        except StopIteration:
            paths = None
    return ranked_children(method, state)


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


def ranked_children(method: Method, state: Exploration) -> list[EvaluatedChild]:
    """Returns the children that could be evaluated, best first; for plans.

    Of children of equal accuracy the one with fewer MACs is better. The Pareto
    front is noted.

    Raises:
        SearchError: If no child could be evaluated.
    """
    if not np.isfinite(state.fitness).any():
        raise SearchError("No child could be evaluated; see the failed jobs.")
    macs = state.model.path_costs("macs", np.array(state.paths))
    ranked = [
        EvaluatedChild(tuple(state.paths[i].tolist()), state.fitness[i])
        for i in np.lexsort((macs, -np.array(state.fitness)))
        if np.isfinite(state.fitness[i])
    ]
    front = pareto_front(
        state.model.path_costs(
            "macs", np.array([child.path for child in ranked])
        ),
        np.array([child.accuracy for child in ranked]),
    )
    method.note(FrontFound(paths=tuple(ranked[i].path for i in front)))
    return ranked


def _as_paths(paths: np.ndarray) -> tuple[Path, ...]:
    return tuple(map(tuple, paths.tolist()))
