"""Which figures a run's record has data for."""

import dataclasses
from collections.abc import Iterator

from nse_tf.events import (
    FrontEvolved,
    GenerationEvaluated,
    IndicatorsTrained,
    NetworkDerived,
    OperatorsScored,
    OpsInherited,
    ParametersTrained,
    Purpose,
    SpaceAtStage,
    StageTrained,
    SupernetWarmedUp,
    TrainedAlone,
    WinnerChosen,
)
from nse_tf.reporting.answer import Answer, exported_files, limits
from nse_tf.reporting.children import evaluated_children
from nse_tf.reporting.classified import objective_name
from nse_tf.reporting.drawing import (
    DOTS,
    FRONT,
    SERIES,
    SOFT,
    WINNER,
    Drawing,
)
from nse_tf.reporting.evolution_plots import (
    fates,
    plot_fates,
    plot_fitness_indicators,
    plot_fronts,
)
from nse_tf.reporting.gate_plots import plot_expectations, plot_probabilities
from nse_tf.reporting.plots import (
    plot_funnel,
    plot_latencies,
    plot_losses,
    plot_progress,
    plot_rank_trust,
    plot_tradeoff,
)
from nse_tf.reporting.rank_trust import rank_trust
from nse_tf.reporting.run_record import RunRecord
from nse_tf.reporting.score_maps import plot_scores, scored_stages

# Labels, colors and losses, as `plot_losses` takes them.
Curve = tuple[str, str, list[float]]


def search_figures(
    record: RunRecord, answer: Answer | None
) -> Iterator[Drawing]:
    """Yields the figures of the search, of what there is data for."""
    children = evaluated_children(
        record.named(GenerationEvaluated), objective_name(record.settings)
    )
    # Drawn by indicators, or derived from parameters, from the first on.
    derived = record.last(NetworkDerived)
    if record.named(FrontEvolved) or derived is not None:
        children = dataclasses.replace(children, num_random=0)
    if len(children):
        allowed = limits(record)
        winner = None if answer is None else answer.path
        for cost in children.costs:
            yield plot_tradeoff(children, cost, winner, allowed.get(cost))
        yield plot_progress(children)
    spaces = record.named(SpaceAtStage)
    if record.named(FrontEvolved):
        yield from _evolution_figures(record)
    elif len(spaces) > 1:
        yield plot_funnel(spaces)
    trained = record.named(ParametersTrained)
    if trained and trained[-1].history and record.space is not None:
        yield plot_probabilities(trained, record.space)
        yield plot_expectations(trained, derived)


def _evolution_figures(record: RunRecord) -> Iterator[Drawing]:
    """Yields the figures of a space that evolved."""
    inherited = record.named(OpsInherited)
    fitness_indicators = [
        event for event in record.named(IndicatorsTrained) if event.history
    ]
    yield plot_fronts(record.named(FrontEvolved))
    found = fates(record.named(SpaceAtStage), inherited, fitness_indicators)
    if found and record.space is not None:
        yield plot_fates(found, record.space)
    if fitness_indicators:
        yield plot_fitness_indicators(fitness_indicators, inherited)


def training_figures(record: RunRecord) -> Iterator[Drawing]:
    """Yields the loss curves, and the latencies of what came out."""
    supernet = _supernet_curves(record)
    if supernet:
        yield plot_losses("supernet_loss", "Loss of the supernet", supernet)
    trust = rank_trust(record)
    if trust is not None:
        yield plot_rank_trust(trust)
    alone = _child_curves(record)
    if alone:
        yield plot_losses("child_loss", "Loss of children trained alone", alone)
    measured = [file for file in exported_files(record) if file.latency]
    if measured:
        yield plot_latencies(measured)


def score_figures(record: RunRecord) -> list[Drawing]:
    """Returns the score maps, the last stage first."""
    if record.space is None:
        return []
    stages = scored_stages(
        record.named(SpaceAtStage), record.named(OperatorsScored)
    )
    return [
        plot_scores(stage, record.space)
        for stage in reversed(stages)
        if stage.known
    ]


def _supernet_curves(record: RunRecord) -> list[Curve]:
    """Returns one curve for each training from fresh weights.

    So is each round of an evolving space, which makes a curve of its own.
    Stages of shrinking continue each other and make one curve, and so do the
    trainings that warm up for it; the training for the search is fresh, and
    calls itself stage 0 again.
    """
    stretches: list[list[float]] = []
    trained = record.named(StageTrained)
    if record.named(IndicatorsTrained):
        return [
            (f"round {number}", SERIES[(number - 1) % len(SERIES)], losses)
            for number, losses in enumerate(
                (list(event.losses) for event in trained), 1
            )
            if losses
        ]
    for event in trained:
        if event.stage == 0 or not stretches:
            stretches.append([])
        stretches[-1] += event.losses
    num_shrinking = 1 if record.named(OperatorsScored) else 0
    labels = [("while shrinking", DOTS)] * num_shrinking
    labels += [("for the search", FRONT)] * len(stretches)
    warming = record.named(SupernetWarmedUp)
    if warming:
        labels.insert(0, ("while warming up", SOFT))
        stretches.insert(0, [x for event in warming for x in event.losses])
    return [
        (label, color, losses)
        for (label, color), losses in zip(labels, stretches, strict=False)
        if losses
    ]


def _child_curves(record: RunRecord) -> list[Curve]:
    """Returns a curve for each child; the winner's last, and so on top."""
    trained = [e for e in record.named(TrainedAlone) if e.losses]
    won = record.last(WinnerChosen)
    file = None if won is None else won.model_file
    curves: list[Curve] = [
        ("winner", WINNER, list(event.losses))
        if event.model_file == file
        else ("rank check", SOFT, list(event.losses))
        if event.purpose is Purpose.RANK_CHECK
        else ("finalist", DOTS, list(event.losses))
        for event in trained
    ]
    return sorted(curves, key=lambda curve: curve[0] == "winner")
