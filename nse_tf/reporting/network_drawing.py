"""A network as a picture: what it computes, on which shapes, at what cost."""

import math
import re

from matplotlib.axes import Axes
from matplotlib.patches import FancyBboxPatch

from nse_tf.costs.descriptions import BlockDescription, NetworkDescription
from nse_tf.reporting.drawing import (
    DOTS,
    FRONT,
    GRID,
    INK,
    LIMIT,
    PAPER,
    SOFT,
    WIDTH,
    Drawing,
    Key,
    sheet,
    to_svg,
    write,
)
from nse_tf.reporting.units import counted, shape_text, short_count
from nse_tf.spaces import motif_named

ROW = 27.0  # CSS pixels that a part takes.
# The columns, in CSS pixels: middle and greatest width of the boxes, and where
# shapes and costs stand.
MIDDLE, WIDEST = 102.0, 190.0
LETTER = 6.6  # As wide as a letter of a box may be.
SHAPES, COSTS, BARS = 208.0, 337.0, 342.0

# Kernel sizes and their colors.
KERNELS = {3: DOTS, 5: FRONT, 7: LIMIT}


def plot_network(network: NetworkDescription) -> Drawing:
    """Draws the parts of a network from the image to the classes.

    A box is as wide as its output has channels (on a logarithmic scale) or as
    its name needs, and colored by its kernel; a part that computes nothing is
    a line. A bar shows its share of the MACs.
    """
    blocks = network.blocks
    widest = max(_channels(part) for part in blocks)
    most_expensive = max(part.macs for part in blocks)
    height = ROW * (len(blocks) + 1)
    with sheet("network", height) as (figure, axes):
        write(axes, SHAPES, 0.5 * ROW, "output", SOFT)
        write(axes, COSTS, 0.5 * ROW, "MACs", SOFT, align="right")
        axes.plot([MIDDLE] * 2, [ROW, height - ROW / 2], color=SOFT, zorder=0)
        for row, part in enumerate(blocks):
            share = math.log2(1 + _channels(part)) / math.log2(1 + widest)
            middle = (row + 1.5) * ROW
            _draw_part(axes, part, middle, share * WIDEST)
            _draw_costs(axes, part, middle, part.macs / max(most_expensive, 1))
        return Drawing(
            "network",
            "The winner drawn",
            to_svg(figure, _text(network)),
            (
                *(
                    Key("■", color, f"{kernel}×{kernel}")
                    for kernel, color in KERNELS.items()
                    if any(_kernel(part) == kernel for part in blocks)
                ),
                Key("■", SOFT, "fixed"),
            ),
        )


def _draw_part(
    axes: Axes, part: BlockDescription, middle: float, width: float
) -> None:
    if part.is_choice and set(part.ops) <= {"identity"}:
        write(axes, MIDDLE + 8, middle, "identity", SOFT)
        return
    name = "+".join(part.ops) if part.is_choice else _backbone_name(part)
    width = max(width, LETTER * (len(name) + 2))
    height = 0.74 * ROW
    color = KERNELS.get(_kernel(part), SOFT) if part.is_choice else GRID
    axes.add_patch(
        FancyBboxPatch(
            (MIDDLE - width / 2, middle - height / 2),
            width,
            height,
            boxstyle="round,pad=0,rounding_size=4",
            facecolor=PAPER if part.is_choice else GRID,
            edgecolor=color if part.is_choice else SOFT,
            linewidth=2 if part.is_choice else 1,
        )
    )
    write(axes, MIDDLE, middle, name, INK, align="center")


def _draw_costs(
    axes: Axes, part: BlockDescription, middle: float, share: float
) -> None:
    write(axes, SHAPES, middle, shape_text(part.out_shape), INK)
    write(axes, COSTS, middle, short_count(part.macs), INK, align="right")
    if share > 0:
        length = share * (WIDTH - 4 - BARS)
        axes.barh(
            middle, length, height=0.5 * ROW, left=BARS, color=DOTS, zorder=2
        )


def _backbone_name(part: BlockDescription) -> str:
    return f"{part.name}: {part.ops[-1]}"


def _channels(part: BlockDescription) -> int:
    return int(part.out_shape[-1])


def _kernel(part: BlockDescription) -> int:
    """Returns the largest kernel that is open here; 0 where there is none."""
    if not part.is_choice:
        return 0
    found = [
        int(size) for op in part.ops for size in re.findall(r"_k(\d+)", op)
    ]
    motifs = filter(None, map(motif_named, part.ops))
    return max((*found, *(motif.reach for motif in motifs)), default=0)


def _text(network: NetworkDescription) -> str:
    chosen = [part for part in network.blocks if part.is_choice]
    idle = sum(set(part.ops) <= {"identity"} for part in chosen)
    most_expensive = max(network.blocks, key=lambda part: part.macs)
    return (
        f"The network from an image of "
        f"{shape_text(network.blocks[0].in_shape)} to "
        f"{network.blocks[-1].out_shape[-1]} classes: "
        f"{counted(len(chosen), 'choice block')}, {idle} of them without an "
        f"operation. {most_expensive.name} costs most, "
        f"{short_count(most_expensive.macs)} of "
        f"{short_count(network.macs)} MACs."
    )
