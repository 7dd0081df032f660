"""Figures from a run log."""

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator

from nse_tf.costs import base_cost
from nse_tf.events import SpaceAtStage
from nse_tf.reporting.answer import ExportedFile
from nse_tf.reporting.children import Children
from nse_tf.reporting.drawing import (
    DOTS,
    FRONT,
    INK,
    LIMIT,
    SOFT,
    WINNER,
    Drawing,
    Key,
    canvas,
    dots,
    to_svg,
)
from nse_tf.reporting.rank_trust import RankTrust
from nse_tf.reporting.units import (
    cost_name,
    counted,
    percent,
    power_of_ten,
    short_cost,
    short_whole,
    three_digits,
)

# A limit above this many times the most expensive child is not drawn: it would
# squeeze everything else.
FARTHEST_LIMIT = 1.3


def plot_funnel(spaces: Sequence[SpaceAtStage]) -> Drawing:
    """Draws how the space narrows.

    Args:
        spaces: The space at each stage, in order; at least one.
    """
    sizes = [event.size for event in spaces]
    counts = [event.num_operators for event in spaces]
    logs = [math.log10(size) for size in sizes]
    stages = range(len(spaces))
    with canvas("funnel", 300, num_rows=2) as (figure, (above, below)):
        for axes, values, label in (
            (above, logs, "networks"),
            (below, counts, "operators"),
        ):
            axes.plot(stages, values, color=FRONT, linewidth=2, marker="o")
            axes.set_ylabel(label)
            # A space of one network has the logarithm 0, and still needs a
            # height.
            axes.set_ylim(0, max(values) * 1.08 + 0.1)
            axes.margins(x=0.03)
        above.yaxis.set_major_locator(ticks(4, integer=True))
        above.yaxis.set_major_formatter(
            FuncFormatter(lambda value, _: power_of_ten(round(value)))
        )
        below.yaxis.set_major_locator(ticks(4, integer=True))
        below.xaxis.set_major_locator(ticks(integer=True))
        below.set_xlabel("stages of shrinking done")
        stages_done = counted(len(spaces) - 1, "stage")
        text = (
            f"The space over {stages_done} of shrinking: from "
            f"{short_whole(sizes[0])} networks of {counts[0]} operators to "
            f"{short_whole(sizes[-1])} networks of {counts[-1]}."
        )
        return Drawing(
            "funnel", "How the space was narrowed", to_svg(figure, text)
        )


def plot_tradeoff(
    children: Children,
    cost: str,
    winner: Sequence[int | Sequence[int]] | None,
    limit: float | None,
) -> Drawing:
    """Draws accuracy against one cost of all evaluated children.

    Args:
        children: At least one.
        cost: One of `children.costs`.
        winner: Its path; None while there is none.
        limit: The most that the budget allows; None for no limit.
    """
    values = children.costs[cost]
    scale, unit = scale_of(cost, float(values.max()))
    x, y = values / scale, 100 * children.accuracies
    front = children.front(cost)
    won = children.index_of(winner)
    drawn = children.num_random
    keys = [Key("━", FRONT, f"Pareto front ({len(front)})")]
    if drawn < len(children):
        bred = len(children) - drawn
        keys.insert(
            0, Key("●", DOTS, f"{counted(bred, 'child')} of the search")
        )
    if drawn:
        keys.insert(0, Key("●", SOFT, f"{drawn:,} drawn at random"))
    with canvas(f"tradeoff_{cost}", 290) as (figure, (axes,)):
        dots(axes, x[drawn:], y[drawn:])
        dots(axes, x[:drawn], y[:drawn], color=SOFT)
        axes.plot(
            x[front],
            y[front],
            color=FRONT,
            linewidth=2,
            marker="o",
            markersize=4,
            # Steps, as nothing between two points is known to be reached.
            drawstyle="steps-post",
        )
        if limit is not None and limit <= FARTHEST_LIMIT * values.max():
            axes.axvline(limit / scale, color=LIMIT, linestyle="--")
            keys.append(Key("┅", LIMIT, f"limit {short_cost(cost, limit)}"))
        if won is not None:
            axes.plot(x[won], y[won], color=WINNER, marker="D", markersize=9)
            keys.append(Key("◆", WINNER, "winner"))
        axes.set_xlabel(f"{cost_name(cost)}{unit}")
        axes.set_ylabel(f"{children.measure}, %")
        few_ticks(axes)
        return Drawing(
            f"tradeoff_{cost}",
            f"{_capital(children.measure)} against {in_a_sentence(cost)}",
            to_svg(figure, _tradeoff_text(children, cost, front, won)),
            tuple(keys),
        )


def _tradeoff_text(
    children: Children, cost: str, front: np.ndarray, won: int | None
) -> str:
    def shown(index: int) -> str:
        return (
            f"{percent(children.accuracies[index])} at "
            f"{short_cost(cost, children.costs[cost][index])}"
        )

    sentences = [
        f"{_capital(children.measure)} with inherited weights against "
        f"{in_a_sentence(cost)} of {len(children)} evaluated children. The "
        f"Pareto front has {len(front)}, from {shown(front[0])} to "
        f"{shown(front[-1])}."
    ]
    if children.num_random:
        best = int(children.accuracies[: children.num_random].argmax())
        sentences.append(
            f"The best of the {children.num_random} drawn at random has "
            f"{shown(best)}."
        )
    if won is not None:
        sentences.append(f"The winner has {shown(won)}.")
    return " ".join(sentences)


def _capital(name: str) -> str:
    return name[:1].upper() + name[1:]


def plot_progress(children: Children) -> Drawing:
    """Draws every evaluated child in order, and the best so far.

    Args:
        children: At least one.
    """
    order = np.arange(1, len(children) + 1)
    y = 100 * children.accuracies
    with canvas("progress", 260) as (figure, (axes,)):
        dots(axes, order, y, 3.5)
        axes.plot(
            order,
            np.maximum.accumulate(y),
            color=FRONT,
            linewidth=2,
            drawstyle="steps-post",
        )
        axes.set_xlabel("children evaluated")
        axes.set_ylabel(f"{children.measure}, %")
        few_ticks(axes, integer=True)
        best = children.best
        text = (
            f"{_capital(children.measure)} with inherited weights of "
            f"{len(children)} children in the order of evaluation: the first "
            "has "
            f"{percent(children.accuracies[0])}, the best "
            f"{percent(children.accuracies[best])}, found as number {best + 1}."
        )
        return Drawing(
            "progress",
            "How the search went",
            to_svg(figure, text),
            (Key("●", DOTS, "one child"), Key("━", FRONT, "best so far")),
        )


def plot_rank_trust(trust: RankTrust) -> Drawing:
    """Draws accuracy after training alone against inherited accuracy."""
    x, y = 100 * trust.inherited, 100 * trust.alone
    first = trust.inherited.argmax()
    with canvas("rank_trust", 270) as (figure, (axes,)):
        axes.plot(x, y, color=DOTS, marker="o", markersize=8, linestyle="")
        axes.plot(x[first], y[first], color=WINNER, marker="D", markersize=9)
        axes.set_xlabel("accuracy with inherited weights, %")
        axes.set_ylabel("trained alone, %")
        few_ticks(axes)
        pairs = "; ".join(
            f"{percent(one)} and {percent(other)}"
            for one, other in zip(trust.inherited, trust.alone, strict=True)
        )
        return Drawing(
            "rank_trust",
            "How well the supernet ranked",
            to_svg(
                figure,
                "Accuracy with inherited weights and after training alone for "
                f"{counted(trust.epochs, 'epoch')}, of "
                f"{counted(len(trust), 'network')}: {pairs}.",
            ),
            (
                Key("●", DOTS, "one network"),
                Key("◆", WINNER, "ranked first of these"),
            ),
        )


def plot_losses(
    name: str, title: str, curves: Sequence[tuple[str, str, Sequence[float]]]
) -> Drawing:
    """Draws losses by epoch.

    Args:
        name: Name of the drawing.
        title: What trains.
        curves: Label, color and losses of each; none of them empty. Of equal
            labels one key is shown.
    """
    keys = {label: Key("━", color, label) for label, color, _ in curves}
    with canvas(name, 260) as (figure, (axes,)):
        for _, color, losses in curves:
            # A line through one point would not be seen.
            marker = "o" if len(losses) == 1 else None
            epochs = range(1, len(losses) + 1)
            axes.plot(epochs, losses, color=color, linewidth=2, marker=marker)
        axes.set_xlabel("epoch")
        axes.set_ylabel("mean training loss")
        few_ticks(axes, integer=True)
        text = f"{title}: " + "; ".join(
            f"{label}, from {three_digits(losses[0])} to "
            f"{three_digits(losses[-1])} in {counted(len(losses), 'epoch')}"
            for label, _, losses in curves
        )
        return Drawing(
            name, title, to_svg(figure, f"{text}."), tuple(keys.values())
        )


def plot_latencies(files: Sequence[ExportedFile]) -> Drawing:
    """Draws the median latency of each file as a bar, with its quartiles.

    Args:
        files: At least one, all of them measured.
    """
    with canvas("latency", 50 + 44 * len(files)) as (figure, (axes,)):
        texts = []
        measured = [(f.precision, f.latency) for f in files if f.latency]
        longest = max(latency.p75_ms for _, latency in measured)
        for row, (precision, latency) in enumerate(measured):
            low, median, high = (
                latency.p25_ms,
                latency.median_ms,
                latency.p75_ms,
            )
            axes.barh(row, median, height=0.6, color=DOTS)
            axes.plot([low, high], [row, row], color=INK, linewidth=2)
            for end in (low, high):
                axes.plot([end] * 2, [row - 0.12, row + 0.12], color=INK)
            axes.text(
                high + 0.02 * longest,
                row,
                f"{three_digits(median)} ms",
                va="center",
            )
            texts.append(
                f"{precision} {three_digits(median)} ms (quartiles "
                f"{three_digits(low)} and {three_digits(high)})"
            )
        axes.set_yticks(range(len(files)), [file.precision for file in files])
        axes.tick_params(axis="y", length=0)
        axes.invert_yaxis()
        axes.grid(visible=False, axis="y")
        axes.set_xlim(0, 1.3 * longest)
        axes.set_xlabel("one inference, ms")
        axes.xaxis.set_major_locator(ticks())
        return Drawing(
            "latency",
            "Latency of each file",
            to_svg(figure, f"Median latency: {'; '.join(texts)}."),
            (
                Key("■", DOTS, "median"),
                Key("├┤", INK, "lower to upper quartile"),
            ),
        )


def ticks(most: int = 6, **options: bool) -> MaxNLocator:
    """Returns a few round numbers, few enough for a phone."""
    return MaxNLocator(most, steps=[1, 2, 2.5, 5, 10], **options)


def few_ticks(axes: Axes, **options: bool) -> None:
    """Gives axes a few round numbers and some margin."""
    axes.xaxis.set_major_locator(ticks(**options))
    axes.yaxis.set_major_locator(ticks())
    axes.margins(0.06, 0.08)


def scale_of(cost: str, largest: float) -> tuple[float, str]:
    """Returns what to divide a cost by on an axis, and what to call that."""
    match base_cost(cost):
        case "latency_ms":
            return 1.0, " by the cost table, ms"
        case "size_bytes" | "ram_bytes" | "flash_bytes":
            is_large = largest >= 1e6
            return (1e6, ", MB") if is_large else (1e3, ", kB")
        case _:
            is_large = largest >= 1e6
            return (1e6, ", millions") if is_large else (1e3, ", thousands")


def in_a_sentence(cost: str) -> str:
    """Returns the name of a cost as it stands within a sentence."""
    name = cost_name(cost)
    return name if name in ("MACs", "RAM") else name[0].lower() + name[1:]
