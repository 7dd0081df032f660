"""What a mixture of all candidates came to, and the cell drawn from it."""

from collections.abc import Iterator

import numpy as np

from nse_tf.events import CellDrawn, MixtureTrained, SkipsLimited
from nse_tf.reporting.drawing import (
    FRONT,
    LIMIT,
    SERIES,
    SOFT,
    Drawing,
    Key,
    canvas,
    to_svg,
)
from nse_tf.reporting.markup import Markup, joined, tag
from nse_tf.reporting.mixture_stages import stage_summary
from nse_tf.reporting.plots import few_ticks, in_a_sentence, scale_of
from nse_tf.reporting.run_record import RunRecord
from nse_tf.reporting.units import (
    cost_name,
    counted,
    percent,
    short_cost,
    three_digits,
)


def mixture_lines(record: RunRecord) -> list[tuple[str, str]]:
    """Returns names and texts for a terminal; empty without a mixture."""
    drawn, trained = record.last(CellDrawn), record.last(MixtureTrained)
    if drawn is None or trained is None:
        return []
    shares = ", ".join(
        f"{percent(share)} of the {_cell(kind)}"
        for kind, share in zip(drawn.cell_kinds, drawn.skip_shares, strict=True)
    )
    lines = [
        *stage_summary(record),
        ("idle edges", f"skip connections, or nothing: {shares}"),
    ]
    if drawn.collapsed:
        limits_skips = record.named(SkipsLimited)
        hint = "a lower --max_skips" if limits_skips else "--early_stop=hessian"
        lines.append(
            (
                "collapsed",
                f"the {' and the '.join(map(_cell, drawn.collapsed))}: more "
                f"than half of its edges compute nothing. Try {hint}, or "
                "shrink the space first",
            )
        )
    if trained.kept_epoch is not None:
        lines.append(
            (
                "stopped early",
                f"after {counted(len(trained.history), 'epoch')}, since the "
                "minimum became too sharp; the parameters are those after "
                f"epoch {trained.kept_epoch + 1}",
            )
        )
    if drawn.path != drawn.likeliest:
        how = (
            "to the likeliest of many networks within it"
            if drawn.bend is None
            else f"by {three_digits(drawn.bend)} of probability for each whole "
            "budget that an op costs"
        )
        lines.append(("budget", f"the cell was bent to it, {how}"))
    return lines


def mixture_section(record: RunRecord) -> Markup:
    """Returns what is to be known of the cell; empty without a mixture."""
    lines = mixture_lines(record)
    if not lines:
        return Markup("")
    items = [
        tag(
            "li",
            tag("b", f"{name}: "),
            f"{text}.",
            class_="bad" if name == "collapsed" else "",
        )
        for name, text in lines
    ]
    return joined([tag("h2", "The cell drawn from the mixture"),
                   tag("ul", *items)])  # fmt: skip


def mixture_figures(record: RunRecord) -> Iterator[Drawing]:
    """Yields the figures of each mixture that has epochs."""
    mixtures, drawn = record.named(MixtureTrained), record.last(CellDrawn)
    for number, trained in enumerate(mixtures, 1):
        if trained.history:
            stage = number if len(mixtures) > 1 else None
            yield plot_skips(trained, stage)
            yield plot_mixture(trained, drawn, stage)
        if trained.drawn_costs:
            yield plot_drawn_costs(trained, stage)


def plot_skips(trained: MixtureTrained, stage: int | None = None) -> Drawing:
    """Draws the share of edges without computation, epoch by epoch.

    Args:
        trained: With at least one epoch.
        stage: The number of the mixture, where there are several.
    """
    name, title = _of_stage("skips", "Skip connections over time", stage)
    shares = 100 * np.array(trained.skip_shares)
    epochs = range(1, len(shares) + 1)
    keys, texts = [], []
    with canvas(name, 240) as (figure, (axes,)):
        for color, kind, values in zip(
            SERIES, trained.cell_kinds, shares.T, strict=False
        ):
            marker = "o" if len(values) == 1 else None
            axes.plot(epochs, values, color=color, linewidth=2, marker=marker)
            keys.append(Key("━", color, _cell(kind)))
            texts.append(
                f"{_cell(kind)}, from {values[0]:.0f} % to {values[-1]:.0f} %"
            )
        axes.set_ylim(-3, 103)
        axes.set_xlabel("epoch")
        axes.set_ylabel("idle edges, %")
        few_ticks(axes, integer=True)
        text = (
            "Skip connections, or nothing, among the edges of the cell that "
            f"would have been drawn: {'; '.join(texts)}."
        )
        return Drawing(name, title, to_svg(figure, text), tuple(keys))


def plot_drawn_costs(
    trained: MixtureTrained, stage: int | None = None
) -> Drawing:
    """Draws the cost of the cell that would have been drawn, by epoch.

    Args:
        trained: With at least one epoch.
        stage: The number of the mixture, where there are several.
    """
    title = f"{cost_name(trained.cost)} of the cell over time"
    name, title = _of_stage("drawn_costs", title, stage)
    costs = np.array(trained.drawn_costs)
    scale, unit = scale_of(trained.cost, float(costs.max()))
    keys = [Key("━", FRONT, "of the cell that would have been drawn")]
    text = (
        f"{cost_name(trained.cost)} of the cell that would have been drawn, "
        f"whatever the budget: from {short_cost(trained.cost, costs[0])} to "
        f"{short_cost(trained.cost, costs[-1])}."
    )
    with canvas(name, 240) as (figure, (axes,)):
        marker = "o" if len(costs) == 1 else None
        axes.plot(
            range(1, len(costs) + 1),
            costs / scale,
            color=FRONT,
            linewidth=2,
            marker=marker,
        )
        if trained.limit is not None:
            axes.axhline(trained.limit / scale, color=LIMIT, linestyle="--")
            keys.append(Key("╌", LIMIT, "limit"))
            text += f" The limit is {short_cost(trained.cost, trained.limit)}."
        axes.set_xlabel("epoch")
        axes.set_ylabel(f"{in_a_sentence(trained.cost)}{unit}")
        few_ticks(axes, integer=True)
        return Drawing(name, title, to_svg(figure, text), tuple(keys))


def plot_mixture(
    trained: MixtureTrained, drawn: CellDrawn | None, stage: int | None = None
) -> Drawing:
    """Draws all candidates' probabilities, and their entropy, by epoch.

    Args:
        trained: With at least one epoch.
        drawn: The cell that came of it; None while there is none.
        stage: The number of the mixture, where there are several.
    """
    name, title = _of_stage(
        "mixture", "Architecture parameters over time", stage
    )
    epochs = range(1, len(trained.history) + 1)
    entropies: list[list[float]] = []
    with canvas(name, 380, num_rows=2) as (figure, (above, below)):
        for block, active in enumerate(trained.active):
            rows = np.array([epoch[block] for epoch in trained.history])
            for index, values in zip(active, rows.T, strict=True):
                is_drawn = drawn is not None and drawn.path[block] == index
                above.plot(
                    epochs,
                    values,
                    color=FRONT if is_drawn else SOFT,
                    linewidth=1.2 if is_drawn else 0.4,
                    zorder=2 if is_drawn else 1,
                )
            if len(active) > 1:
                entropies.append(_entropy(rows).tolist())
        means = np.mean(entropies or [[0.0] * len(epochs)], axis=0)
        below.plot(epochs, means, color=FRONT, linewidth=2)
        above.set_ylabel("probability")
        below.set_ylabel("entropy")
        below.set_xlabel("epoch")
        for axes in (above, below):
            few_ticks(axes)
            axes.set_ylim(bottom=0)
        text = (
            f"Probabilities of the candidates of {len(trained.active)} edges "
            f"over {counted(len(epochs), 'epoch')}, and below their mean "
            "entropy as a share of the highest: from "
            f"{means[0]:.2f} to {means[-1]:.2f}."
        )
        return Drawing(
            name,
            title,
            to_svg(figure, text),
            (
                Key("━", FRONT, "drawn"),
                Key("━", SOFT, "not drawn"),
            ),
        )


def _of_stage(name: str, title: str, stage: int | None) -> tuple[str, str]:
    """Returns name and title of a figure of one of several mixtures."""
    if stage is None:
        return name, title
    return f"{name}_{stage}", f"{title}, stage {stage}"


def _cell(kind: str) -> str:
    """Returns what a kind of cell is called."""
    return kind if kind == "cell" else f"{kind} cell"


def _entropy(rows: np.ndarray) -> np.ndarray:
    """Returns the entropy of each row as a share of the highest possible."""
    safe = np.maximum(rows, 1e-12)
    entropy: np.ndarray = -(rows * np.log(safe)).sum(axis=1)
    entropy /= np.log(rows.shape[1])
    return entropy
