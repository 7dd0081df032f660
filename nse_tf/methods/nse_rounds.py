"""Steps of a round of evolution: train what is active, evaluate proposals."""

import dataclasses
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
from nse_tf.methods.chance import judge_supernet
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


@dataclasses.dataclass(frozen=True, kw_only=True)
class Round:
    """What a round's training came to.

    Attributes:
        number: The round, from 0 on.
        left: Active ops of each cell that were not dropped.
        probabilities: Probability of each op to be open in a proposal.
        result: What the training came back with.
        weights: Reference of the weights.
    """

    number: int
    left: Genes
    probabilities: np.ndarray
    result: SupernetTrained
    weights: str


def train_branches(
    method: Method,
    pools: Pools,
    aims: Aims,
    config: SpaceEvolutionConfig,
    number: int,
) -> Steps[Round]:
    """Trains a round's active ops and their fitness indicators; for plans."""
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
    probabilities = fitness_indicators(np.array(architecture.parameters))
    weights = weights_of(job.id, trained)
    return Round(
        number=number,
        left=architecture.left,
        probabilities=probabilities,
        result=trained,
        weights=weights,
    )


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
    return Round(
        number=number,
        left=pools.active,
        probabilities=half,
        result=trained,
        weights=weights,
    )


class EvaluatedRound(NamedTuple):
    """What the evaluation of a round came to.

    Attributes:
        ranked: All networks that could be evaluated, without the extra ones,
            best first.
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
    """Evaluates proposals and, again, the old front; for plans.

    Args:
        method: Whose plan it is; gets the jobs and events.
        model: Cost model of the pool.
        trained: The round.
        groups: Proposals within the window, extra ones below it, and the old
            front.
        aims: What networks should cost.
        config: The numbers of the search.

    Raises:
        SearchError: If nothing could be evaluated.
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
    judge_supernet(method, accuracies)
    children = _noted_children(method, model, genes, accuracies, trained.number)
    costs = np.array([aims.costing.of(each) for each in genes])
    counts = _Counts(len(new), len(extra), len(old))
    chosen, is_overruled = _front(costs, accuracies, counts)
    method.note(
        FrontEvolved(
            stage=trained.number,
            front=tuple(children[index].path for index in chosen),
            cost=config.cost,
            costs=tuple(costs[chosen].tolist()),
            accuracies=tuple(accuracies[chosen].tolist()),
            num_new=counts.new,
            num_extra=counts.extra,
            num_old=counts.old,
            num_left_behind=len(before) - counts.old,
            is_overruled=is_overruled,
        )
    )
    _require_front(chosen, counts, trained.number)
    order = np.lexsort((costs, -accuracies))
    ranked = order[np.isfinite(accuracies[order]) & ~counts.is_extra[order]]
    return EvaluatedRound(
        [children[index] for index in ranked],
        [children[index] for index in chosen],
    )


class _Counts(NamedTuple):
    """How many networks of each group a round evaluates, in this order."""

    new: int
    extra: int
    old: int

    @property
    def is_extra(self) -> np.ndarray:
        """Which networks are extra ones, `(count,)`."""
        numbers = np.arange(sum(self))
        are: np.ndarray = (numbers >= self.new) & (
            numbers < self.new + self.extra
        )
        return are


def _front(
    costs: np.ndarray, accuracies: np.ndarray, counts: _Counts
) -> tuple[np.ndarray, bool]:
    """Returns the front, and whether it had to leave extra networks out.

    Where some extra network beats each of the others, the front is that of the
    others alone.
    """
    known = np.where(np.isfinite(accuracies), accuracies, np.nan)
    chosen = evolved_front(costs, known, counts.new, counts.extra)
    if len(chosen):
        return chosen, False
    within = np.where(counts.is_extra, np.nan, known)
    return evolved_front(costs, within, counts.new, counts.extra), True


def _require_front(chosen: np.ndarray, counts: _Counts, number: int) -> None:
    if not len(chosen):
        raise SearchError(
            f"The front of round {number} is empty: of its {counts.new} "
            f"proposals and {counts.old} old networks none could be "
            "evaluated; see the failed jobs."
        )


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


def _noted_children(
    method: Method,
    model: CostModel,
    genes: Sequence[Genes],
    accuracies: np.ndarray,
    number: int,
) -> list[EvaluatedChild]:
    """Returns the networks of a round with their accuracies; notes them."""
    children = [
        EvaluatedChild(path_of(model.space, each), float(accuracy))
        for each, accuracy in zip(genes, accuracies, strict=True)
    ]
    costs = [model.costs(model.space.genotype(each.path)) for each in children]
    method.note(
        GenerationEvaluated(
            generation=number,
            paths=tuple(each.path for each in children),
            accuracies=all_known(accuracies),
            costs={
                name: tuple(each[name] for each in costs)
                for name in model.names
            },
        )
    )
    return children
