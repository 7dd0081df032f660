"""What a winner is held against: networks that nobody searched for.

A random network of the space that fills the budget, and MobileNetV2 and
MobileNetV3 at the widths that fill it. They are trained as the winner is, from
fresh weights, and cannot win.
"""

import dataclasses
import functools
import math
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from nse_tf.costs import Budget, BudgetError, CostModel, sample_within
from nse_tf.events import (
    BaselineTrained,
    StageTrained,
    SupernetWarmedUp,
    TrainedAlone,
    known,
)
from nse_tf.evolution.proposals import OpCosting, Window, propose
from nse_tf.jobs import ChildTrained, Genes, Teacher, TrainChild
from nse_tf.methods.evaluating import genes_of
from nse_tf.methods.final_training_config import FinalTrainingConfig
from nse_tf.methods.method import Method, Steps, require
from nse_tf.spaces import SearchSpace
from nse_tf.spaces.mobilenet import mobilenet_v2_like
from nse_tf.spaces.mobilenet_v3 import mobilenet_v3_like
from nse_tf.spaces.space_json import space_to_text

# What generators are drawn for; see `Method.new_rng`.
BASELINES = 5
# The part of a run's epochs that baselines may take unless always wanted.
LARGEST_SHARE = 0.2
# What a network that fills the budget has at least of its MACs.
_FILLED = 0.9
# The widths of MobileNets that are looked at: hundredths, up to twice as wide.
_WIDTHS = range(5, 201)
# The least width of MobileNetV3-Large: below, it is the small one.
_LEAST_LARGE = 50


class Baseline(NamedTuple):
    """A network to hold the winner against.

    Attributes:
        name: What it is called.
        genes: Its genes.
        costs: What it costs, by name.
        space: Its space, where that is not the one that is searched.
    """

    name: str
    genes: Genes
    costs: dict[str, float]
    space: SearchSpace | None = None


def train_baselines(
    method: Method,
    model: CostModel,
    budget: Budget,
    config: FinalTrainingConfig,
    winner_macs: float,
    teacher: Teacher | None = None,
) -> Steps[None]:
    """Trains what the winner is held against, if wanted; for plans.

    Args:
        method: Whose plan it is; gets the jobs and events.
        model: Cost model of the space that was searched.
        budget: What the winner had to fit.
        config: The numbers of the final training.
        winner_macs: What they may cost where the budget limits no MACs.
        teacher: Who taught the winner; None for nobody.
    """
    if config.baselines == "never":
        return
    found = list(_baselines(method, model, budget, config, winner_macs))
    if config.baselines == "cheap" and not _are_cheap(method, found, config):
        return
    jobs = [
        TrainChild(
            id=method.new_job_id(TrainChild.KIND),
            child=each.genes,
            epochs=config.child_epochs,
            uses_validation=config.retrain_on_all,
            # Nothing has its weights; it counts for none of its accuracies.
            inherited_accuracy=math.nan,
            seed=config.seed,
            num_cells=None if each.space else config.final_cells,
            channels=None if each.space else config.final_channels,
            space=space_to_text(each.space) if each.space else None,
            objective=config.objective,
            purpose="baseline",
            teacher=teacher,
        )
        for each in found
    ]
    results = yield jobs
    for baseline, job, result in zip(found, jobs, results, strict=True):
        trained = require(result, ChildTrained, job)
        method.note(
            BaselineTrained(
                job=job.id,
                seconds=trained.seconds,
                name=baseline.name,
                costs=baseline.costs,
                uses_validation=job.uses_validation,
                validation_accuracy=known(trained.validation_accuracy),
                losses=trained.losses,
                model_file=trained.model_file,
                model_sha256=trained.model_sha256,
            )
        )


def _are_cheap(
    method: Method, found: list[Baseline], config: FinalTrainingConfig
) -> bool:
    """Whether baselines take a small part of the epochs that the run takes.

    Epochs are counted, not seconds, so that the answer is the same each time.
    """
    trained: tuple[SupernetWarmedUp | StageTrained | TrainedAlone, ...] = (
        *method.noted(SupernetWarmedUp),
        *method.noted(StageTrained),
        *method.noted(TrainedAlone),
    )
    epochs = sum(len(event.losses) for event in trained)
    return len(found) * config.child_epochs <= LARGEST_SHARE * epochs


def _baselines(
    method: Method,
    model: CostModel,
    budget: Budget,
    config: FinalTrainingConfig,
    winner_macs: float,
) -> Iterator[Baseline]:
    """Yields those that there are within the budget."""
    most = budget.macs or winner_macs
    filled = dataclasses.replace(budget, macs=most, min_macs=_FILLED * most)
    rng = method.new_rng(config.seed, BASELINES)
    for limits in (filled, budget):
        try:
            genes = _random_genes(model, limits, rng)
        except BudgetError:
            continue  # Nothing fills it, as with a limit on latency, too.
        genotype = model.space.genotype(genes)
        yield Baseline("random network", genes, model.costs(genotype))
        break
    space, scaled_to = model.priced, Budget(macs=most, params=budget.params)
    scaled = (
        _scaled("MobileNetV2", mobilenet_v2_like, space, scaled_to),
        scaled_v3(space, scaled_to),
    )
    yield from (each for each in scaled if each is not None)


def _random_genes(
    model: CostModel, budget: Budget, rng: np.random.Generator
) -> Genes:
    """Returns the genes of a random network within a budget.

    Raises:
        BudgetError: If none is found.
    """
    space = model.space
    if not space.opens_subsets:
        return genes_of(sample_within(model, budget, rng, 1))[0]
    low, high = model.range("macs")
    found = propose(
        space,
        np.full((len(space.blocks), space.max_candidates), 0.5),
        OpCosting(
            float(model.backbone["macs"]),
            model.by_operator["macs"].astype(np.float64),
        ),
        Window(budget.min_macs or low, budget.macs or high),
        1,
        rng,
    )
    return found.genes[0]


def scaled_v3(space: SearchSpace, budget: Budget) -> Baseline | None:
    """Returns the widest MobileNetV3 within a budget; None if none fits.

    It is the large one, where that has half of its width or more, and the small
    one elsewhere.

    Args:
        space: The space that is searched.
        budget: What it may cost.
    """

    def scaled(which: str, least: int) -> Baseline | None:
        make = functools.partial(mobilenet_v3_like, which)
        name = f"MobileNetV3-{which}"
        return _scaled(name, make, space, budget, range(least, _WIDTHS.stop))

    return scaled("Large", _LEAST_LARGE) or scaled("Small", _WIDTHS.start)


def _scaled(
    name: str,
    make: Callable[[SearchSpace, float], SearchSpace],
    space: SearchSpace,
    budget: Budget,
    widths: range = _WIDTHS,
) -> Baseline | None:
    """Returns the widest of a family of networks within a budget.

    Args:
        name: What the family is called.
        make: From a space and a width multiplier to the space of one network.
        space: The space that is searched.
        budget: What it may cost.
        widths: The widths that are looked at, in hundredths.

    Returns:
        The network; None if none fits.
    """

    def scaled(width: int) -> CostModel:
        return CostModel(make(space, width / 100))

    def fits(width: int) -> bool:
        costs = {name: scaled(width).range(name)[0] for name in budget.limits}
        return budget.fits(costs)

    low, high = widths[0], widths[-1]
    if not fits(low):
        return None
    while low < high:
        middle = (low + high + 1) // 2
        if fits(middle):
            low = middle
        else:
            high = middle - 1
    model = scaled(low)
    genotype = model.space.genotype([0] * len(model.space.blocks))
    return Baseline(
        f"{name}, width {low / 100:g}",
        genotype.genes,
        model.costs(genotype),
        model.space,
    )
