"""Figures of a search whose space evolved: ops, fronts and indicators."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from nse_tf.events import (
    FrontEvolved,
    IndicatorsTrained,
    OpsInherited,
    SpaceAtStage,
)
from nse_tf.reporting.drawing import (
    DOTS,
    FRONT,
    LIMIT,
    SERIES,
    SOFT,
    Drawing,
    Key,
    canvas,
    to_svg,
)
from nse_tf.reporting.plots import few_ticks, in_a_sentence, scale_of
from nse_tf.reporting.units import counted, percent, short_cost
from nse_tf.spaces import SearchSpace

# More numbers side by side could not be read on a phone.
MOST_NUMBERS = 24
# Of each round's curves, so that a page stays small.
_MOST_POINTS = 20
_LOCKED, _KEPT, _LEFT, _DROPPED = "locked", "kept", "left", "dropped"
_COLORS = {_LOCKED: FRONT, _KEPT: LIMIT, _LEFT: DOTS, _DROPPED: SOFT}
_MEANINGS = {
    _LOCKED: "inherited from the round before",
    _KEPT: "new, and passed on",
    _LEFT: "not passed on",
    _DROPPED: "dropped while training",
}
_STRENGTHS = {_LOCKED: 0.45, _KEPT: 0.6, _LEFT: 0.18, _DROPPED: 0.0}


def fates(
    rounds: Sequence[SpaceAtStage],
    inherited: Sequence[OpsInherited],
    fitness_indicators: Sequence[IndicatorsTrained],
) -> list[list[dict[int, str]]]:
    """Returns what became of each active op, by round and cell.

    Args:
        rounds: The space at each round.
        inherited: What the rounds that are over passed on.
        fitness_indicators: What was trained; none where nothing is dropped.
    """
    kept = {event.stage: event.kept for event in inherited}
    left = {event.stage: event.left for event in fitness_indicators}
    found: list[list[dict[int, str]]] = []
    for event in rounds:
        stage, pools = event.stage, event.pools
        if stage not in kept or pools is None:
            continue
        remaining = left.get(stage, event.active)
        found.append(
            [
                {
                    index: _fate(
                        index,
                        locked,
                        kept[stage][cell],
                        remaining[cell],
                    )
                    for index in active
                }
                for cell, (active, locked) in enumerate(
                    zip(event.active, pools.locked, strict=True)
                )
            ]
        )
    return found


def _fate(
    index: int, locked: Sequence[int], kept: Sequence[int], left: Sequence[int]
) -> str:
    if index not in left:
        return _DROPPED
    if index not in kept:
        return _LEFT
    return _LOCKED if index in locked else _KEPT


def plot_fates(
    found: Sequence[Sequence[dict[int, str]]], space: SearchSpace
) -> Drawing:
    """Draws which ops entered, stayed and left: cells as rows, rounds across.

    Args:
        found: See `fates`; at least one round.
        space: Names the cells.
    """
    widths = [max(1, *(len(cell) for cell in each)) for each in found]
    has_numbers = sum(widths) <= MOST_NUMBERS
    starts = np.cumsum([0, *(width + 1 for width in widths)])
    with canvas("fates", 40 + 16 * len(space.blocks)) as (figure, (axes,)):
        # `starts` has one more, the end of the last round.
        for start, cells in zip(starts, found, strict=False):
            for row, cell in enumerate(cells):
                for column, (index, fate) in enumerate(sorted(cell.items())):
                    _draw_op(
                        axes, start + column, row, index, fate, has_numbers
                    )
        axes.set_xlim(-0.7, starts[-1] - 1.3)
        axes.set_ylim(len(space.blocks) - 0.5, -0.5)
        axes.grid(visible=False)
        axes.spines[:].set_visible(False)
        axes.tick_params(length=0, labelsize=10)
        axes.xaxis.tick_top()
        axes.set_xticks(
            [
                start + (width - 1) / 2
                for start, width in zip(starts, widths, strict=False)
            ],
            [f"round {number}" for number in range(1, len(found) + 1)],
        )
        axes.set_yticks(
            range(len(space.blocks)), [block.name for block in space.blocks]
        )
        return Drawing(
            "fates",
            "Ops that entered, stayed and left, by number",
            to_svg(figure, _fates_text(found, space)),
            tuple(
                Key("■", _COLORS[fate], meaning)
                for fate, meaning in _MEANINGS.items()
            ),
        )


def _draw_op(
    axes: Axes,
    column: float,
    row: int,
    index: int,
    fate: str,
    has_number: bool,
) -> None:
    strength = _STRENGTHS[fate]
    axes.add_patch(
        Rectangle(
            (column - 0.46, row - 0.43),
            0.92,
            0.86,
            facecolor=(_COLORS[fate], strength) if strength else "none",
            edgecolor=SOFT if fate == _DROPPED else "none",
            linewidth=0.5,
        )
    )
    if has_number:
        axes.text(
            column,
            row,
            str(index),
            ha="center",
            va="center",
            fontsize=9,
            in_layout=False,
        )


def _fates_text(
    found: Sequence[Sequence[dict[int, str]]], space: SearchSpace
) -> str:
    sentences = []
    for number, cells in enumerate(found, 1):
        every = [fate for cell in cells for fate in cell.values()]
        counts = ", ".join(
            f"{every.count(fate)} {meaning}"
            for fate, meaning in _MEANINGS.items()
        )
        sentences.append(f"Round {number}: {len(every)} active ops, {counts}.")
    last = "; ".join(
        f"{block.name}: "
        + (
            ", ".join(
                block.candidates[index].name
                for index, fate in sorted(cell.items())
                if fate in (_LOCKED, _KEPT)
            )
            or "none"
        )
        for block, cell in zip(space.blocks, found[-1], strict=True)
    )
    return " ".join(sentences) + f" Passed on at the end: {last}."


def plot_fronts(evolved: Sequence[FrontEvolved]) -> Drawing:
    """Draws the front of every round in one plot.

    Args:
        evolved: The fronts, in order; at least one.
    """
    cost = evolved[0].cost
    most_expensive = max(max(event.costs) for event in evolved)
    scale, unit = scale_of(cost, most_expensive)
    with canvas("fronts", 290) as (figure, (axes,)):
        keys, texts = [], []
        for number, event in enumerate(evolved):
            color = SERIES[number % len(SERIES)]
            x = np.array(event.costs) / scale
            y = 100 * np.array(event.accuracies)
            axes.plot(
                x,
                y,
                color=color,
                linewidth=2,
                marker="o",
                markersize=4,
                drawstyle="steps-post",
            )
            name = f"round {number + 1}"
            keys.append(Key("━", color, f"{name} ({len(x)})"))
            best = int(np.argmax(event.accuracies))
            texts.append(
                f"{name} has {counted(len(x), 'network')}, the best with "
                f"{percent(event.accuracies[best])} at "
                f"{short_cost(cost, event.costs[best])}"
            )
        axes.set_xlabel(f"{in_a_sentence(cost)}{unit}")
        axes.set_ylabel("accuracy, %")
        few_ticks(axes)
        return Drawing(
            "fronts",
            "The front of every round",
            to_svg(
                figure,
                "Accuracy with each round's own weights against "
                f"{in_a_sentence(cost)}: {'; '.join(texts)}.",
            ),
            tuple(keys),
        )


def plot_fitness_indicators(
    fitness_indicators: Sequence[IndicatorsTrained],
    inherited: Sequence[OpsInherited],
) -> Drawing:
    """Draws the fitness indicators of all active ops, epoch by epoch.

    Args:
        fitness_indicators: What was trained, in order; at least one, with an
            epoch.
        inherited: What the rounds that are over passed on.
    """
    kept = {event.stage: event.kept for event in inherited}
    begin, means = 0, []
    with canvas("indicators", 280) as (figure, (axes,)):
        for event in fitness_indicators:
            passed = kept.get(event.stage, ((),) * len(event.active))
            epochs = len(event.history)
            ends = np.linspace(0, epochs - 1, min(epochs, _MOST_POINTS))
            chosen = np.unique(ends.astype(int))
            for cell, active in enumerate(event.active):
                for number, index in enumerate(active):
                    seen = [event.history[e][cell][number] for e in chosen]
                    is_kept = index in passed[cell]
                    axes.plot(
                        [begin, *(begin + 1 + chosen)],
                        # Parameters begin at 0, the indicator at a half.
                        [0.5, *seen],
                        color=FRONT if is_kept else SOFT,
                        linewidth=1.2 if is_kept else 0.4,
                        zorder=2 if is_kept else 1,
                    )
                    if is_kept:
                        means.append(seen[-1])
            begin += epochs
            axes.axvline(begin, color=SOFT, linewidth=0.5, linestyle=":")
        axes.set_xlabel("epochs of all rounds")
        axes.set_ylabel("fitness indicator")
        few_ticks(axes)
        axes.set_ylim(0, 1)
        text = (
            f"Fitness indicators over {begin} epochs of "
            f"{counted(len(fitness_indicators), 'round')}, each from 0.5 on."
        )
        if means:
            text += (
                f" Those of ops that were passed on end at "
                f"{np.mean(means):.2f} in the mean."
            )
        return Drawing(
            "indicators",
            "Fitness indicators",
            to_svg(figure, text),
            (
                Key("━", FRONT, "passed on to the next round"),
                Key("━", SOFT, "not passed on"),
            ),
        )
