"""Figures as small inline SVG that takes its colors and fonts from the page."""

import contextlib
import dataclasses
import html
import io
import re
from collections.abc import Iterator, Sequence
from typing import Any
from xml.etree import ElementTree

import matplotlib.style
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch
from matplotlib.path import Path

# Stand-ins that become CSS variables, so that one figure suits a light page
# and a dark one. The page defines the variables.
INK, SOFT, GRID = "#010101", "#020202", "#030303"
DOTS, FRONT, WINNER, LIMIT = "#040404", "#050505", "#060606", "#070707"
PAPER = "#080808"
# For what only its color distinguishes; used in turns where there is more.
SERIES = tuple(f"#0901{number:02}" for number in range(1, 9))
_VARIABLES = {
    INK: "ink",
    SOFT: "soft",
    GRID: "grid",
    DOTS: "dots",
    FRONT: "front",
    WINNER: "winner",
    LIMIT: "limit",
    PAPER: "paper",
    **{color: f"series{i}" for i, color in enumerate(SERIES, 1)},
}

# Figures are drawn for a phone's width, in CSS pixels: what can be read there
# can be read everywhere.
WIDTH = 400

_STYLE: dict[str, Any] = {
    "svg.fonttype": "none",
    "text.parse_math": False,
    "path.simplify": False,
    "font.size": 12,
    "axes.labelsize": 12,
    "axes.edgecolor": SOFT,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": GRID,
    "text.color": INK,
    "xtick.color": SOFT,
    "ytick.color": SOFT,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "savefig.facecolor": "none",
    "figure.constrained_layout.use": True,
}


@dataclasses.dataclass(frozen=True)
class Key:
    """One entry of a figure's key.

    Attributes:
        mark: The character that looks like what is drawn.
        color: `INK`, `DOTS`, ….
        text: What it stands for.
    """

    mark: str
    color: str
    text: str

    @property
    def variable(self) -> str:
        """Name of the CSS variable that holds the color."""
        return _VARIABLES[self.color]


@dataclasses.dataclass(frozen=True)
class Drawing:
    """One figure.

    Attributes:
        name: Unique on a page.
        title: What it shows, in a few words.
        svg: The figure itself, an `<svg>` element that also describes in
            words what it shows.
        keys: What its marks stand for.
    """

    name: str
    title: str
    svg: str
    keys: tuple[Key, ...] = ()


@contextlib.contextmanager
def canvas(
    name: str, height: float, num_rows: int = 1
) -> Iterator[tuple[Figure, Sequence[Axes]]]:
    """Gives a figure of `WIDTH` by `height` pixels, and its axes, to draw on.

    What is drawn depends on the data alone: no date, no random name, nothing
    that a user set for matplotlib.

    Args:
        name: Unique on a page; what the figure defines is named after it.
        height: In CSS pixels.
        num_rows: How many axes are stacked, with one horizontal axis.
    """
    style = {**_STYLE, "svg.hashsalt": name}
    with matplotlib.style.context(["default", style]):
        figure = Figure(figsize=(WIDTH / 72, height / 72))
        axes = figure.subplots(num_rows, 1, sharex=True, squeeze=False)
        yield figure, list(axes[:, 0])


@contextlib.contextmanager
def sheet(name: str, height: float) -> Iterator[tuple[Figure, Axes]]:
    """Gives a figure, and axes that count its CSS pixels from the top left.

    Arguments as in `canvas`.
    """
    with canvas(name, height) as (figure, (axes,)):
        figure.set_layout_engine("none")
        axes.set_position((0.0, 0.0, 1.0, 1.0))
        axes.set_axis_off()
        axes.set_xlim(0, WIDTH)
        axes.set_ylim(height, 0)
        yield figure, axes


def write(
    axes: Axes, x: float, y: float, text: str, color: str, align: str = "left"
) -> None:
    """Writes a line on a sheet, over all else that is there.

    Args:
        axes: Those of the sheet.
        x: Where the text starts, ends or has its middle, as `align` says.
        y: The middle of its letters.
        text: What to write.
        color: Its color.
        align: `left`, `right` or `center`.
    """
    axes.text(
        x,
        y,
        text,
        color=color,
        ha=align,
        va="center_baseline",
        fontsize=11,
        zorder=4,
    )


def dots(
    axes: Axes,
    x: np.ndarray,
    y: np.ndarray,
    size: float = 4.5,
    color: str = DOTS,
) -> None:
    """Draws points as one path, which takes a fifth of the bytes of markers.

    A line of no length with round ends is a dot.
    """
    ends = np.repeat(np.column_stack([x, y]), 2, axis=0)
    codes = np.tile([Path.MOVETO, Path.LINETO], len(x))
    axes.add_patch(
        PathPatch(
            Path(ends, codes),
            linewidth=size,
            edgecolor=color,
            fill=False,
            capstyle="round",
        )
    )
    axes.update_datalim(ends)
    axes.autoscale_view()


def to_svg(figure: Figure, text: str) -> str:
    """Returns a figure as an `<svg>` element without any name space.

    Args:
        figure: What to show.
        text: What it shows, for those who cannot see it.
    """
    content = io.BytesIO()
    figure.savefig(content, format="svg", metadata={"Date": None})
    root = ElementTree.fromstring(content.getvalue())
    view = html.escape(root.attrib["viewBox"])
    inside = "".join(_element(child) for child in root)
    label = html.escape(text)
    return (
        f'<svg viewBox="{view}" role="img" aria-label="{label}">{inside}</svg>'
    )


def _element(node: ElementTree.Element) -> str:
    """Returns an element as text: only what is drawn, two decimals."""
    tag = node.tag.split("}")[-1]
    if tag in ("metadata", "style"):
        return ""
    inside = "".join(_element(child) for child in node)
    attributes = _attributes(tag, node.attrib)
    if tag in ("g", "defs") and (not inside or not attributes):
        return inside if tag == "g" else inside and f"<defs>{inside}</defs>"
    inside += html.escape((node.text or "").strip())
    return f"<{tag}{attributes}>{inside}</{tag}>"


def _attributes(tag: str, attributes: dict[str, str]) -> str:
    kept = []
    for name, value in attributes.items():
        name = name.split("}")[-1]
        is_turned = not value.startswith("rotate(-0 ")
        if (tag, name) != ("g", "id") and (name != "transform" or is_turned):
            if name == "style":
                value = _colored(value)
            if name not in ("id", "href", "clip-path"):
                value = _rounded(value)
            kept.append(f' {name}="{html.escape(value)}"')
    return "".join(kept)


def _colored(style: str) -> str:
    """Returns a style with the page's colors and font family."""
    style = re.sub(r"font-family: [^;]*;?\s*", "", style)
    for color, variable in _VARIABLES.items():
        style = style.replace(color, f"var(--{variable})")
    return style.replace(": ", ":").replace("; ", ";")


def _rounded(value: str) -> str:
    """Returns an attribute with its numbers rounded and its lines joined."""
    value = re.sub(r"\d+\.\d+", lambda m: f"{float(m[0]):.2f}", value)
    value = re.sub(r"(\.\d*?)0+(?!\d)", r"\1", value)
    return " ".join(re.sub(r"\.(?!\d)", "", value).split())
