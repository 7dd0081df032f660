"""Figures of several runs at once."""

from collections.abc import Sequence

import numpy as np

from nse_tf.events import GenerationEvaluated
from nse_tf.reporting.answer import find_answer
from nse_tf.reporting.children import Children, evaluated_children
from nse_tf.reporting.drawing import SERIES, Drawing, Key, canvas, to_svg
from nse_tf.reporting.plots import few_ticks, in_a_sentence, scale_of
from nse_tf.reporting.run_record import RunRecord
from nse_tf.reporting.units import cost_name, percent, short_cost

Named = tuple[str, RunRecord]


def comparison_figures(runs: Sequence[Named]) -> list[Drawing]:
    """Returns the figures that there are data for.

    Args:
        runs: Names, each of them once, and records.
    """
    evaluated = {
        name: evaluated_children(record.named(GenerationEvaluated))
        for name, record in runs
    }
    evaluated = {name: each for name, each in evaluated.items() if len(each)}
    drawings = []
    tested = [
        (name, answer.costs["macs"], answer.test_accuracy)
        for name, record in runs
        if (answer := find_answer(record)) is not None
        and answer.test_accuracy is not None
        and "macs" in answer.costs
    ]
    if len(tested) > 1:
        drawings.append(_plot_tested(tested, _colors(runs)))
    if evaluated:
        for cost in _common_costs(list(evaluated.values())):
            drawings.append(_plot_fronts(evaluated, cost, _colors(runs)))
        drawings.append(_plot_best_so_far(evaluated, _colors(runs)))
    return drawings


def _colors(runs: Sequence[Named]) -> dict[str, str]:
    return {
        name: SERIES[number % len(SERIES)]
        for number, (name, _) in enumerate(runs)
    }


def _common_costs(evaluated: Sequence[Children]) -> list[str]:
    return [
        cost
        for cost in evaluated[0].costs
        if all(cost in children.costs for children in evaluated)
    ]


def _plot_tested(
    tested: Sequence[tuple[str, float, float]], colors: dict[str, str]
) -> Drawing:
    scale, unit = scale_of("macs", max(macs for _, macs, _ in tested))
    with canvas("winners", 290) as (figure, (axes,)):
        for name, macs, accuracy in tested:
            axes.plot(
                macs / scale,
                100 * accuracy,
                color=colors[name],
                marker="D",
                markersize=9,
            )
        axes.set_xlabel(f"MACs{unit}")
        axes.set_ylabel("test accuracy, %")
        few_ticks(axes)
        texts = "; ".join(
            f"{name} {percent(accuracy)} at {short_cost('macs', macs)}"
            for name, macs, accuracy in tested
        )
        return Drawing(
            "winners",
            "The winners on the test images",
            to_svg(
                figure, f"Test accuracy against MACs of the winners: {texts}."
            ),
            tuple(Key("◆", colors[name], name) for name, _, _ in tested),
        )


def _plot_fronts(
    evaluated: dict[str, Children], cost: str, colors: dict[str, str]
) -> Drawing:
    largest = max(float(each.costs[cost].max()) for each in evaluated.values())
    scale, unit = scale_of(cost, largest)
    texts = []
    with canvas(f"fronts_{cost}", 290) as (figure, (axes,)):
        for name, children in evaluated.items():
            front = children.front(cost)
            axes.plot(
                children.costs[cost][front] / scale,
                100 * children.accuracies[front],
                color=colors[name],
                linewidth=2,
                marker="o",
                markersize=4,
                drawstyle="steps-post",
            )
            best = children.best
            texts.append(
                f"{name} up to {percent(children.accuracies[best])} at "
                f"{short_cost(cost, children.costs[cost][best])}"
            )
        axes.set_xlabel(f"{cost_name(cost)}{unit}")
        axes.set_ylabel("accuracy, %")
        few_ticks(axes)
        return Drawing(
            f"fronts_{cost}",
            f"Pareto fronts against {in_a_sentence(cost)}",
            to_svg(
                figure,
                "Pareto fronts of accuracy with inherited weights against "
                f"{in_a_sentence(cost)}: {'; '.join(texts)}.",
            ),
            tuple(Key("━", colors[name], name) for name in evaluated),
        )


def _plot_best_so_far(
    evaluated: dict[str, Children], colors: dict[str, str]
) -> Drawing:
    texts = []
    with canvas("progresses", 270) as (figure, (axes,)):
        for name, children in evaluated.items():
            best = 100 * np.maximum.accumulate(children.accuracies)
            axes.plot(
                np.arange(1, len(best) + 1),
                best,
                color=colors[name],
                linewidth=2,
                drawstyle="steps-post",
            )
            texts.append(f"{name} reaches {best[-1]:.2f} % after {len(best)}")
        axes.set_xlabel("children evaluated")
        axes.set_ylabel("best accuracy so far, %")
        few_ticks(axes)
        return Drawing(
            "progresses",
            "How the searches went",
            to_svg(
                figure,
                "Best accuracy with inherited weights by children evaluated: "
                f"{'; '.join(texts)}.",
            ),
            tuple(Key("━", colors[name], name) for name in evaluated),
        )
