"""The cells of a network as graphs, where they are AutoSpace's motifs."""

from matplotlib.axes import Axes
from matplotlib.patches import Circle, FancyArrowPatch

from nse_tf.costs.descriptions import NetworkDescription
from nse_tf.reporting.drawing import (
    INK,
    PAPER,
    SOFT,
    Drawing,
    Key,
    sheet,
    to_svg,
    write,
)
from nse_tf.reporting.network_drawing import KERNELS
from nse_tf.reporting.units import counted
from nse_tf.spaces import Motif, MotifEdge, motif_named

ROW = 120.0  # CSS pixels that a cell takes.
RADIUS = 17.0
# Where the nodes stand in a row, and how far edges that pass a node swing out.
NODES = tuple(40.0 + 106.0 * node for node in range(4))
MIDDLE, SWING = 68.0, 0.27


def plot_motifs(network: NetworkDescription) -> list[Drawing]:
    """Draws each motif of a network once; nothing where there are none.

    An edge is colored by its kernel, and dashed where it is the identity. A
    node says how it mixes its inputs, if it has two.
    """
    blocks: dict[Motif, list[str]] = {}
    for part in network.blocks:
        for motif in filter(None, map(motif_named, part.ops)):
            blocks.setdefault(motif, []).append(part.name)
    if not blocks:
        return []
    return [draw_motifs("motifs", "The winner's cells as graphs", blocks)]


def draw_motifs(
    name: str, title: str, blocks: dict[Motif, list[str]]
) -> Drawing:
    """Draws motifs one below the other.

    Args:
        name: Name of the drawing, unique on a page.
        title: What it shows.
        blocks: Where each motif stands; at least one.
    """
    height = ROW * len(blocks)
    with sheet(name, height) as (figure, axes):
        for row, (motif, names) in enumerate(blocks.items()):
            _draw_motif(axes, row * ROW, motif, names)
        sides = {edge.kernel for motif in blocks for edge in motif.edges}
        return Drawing(
            name,
            title,
            to_svg(figure, _text(blocks)),
            tuple(
                Key("―", _color(side), _label(side))
                if side
                else Key("┄", _color(side), "identity")
                for side in sorted(sides)
            ),
        )


def _draw_motif(axes: Axes, top: float, motif: Motif, names: list[str]) -> None:
    where = names[0] if len(names) == 1 else counted(len(names), "block")
    title = f"{motif.code}, expansion {motif.expansion}, in {where}"
    write(axes, 6, top + 12, title, SOFT)
    for edge in motif.edges:
        _draw_edge(axes, top + MIDDLE, edge)
    for node, x in enumerate(NODES):
        axes.add_patch(
            Circle(
                (x, top + MIDDLE),
                RADIUS,
                facecolor=PAPER,
                edgecolor=SOFT,
                linewidth=1,
                zorder=3,
            )
        )
        text = str(node)
        if len(motif.inputs_of(node)) > 1:
            text = "max" if motif.takes_maximum[node] else "+"
        write(axes, x, top + MIDDLE, text, INK, "center")


def _draw_edge(axes: Axes, middle: float, edge: MotifEdge) -> None:
    ends = NODES[edge.source], NODES[edge.target]
    # Edges that pass a node swing out: up from node 0, down from node 1.
    is_chain = edge.target == edge.source + 1
    swing = 0.0 if is_chain else SWING if edge.source else -SWING
    peak = swing * (ends[1] - ends[0]) / 2
    label = middle + peak + (11 if swing > 0 else -11)
    axes.add_patch(
        FancyArrowPatch(
            (ends[0], middle),
            (ends[1], middle),
            connectionstyle=f"arc3,rad={swing}",
            arrowstyle="-|>",
            mutation_scale=12,
            shrinkA=RADIUS,
            shrinkB=RADIUS,
            color=_color(edge.kernel),
            linewidth=2,
            linestyle="-" if edge.kernel else (0, (3, 2)),
            zorder=2,
        )
    )
    write(axes, sum(ends) / 2, label, _label(edge.kernel), INK, "center")


def _color(side: int) -> str:
    return KERNELS.get(side, SOFT if side == 0 else INK)


def _label(side: int) -> str:
    return f"{side}×{side}" if side else "id"


def _text(blocks: dict[Motif, list[str]]) -> str:
    cells = "; ".join(
        f"{motif.code} in {', '.join(names)}: "
        + ", ".join(
            f"{_label(edge.kernel)} from {edge.source} to {edge.target}"
            for edge in motif.edges
        )
        for motif, names in blocks.items()
    )
    return f"The cells of the network as graphs of four nodes. {cells}."
