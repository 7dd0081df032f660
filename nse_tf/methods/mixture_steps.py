"""Steps of plans that mix candidates and draw one network at the end."""

import numpy as np

from nse_tf.costs import Budget, CostModel
from nse_tf.events import CellDrawn, MixtureTrained, known
from nse_tf.jobs import ArchitectureTrained, TrainSupernet
from nse_tf.methods.chance import judge_supernet
from nse_tf.methods.discretizing import Drawn, likeliest, skip_shares
from nse_tf.methods.evaluating import (
    EvaluatedChild,
    Evaluating,
    evaluate_children,
    genes_of,
)
from nse_tf.methods.final_training import pick_finalists, train_finalists
from nse_tf.methods.method import Method, Plan, Steps
from nse_tf.methods.mixture_config import MixtureConfig
from nse_tf.methods.shrinking_steps import note_space, shrink
from nse_tf.spaces import SearchSpace
from nse_tf.spaces.genotype import Path

# What generators of the network that is drawn are drawn for; see
# `Method.new_rng`.
DRAWING = 3
# More of a cell's edges without computation than this share is a collapse.
COLLAPSE = 0.5


def require_cells(space: SearchSpace, name: str) -> None:
    """Refuses a space that has no cells to mix.

    Args:
        space: The space.
        name: What the search is called.

    Raises:
        ValueError: If it has none.
    """
    if not space.skeleton.cell_kinds:
        raise ValueError(
            f"{name} needs a space of cells, such as 'nb201', but space "
            f"{space.name!r} has the skeleton {space.skeleton.kind!r}: search "
            "it by spos or proxylessnas, which take every space."
        )


def shrink_first(
    method: Method, model: CostModel, budget: Budget, config: MixtureConfig
) -> Steps[SearchSpace]:
    """Returns the space to search: whole, or what shrinking leaves; for plans.

    Args:
        method: Whose plan it is; gets the jobs and events.
        model: Cost model of the whole space.
        budget: What networks must fit.
        config: Says how the space is shrunk, if it is.
    """
    shrinking = config.shrinking_first
    if shrinking is None:
        note_space(method, model.space, stage=0)
        return model.space
    return (yield from shrink(method, model, budget, shrinking))


def note_mixture(
    method: Method,
    model: CostModel,
    budget: Budget,
    trained: ArchitectureTrained,
    job: TrainSupernet,
) -> np.ndarray:
    """Notes what parameters came to; returns the probabilities that count.

    Args:
        method: Whose plan it is; gets the event.
        model: Costs in the space that was mixed.
        budget: What the network must fit in the end.
        trained: The parameters.
        job: What trained them.

    Returns:
        `(num_blocks, max_candidates)`, 0 where not active.
    """
    space = model.space
    epochs = [_matrix(space, epoch) for epoch in trained.history]
    paths = [likeliest(space, each) for each in epochs]
    limited = [name for name in model.names if name in budget.limits]
    (cost, *_) = [*limited, "macs"]
    method.note(
        MixtureTrained(
            architecture_losses=trained.losses,
            active=space.active,
            history=trained.history,
            cell_kinds=space.as_cells().skeleton.cell_kinds,
            skip_shares=tuple(skip_shares(space, path) for path in paths),
            eigenvalues=tuple(
                (epoch, known(value)) for epoch, value in trained.eigenvalues
            ),
            kept_epoch=trained.kept_epoch,
            num_cells=job.num_cells,
            cost=cost,
            drawn_costs=tuple(
                model.costs(space.genotype(path))[cost] for path in paths
            ),
            limit=budget.limits.get(cost),
        )
    )
    if trained.kept_epoch is not None:
        return epochs[trained.kept_epoch]
    return np.array(trained.probabilities)


def note_cell(
    method: Method, model: CostModel, likeliest_path: Path, drawn: Drawn
) -> None:
    """Notes a network that was drawn; for plans.

    Args:
        method: Whose plan it is; gets the event.
        model: Costs in the space that it was drawn from.
        likeliest_path: What parameters speak for, whatever it costs.
        drawn: What was drawn from them.
    """
    space = model.space
    kinds = space.as_cells().skeleton.cell_kinds
    shares = skip_shares(space, drawn.path)
    method.note(
        CellDrawn(
            path=drawn.path,
            likeliest=likeliest_path,
            bend=known(drawn.bend),
            costs=model.costs(space.genotype(drawn.path)),
            cell_kinds=kinds,
            skip_shares=shares,
            collapsed=tuple(
                kind
                for kind, share in zip(kinds, shares, strict=True)
                if share > COLLAPSE
            ),
        )
    )


def train_drawn(
    method: Method,
    path: tuple[int, ...],
    weights: str,
    model: CostModel,
    budget: Budget,
    config: MixtureConfig,
) -> Plan:
    """Evaluates the network that was drawn and trains it alone; for plans.

    Args:
        method: Whose plan it is; gets the jobs and events.
        path: The network.
        weights: Reference of the mixture's weights.
        model: Costs in what is left of the space.
        budget: What the network must fit.
        config: The numbers of the final training.
    """
    child = yield from _evaluated(method, path, weights, config.evaluating)
    finalists = yield from pick_finalists(
        method, [child], model, budget, config
    )
    yield from train_finalists(method, finalists, model, budget, config)


def _evaluated(
    method: Method,
    path: tuple[int, ...],
    weights: str,
    evaluating: Evaluating,
) -> Steps[EvaluatedChild]:
    """Returns the network with its accuracy by the mixture's weights.

    Whether that is above chance is noted; parameters decide all the same.
    """
    accuracies = yield from evaluate_children(
        method, genes_of(np.array([path])), weights, evaluating, generation=0
    )
    judge_supernet(method, accuracies)
    return EvaluatedChild(path, float(accuracies[0]))


def _matrix(
    space: SearchSpace, rows: tuple[tuple[float, ...], ...]
) -> np.ndarray:
    """Returns probabilities of active candidates as a matrix, else 0."""
    found = np.zeros((len(space.blocks), space.max_candidates))
    for row, indices, values in zip(found, space.active, rows, strict=True):
        row[list(indices)] = values
    return found
