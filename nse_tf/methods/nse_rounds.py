"""Steps of a round of evolution: train what is active, judge proposals."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from nse_tf.costs import CostModel
from nse_tf.events import (
    FrontEvolved,
    GenerationEvaluated,
    IndicatorsTrained,
    all_known,
)
from nse_tf.evolution.pareto import evolved_front
from nse_tf.evolution.pools import Pools
from nse_tf.jobs import (
    ArchitectureRule,
    Genes,
    RateSchedule,
    SupernetTrained,
    TrainSupernet,
    WeightRule,
    weights_of,
)
from nse_tf.methods.evaluating import EvaluatedChild, evaluate_children
from nse_tf.methods.method import (
    Method,
    SearchError,
    Steps,
    require,
    require_architecture,
)
from nse_tf.methods.nse_aims import Aims
from nse_tf.methods.nse_config import SpaceEvolutionConfig
from nse_tf.methods.supernet_training import (
    Stretch,
    SupernetTraining,
    note_stage,
)
from nse_tf.spaces import SearchSpace
from nse_tf.spaces.genotype import Path
from nse_tf.spaces.subsets import fitness_indicators


class Round(NamedTuple):
    """What a round's training came to.

    Attributes:
        number: Which round.
        left: Active ops of each cell that were not dropped.
        opened: Probability of each op to be open in a proposal.
        result: What the training came back with.
        weights: Reference of the weights.
    """

    number: int
    left: Genes
    opened: np.ndarray
    result: SupernetTrained
    weights: str


def train_branches(
    method: Method,
    pools: Pools,
    aims: Aims,
    config: SpaceEvolutionConfig,
    number: int,
) -> Steps[Round]:
    """Trains a round's active ops and their indicators; for plans."""
    first, peak = config.learning_rates
    job = TrainSupernet(
        # The id seeds all that is drawn, so this text is part of the result.
        id=method.new_job_id("train_branches"),
        active=pools.active,
        epochs=config.round_epochs,
        schedule=RateSchedule(
            kind="warm_cosine",
            first=first,
            peak=peak,
            warmup_epochs=config.warmup_epochs,
        ),
        seed=config.seed,
        weights=WeightRule(rule="balanced", open_rate=config.open_rate),
        architecture=ArchitectureRule(
            rule="two_subsets",
            rate=config.architecture_rate,
            betas=config.architecture_betas,
            weight_decay=0.0,
            deviation=0.0,
            period=config.architecture_every,
            penalties=aims.penalties(config),
            drop_below=config.drop_below,
            locked=pools.locked if config.preserve_locked else (),
            locked_rate=config.locked_rate,
            other_moves_statistics=config.other_moves_statistics,
        ),
        only_active=True,
    )
    (result,) = yield [job]
    trained = require(result, SupernetTrained, job)
    architecture = require_architecture(trained, job)
    note_stage(method, job, trained, number)
    method.note(
        IndicatorsTrained(
            stage=number,
            architecture_losses=architecture.losses,
            active=pools.active,
            left=architecture.left,
            drops=architecture.drops,
            history=architecture.history,
        )
    )
    opened = fitness_indicators(np.array(architecture.parameters))
    weights = weights_of(job.id, trained)
    return Round(number, architecture.left, opened, trained, weights)


def train_paths(
    method: Method,
    pools: Pools,
    space: SearchSpace,
    config: SpaceEvolutionConfig,
    number: int,
) -> Steps[Round]:
    """Trains a round's active ops by uniform single paths; for plans."""
    training = SupernetTraining(
        learning_rates=(config.learning_rates[1], 0.0), seed=config.seed
    )
    trained, weights = yield from training.steps(
        method,
        space.restrict(pools.active),
        Stretch(epochs=config.round_epochs, stage=number),
    )
    half = np.full((len(space.blocks), space.max_candidates), 0.5)
    return Round(number, pools.active, half, trained, weights)


class EvaluatedRound(NamedTuple):
    """What the judging of a round came to.

    Attributes:
        ranked: All networks that could be judged, without the extra ones, best
            first.
        front: The front, by rising cost.
    """

    ranked: list[EvaluatedChild]
    front: list[EvaluatedChild]


def evaluate(
    method: Method,
    model: CostModel,
    trained: Round,
    groups: tuple[Sequence[Genes], Sequence[Genes], Sequence[EvaluatedChild]],
    aims: Aims,
    config: SpaceEvolutionConfig,
) -> Steps[EvaluatedRound]:
    """Judges proposals and, again, the old front; for plans.

    Args:
        method: Whose plan it is; gets the events.
        model: Prices networks.
        trained: The round.
        groups: Proposals within the window, extra ones below it, and the old
            front.
        aims: What networks should cost.
        config: The numbers of the search.

    Raises:
        SearchError: If nothing could be judged.
    """
    new, extra, before = groups
    old = [
        child.genes for child in before if _is_active(child.genes, trained.left)
    ]
    genes = [*new, *extra, *old]
    accuracies = yield from evaluate_children(
        method,
        genes,
        trained.weights,
        config.evaluating,
        generation=trained.number,
    )
    is_evaluated = np.isfinite(accuracies)
    costs = np.array([aims.costing.of(each) for each in genes])
    known = np.where(is_evaluated, accuracies, np.nan)
    chosen = evolved_front(costs, known, len(new), len(extra))
    is_overruled = not len(chosen)
    if is_overruled:  # Each is beaten by some extra one: then without those.
        is_extra = _are_extra(len(genes), len(new), len(extra))
        within = np.where(is_extra, np.nan, known)
        chosen = evolved_front(costs, within, len(new), len(extra))
    children = [
        EvaluatedChild(path_of(model.space, each), float(accuracy))
        for each, accuracy in zip(genes, accuracies, strict=True)
    ]
    _note_generation(method, model, children, trained.number)
    method.note(
        FrontEvolved(
            stage=trained.number,
            front=tuple(children[index].path for index in chosen),
            cost=config.cost,
            costs=tuple(costs[chosen].tolist()),
            accuracies=tuple(accuracies[chosen].tolist()),
            num_new=len(new),
            num_extra=len(extra),
            num_old=len(old),
            num_left_behind=len(before) - len(old),
            is_overruled=is_overruled,
        )
    )
    if not len(chosen):
        raise SearchError(
            f"The front of round {trained.number} is empty: of its {len(new)} "
            f"proposals and {len(old)} old networks none could be judged; see "
            "the failed jobs."
        )
    is_extra = _are_extra(len(genes), len(new), len(extra))
    ranked = [
        children[index]
        for index in np.lexsort((costs, -accuracies))
        if is_evaluated[index] and not is_extra[index]
    ]
    return EvaluatedRound(ranked, [children[index] for index in chosen])


def _are_extra(count: int, num_new: int, num_extra: int) -> np.ndarray:
    """Returns which of new, extra and old networks are extra ones."""
    numbers = np.arange(count)
    are: np.ndarray = (numbers >= num_new) & (numbers < num_new + num_extra)
    return are


def _is_active(genes: Genes, active: Genes) -> bool:
    """Whether there are weights for all that a network opens."""
    return all(
        set(gene) <= set(indices)
        for gene, indices in zip(genes, active, strict=True)
    )


def path_of(space: SearchSpace, genes: Genes) -> Path:
    """Returns genes as histories have them: indices where one is open."""
    if space.opens_subsets:
        return genes
    return tuple(gene[0] for gene in genes)


def _note_generation(
    method: Method,
    model: CostModel,
    children: Sequence[EvaluatedChild],
    number: int,
) -> None:
    costs = [model.costs(model.space.genotype(each.path)) for each in children]
    method.note(
        GenerationEvaluated(
            generation=number,
            paths=tuple(each.path for each in children),
            accuracies=all_known(each.accuracy for each in children),
            costs={
                name: tuple(each[name] for each in costs)
                for name in model.names
            },
        )
    )
