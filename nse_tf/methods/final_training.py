"""Steps of plans that end a search: final training of the best children."""

import functools
from collections.abc import Sequence

import numpy as np

from nse_tf.costs import Budget, BudgetError, CostModel
from nse_tf.events import (
    ChildMeasured,
    FinalistsRanked,
    Purpose,
    TrainedAlone,
    WinnerChosen,
    all_known,
    known,
)
from nse_tf.jobs import (
    ChildrenMeasured,
    ChildTrained,
    MeasureChildren,
    Teacher,
    TrainChild,
)
from nse_tf.methods.baselines import train_baselines
from nse_tf.methods.evaluating import EvaluatedChild
from nse_tf.methods.final_training_config import FinalTrainingConfig
from nse_tf.methods.method import Method, SearchError, Steps, require

_MEASURED_AGAIN = ", or measure the cost table again on a quiet machine."


def pick_finalists(
    search: Method,
    ranked: Sequence[EvaluatedChild],
    model: CostModel,
    budget: Budget,
    config: FinalTrainingConfig,
) -> Steps[list[EvaluatedChild]]:
    """Returns the children to train, best first; for plans.

    Where the budget limits what files need, candidates are measured whole, in
    order of accuracy, until enough of them fit.

    Raises:
        BudgetError: If none of them fits as measured; says how closely.
    """
    wanted = config.num_finalists
    if not (_measures_file(model, budget) or budget.needs_memory):
        return list(ranked[:wanted])
    fitting: list[EvaluatedChild] = []
    closest = np.inf
    for start in range(0, len(ranked), config.measured_at_once):
        some = ranked[start : start + config.measured_at_once]
        excesses = yield from _measure(search, some, model, budget, config)
        closest = min(closest, *excesses)
        fitting += [
            child
            for child, excess in zip(some, excesses, strict=True)
            if excess == 0.0
        ]
        if len(fitting) >= wanted:
            return fitting[:wanted]
    if not fitting:
        raise BudgetError(
            f"None of the {len(ranked)} evaluated networks has {budget} as "
            f"measured; the closest misses it by {closest:.1%}. Allow more"
            f"{_MEASURED_AGAIN if budget.needs_table else '.'}"
        )
    return fitting


def _latency_here(model: CostModel) -> str | None:
    """Returns which latency is that of files measured where the search runs.

    None of those that are limited may be: tables of several devices say which
    of them is this machine, and for the others stands what they predict.
    """
    return None if model.table is None else model.table.measured_latency


def _measures_file(model: CostModel, budget: Budget) -> bool:
    """Whether a limit holds for what is measured of a file."""
    limited = {**budget.limits, **budget.floors}
    return "size_bytes" in limited or _latency_here(model) in limited


def _measure(
    search: Method,
    children: Sequence[EvaluatedChild],
    model: CostModel,
    budget: Budget,
    config: FinalTrainingConfig,
) -> Steps[list[float]]:
    """Returns by how much each child misses the budget, as measured."""
    job = MeasureChildren(
        id=search.new_job_id(MeasureChildren.KIND),
        children=tuple(child.genes for child in children),
        precision=config.precision,
        num_threads=config.num_threads,
        file=_measures_file(model, budget),
        memory=budget.needs_memory,
        num_cells=config.final_cells,
        channels=config.final_channels,
    )
    (result,) = yield [job]
    measured = require(result, ChildrenMeasured, job)
    found = {
        _latency_here(model): measured.latencies_ms,
        "size_bytes": measured.sizes_bytes,
        "ram_bytes": measured.rams_bytes,
        "flash_bytes": measured.flashes_bytes,
    }
    excesses = []
    for number, child in enumerate(children):
        predicted = model.costs(model.space.genotype(child.path))
        costs = {
            **predicted,
            **{
                name: each[number]
                for name, each in found.items()
                if name is not None and each
            },
        }
        excesses.append(budget.excess(costs))
        search.note(
            ChildMeasured(path=child.path, predicted=predicted, costs=costs)
        )
    return excesses


def check_ranking(
    search: Method,
    ranked: Sequence[EvaluatedChild],
    config: FinalTrainingConfig,
) -> Steps[None]:
    """Trains some evaluated children alone, from the best to the worst.

    Their accuracies measure how far the order of `ranked` can be trusted; the
    choice of the winner does not depend on them.
    """
    count = min(config.num_rank_checks, len(ranked))
    if count < 2:
        return
    ranks = np.linspace(0, len(ranked) - 1, count).round().astype(int)
    yield from _train_alone(
        search,
        [ranked[rank] for rank in ranks],
        config,
        Purpose.RANK_CHECK,
        uses_validation=False,
    )


def train_finalists(
    search: Method,
    finalists: Sequence[EvaluatedChild],
    model: CostModel,
    budget: Budget,
    config: FinalTrainingConfig,
    inherits: str | None = None,
    teacher: Teacher | None = None,
) -> Steps[None]:
    """Trains the finalists alone, then the best on all data if asked.

    The network that comes of it is noted as the `winner`. Baselines follow.

    Args:
        search: Whose plan it is; gets the jobs and events.
        finalists: The children.
        model: Computes what the winner costs.
        budget: What it had to fit.
        config: The numbers of the training.
        inherits: Reference of the weights to start from; None for fresh ones.
        teacher: Who teaches them and the baselines; None takes the file that
            the config names, if it does.
    """
    teacher = teacher or config.file_teacher
    is_contest = len(finalists) > 1
    train = functools.partial(
        _train_alone,
        search,
        config=config,
        purpose=Purpose.FINAL,
        inherits=inherits,
        teacher=teacher,
    )
    trained = yield from train(
        finalists, uses_validation=config.retrain_on_all and not is_contest
    )
    found = [child.validation_accuracy for child in trained]
    if is_contest and config.rank_by != "keras":
        files = [_file_accuracy(child, config.rank_by) for child in trained]
        _note_orders(search, found, files, config.rank_by)
        found = files
    best = int(np.nan_to_num(found, nan=-np.inf).argmax())
    winner, network = finalists[best], trained[best]
    if is_contest and config.retrain_on_all:
        (network,) = yield from train([winner], uses_validation=True)
    costs = model.costs(model.space.genotype(winner.path))
    search.note(
        WinnerChosen(
            path=winner.path,
            inherited_accuracy=known(winner.accuracy),
            validation_accuracy=known(network.validation_accuracy),
            model_file=network.model_file,
            costs=costs,
            num_cells=config.final_cells,
            channels=config.final_channels,
        )
    )
    yield from train_baselines(
        search, model, budget, config, costs["macs"], teacher
    )


def _file_accuracy(trained: ChildTrained, file: str) -> float:
    if trained.file_accuracy is None:
        raise SearchError(
            f"Training {trained.model_file} brought no accuracy of its {file} "
            "file, which finalists are ranked by: the worker is an older one."
        )
    return trained.file_accuracy


def _note_orders(
    search: Method,
    networks: Sequence[float],
    files: Sequence[float],
    file: str,
) -> None:
    """Notes how often files and Keras rank two finalists differently."""
    pairs = [
        (networks[one] - networks[two], files[one] - files[two])
        for one in range(len(files))
        for two in range(one)
    ]
    search.note(
        FinalistsRanked(
            file=file,
            accuracies=all_known(networks),
            file_accuracies=all_known(files),
            num_pairs=len(pairs),
            num_otherwise=sum(ours * theirs < 0 for ours, theirs in pairs),
        )
    )


def _train_alone(
    search: Method,
    children: Sequence[EvaluatedChild],
    config: FinalTrainingConfig,
    purpose: Purpose,
    *,
    uses_validation: bool,
    inherits: str | None = None,
    teacher: Teacher | None = None,
) -> Steps[list[ChildTrained]]:
    is_check = purpose is Purpose.RANK_CHECK
    is_ranked_by_file = not (
        is_check or uses_validation or config.rank_by == "keras"
    )
    epochs = config.rank_check_epochs if is_check else config.child_epochs
    jobs = [
        TrainChild(
            id=search.new_job_id(TrainChild.KIND),
            child=child.genes,
            epochs=epochs,
            uses_validation=uses_validation,
            inherited_accuracy=child.accuracy,
            seed=config.seed,
            file=config.rank_by if is_ranked_by_file else None,
            num_cells=config.final_cells,
            channels=config.final_channels,
            inherits=inherits,
            objective=config.objective,
            purpose=purpose.value,
            teacher=teacher,
        )
        for child in children
    ]
    results = yield jobs
    trained = [
        require(result, ChildTrained, job)
        for job, result in zip(jobs, results, strict=True)
    ]
    for job, child, network in zip(jobs, children, trained, strict=True):
        file = network.file_accuracy
        search.note(
            TrainedAlone(
                job=job.id,
                seconds=network.seconds,
                path=child.path,
                purpose=purpose,
                uses_validation=uses_validation,
                inherited_accuracy=known(child.accuracy),
                validation_accuracy=known(network.validation_accuracy),
                losses=network.losses,
                model_file=network.model_file,
                model_sha256=network.model_sha256,
                file_accuracy=None if file is None else known(file),
            )
        )
    return trained
