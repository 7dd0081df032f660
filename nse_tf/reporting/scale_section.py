"""The part of a page on how resolution, width and depth were chosen."""

import math
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from nse_tf.events import Event, ScaleAlternative, ScaleChosen
from nse_tf.reporting.drawing import (
    DOTS,
    SOFT,
    WINNER,
    Drawing,
    Key,
    canvas,
    to_svg,
)
from nse_tf.reporting.markup import Markup, figure, joined, table, tag
from nse_tf.reporting.run_record import RunRecord
from nse_tf.reporting.score_maps import FAINTEST, STRONGEST
from nse_tf.reporting.units import counted, percent, short_count, three_digits

# Where a difference of two shares lies with a probability of 95 %, in
# deviations.
_QUANTILE = 1.96


def scale_section(record: RunRecord) -> str:
    """Returns how a scale was chosen; empty where it was given."""
    events: tuple[Event, ...] = (*record.choice_of_scale, *record.events)
    found = [each for each in events if isinstance(each, ScaleChosen)]
    if not found:
        return ""
    chosen = found[-1]
    num_images = record.config.data.validation if record.config else 0
    return joined(
        [
            tag("h2", "How resolution, width and depth were chosen"),
            tag("p", _how_to_read(chosen), class_="soft small"),
            tag("p", _verdict(chosen, num_images)),
            tag("div", figure(plot_scales(chosen)), class_="figures"),
            _tables(chosen),
        ]
    )


def _how_to_read(chosen: ScaleChosen) -> str:
    asked = (
        f"at least {percent(chosen.least_share)} have to keep it"
        if chosen.least_share
        else "hardly any keeps it at any scale"
    )
    text = (
        "At each scale the same number of networks was drawn, and held against "
        f"the limit: {asked}. Those that keep it tell by their MACs how much "
        "the limit lets them compute."
    )
    if not chosen.probe_epochs:
        return f"{text} No network was trained to choose."
    return (
        f"{text} At the best scale of some resolutions networks of about the "
        f"mean MACs were trained for {counted(chosen.probe_epochs, 'epoch')} "
        "each. That so short a training ranks scales was not shown; see "
        "docs/auto_scale.md."
    )


def _verdict(chosen: ScaleChosen, num_images: int) -> str:
    """Returns what was taken, and how surely it is the best."""
    taken = chosen.taken
    text = f"Taken: {scale_text(taken)}."
    best = taken.mean_accuracy
    if chosen.probe_epochs and not chosen.is_by_accuracy:
        return (
            f"{text} None of the short trainings got above what guessing may "
            "get, so costs decided; --probe_epochs trains longer."
        )
    if best is None or not num_images:
        return text
    count = num_images * len(taken.accuracies)
    noise = _QUANTILE * math.sqrt(2 * best * (1 - best) / count)
    others = [
        each.mean_accuracy
        for each in chosen.alternatives
        if each is not taken and each.mean_accuracy is not None
    ]
    close = sum(best - other <= noise for other in others)
    return (
        f"{text} Its networks reached {percent(best)} on average; the "
        f"validation images do not tell {close} of the "
        f"{counted(len(others), 'other resolution')} from it, and no second "
        "seed was tried."
    )


def scale_text(each: ScaleAlternative) -> str:
    """Returns a scale in words, such as `48 pixels, width 0.5, depth 1`."""
    parts = [f"{each.image_size} pixels"]
    for name, value in (("width", each.width), ("depth", each.depth)):
        if value is not None:
            parts.append(f"{name} {value:g}")
    return ", ".join(parts)


def _tables(chosen: ScaleChosen) -> Markup:
    """Returns what competed as a table, and all else as one to be opened."""
    competed = [
        each
        for each in chosen.alternatives
        if each.accuracies or each is chosen.taken
    ]
    others = [each for each in chosen.alternatives if each not in competed]
    parts = [_table(competed, chosen, "Scales that competed")]
    if others:
        parts.append(
            tag(
                "details",
                tag(
                    "summary",
                    f"{counted(len(others), 'other scale')} by costs",
                ),
                _table(others, chosen, "Scales that were not taken"),
            )
        )
    return joined(parts)


def _table(
    scales: Sequence[ScaleAlternative], chosen: ScaleChosen, caption: str
) -> Markup:
    is_trained = any(each.accuracies for each in scales)
    header = ["Scale", "Keep the limit", "Mean MACs"]
    rows = []
    for each in scales:
        name = scale_text(each)
        macs = "" if each.mean_macs is None else short_count(each.mean_macs)
        row = [
            f"{name} (taken)" if each is chosen.taken else name,
            percent(each.share),
            macs,
        ]
        if is_trained:
            row.append(
                " and ".join(
                    "failed" if accuracy is None else percent(accuracy)
                    for accuracy in each.accuracies
                )
            )
        rows.append(row)
    if is_trained:
        header.append("Short training")
    return table(header, rows, caption=caption, kind="wraps")


def plot_scales(chosen: ScaleChosen) -> Drawing:
    """Draws mean MACs within the limit: resolutions as rows, widths as columns.

    Of several depths the one that was taken or trained counts, else that of
    most MACs.

    Args:
        chosen: The choice.
    """
    sides = sorted({each.image_size for each in chosen.alternatives})
    widths = sorted({each.width or 0.0 for each in chosen.alternatives})
    cells = {
        (side, width): _shown(chosen, side, width)
        for side in sides
        for width in widths
    }
    most = max((each.mean_macs or 0.0) for each in chosen.alternatives)
    with canvas("scales", 30 * len(sides) + 60) as (drawn, (axes,)):
        for (side, width), each in cells.items():
            if each is not None:
                place = widths.index(width), sides.index(side)
                _draw_cell(axes, *place, each, chosen, most)
        _label(axes, sides, widths)
        return Drawing(
            "scales",
            "Mean MACs within the limit, in millions",
            to_svg(drawn, _text(chosen)),
            _keys(chosen),
        )


def _shown(
    chosen: ScaleChosen, side: int, width: float
) -> ScaleAlternative | None:
    """Returns the depth that is shown of a resolution and a width."""
    here = [
        each
        for each in chosen.alternatives
        if (each.image_size, each.width or 0.0) == (side, width)
    ]
    return max(
        here,
        key=lambda each: (
            each is chosen.taken,
            bool(each.accuracies),
            each.share >= chosen.least_share,
            each.mean_macs or 0.0,
        ),
        default=None,
    )


def _draw_cell(
    axes: Axes,
    column: int,
    row: int,
    each: ScaleAlternative,
    chosen: ScaleChosen,
    most: float,
) -> None:
    macs = each.mean_macs
    is_enough = macs is not None and each.share >= chosen.least_share
    # Ten shades: readers distinguish no more.
    share = round(9 * (macs or 0.0) / most) / 9 if most else 0.0
    shade = round(FAINTEST + share * (STRONGEST - FAINTEST), 2)
    is_taken = each is chosen.taken
    axes.add_patch(
        Rectangle(
            (column - 0.46, row - 0.44),
            0.92,
            0.88,
            facecolor=(DOTS, shade) if is_enough else "none",
            edgecolor=WINNER if is_taken else SOFT,
            linewidth=2 if is_taken else 0.5,
        )
    )
    if macs is not None:
        mark = "*" if each.accuracies else ""
        axes.text(
            column,
            row,
            f"{three_digits(macs / 1e6)}{mark}",
            ha="center",
            va="center",
            fontsize=9,
            in_layout=False,
        )


def _label(axes: Axes, sides: Sequence[int], widths: Sequence[float]) -> None:
    axes.set_xlim(-0.5, len(widths) - 0.5)
    axes.set_ylim(len(sides) - 0.5, -0.5)
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0, labelsize=10)
    names = [f"{width:g}" if width else "" for width in widths]
    axes.set_xticks(range(len(widths)), names)
    axes.set_yticks(range(len(sides)), [str(side) for side in sides])
    axes.set_xlabel("width")
    axes.set_ylabel("pixels")


def _keys(chosen: ScaleChosen) -> tuple[Key, ...]:
    keys = [
        Key("■", DOTS, "the stronger, the more MACs"),
        Key("□", SOFT, "too few networks keep the limit"),
        Key("□", WINNER, "taken"),
    ]
    if chosen.probe_epochs:
        keys.insert(2, Key("*", SOFT, "networks were trained"))
    return tuple(keys)


def _text(chosen: ScaleChosen) -> str:
    fitting = sum(
        each.mean_macs is not None and each.share >= chosen.least_share
        for each in chosen.alternatives
    )
    return (
        f"Mean MACs of networks within the limit at "
        f"{counted(len(chosen.alternatives), 'scale')}, of which {fitting} "
        f"have enough of them. Taken: {scale_text(chosen.taken)}."
    )
