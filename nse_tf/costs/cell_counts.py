"""Parameters and MACs of cell networks, in closed form."""

import dataclasses
import itertools

from nse_tf.costs.parts import (
    Part,
    conv_part,
    dense_part,
    kernel_part,
    norm_part,
    total,
)
from nse_tf.spaces import (
    Cell,
    CellOp,
    CellSkeleton,
    DartsSkeleton,
    DilConv,
    Edge,
    NB201Skeleton,
    NorConv,
    Pool,
    SepConv,
    Site,
    SkipConnect,
    Zero,
)


@dataclasses.dataclass(frozen=True)
class ShapedPart:
    """A fixed part of a cell network, with what it computes.

    Attributes:
        part: Its name and cost.
        ops: What it computes, by name.
        in_shape: Shape of its input.
        out_shape: Shape of its output.
    """

    part: Part
    ops: tuple[str, ...]
    in_shape: tuple[int, ...]
    out_shape: tuple[int, ...]


def edge_part(op: CellOp, edge: Edge) -> Part:
    """Returns the cost of one candidate on its edge, in all cells together."""
    return total(edge.name, (_site_part(op, edge.name, s) for s in edge.sites))


def _site_part(op: CellOp, name: str, site: Site) -> Part:
    width, size = site.channels, site.out_size
    match op:
        case Zero() | Pool():
            return Part(name)
        case SkipConnect():
            if site.stride == 1:
                return Part(name)
            return halving_part(name, size, width, width)
        case NorConv(kernel):
            return conv_part(name, size, kernel, width, width)
        case DilConv(kernel):
            return _separable_part(name, size, kernel, width)
        case SepConv(kernel):
            once = _separable_part(name, size, kernel, width)
            return once + once


def _separable_part(
    name: str, size: tuple[int, int], kernel: int, width: int
) -> Part:
    """Returns the cost of a depthwise and a 1×1 convolution, one norm."""
    depthwise = kernel_part(name, size, kernel, width, width, width)
    return depthwise + conv_part(name, size, 1, width, width)


def halving_part(
    name: str, out_size: tuple[int, int], in_channels: int, out_channels: int
) -> Part:
    """Returns the cost of a factorized reduction: two halves, one norm."""
    part = conv_part(name, out_size, 1, in_channels, out_channels)
    return dataclasses.replace(part, num_convs=2)


def cell_backbone_parts(
    skeleton: CellSkeleton,
) -> tuple[tuple[ShapedPart, ...], tuple[ShapedPart, ...]]:
    """Returns what all networks share: up to the last cell, and after it."""
    before, after = (
        _nb201_parts(skeleton)
        if isinstance(skeleton, NB201Skeleton)
        else (_darts_parts(skeleton), ())
    )
    last = skeleton.cells[-1]
    width = skeleton.classifier_channels
    classifier = ShapedPart(
        dense_part("classifier", width, skeleton.num_classes),
        ("average_pool", "dense"),
        (*last.out_size, width),
        (skeleton.num_classes,),
    )
    return before, (*after, classifier)


def _nb201_parts(
    skeleton: NB201Skeleton,
) -> tuple[tuple[ShapedPart, ...], tuple[ShapedPart, ...]]:
    image = (*skeleton.image_size, skeleton.image_channels)
    shapes = [
        (*size, width)
        for size, width in zip(skeleton.sizes, skeleton.widths, strict=True)
    ]
    stem = ShapedPart(
        conv_part("stem", shapes[0][:2], 3, image[-1], shapes[0][-1]),
        ("conv_k3_s1",),
        image,
        shapes[0],
    )
    reductions = [
        ShapedPart(
            _residual_part(f"reduction{index}", old[-1], new[:2], new[-1]),
            ("conv_k3_s2", "conv_k3_s1", "average_pool_s2", "conv_k1"),
            old,
            new,
        )
        for index, (old, new) in enumerate(itertools.pairwise(shapes), 1)
    ]
    tail = ShapedPart(
        norm_part("tail", shapes[-1][-1]),
        ("batch_norm", "relu"),
        shapes[-1],
        shapes[-1],
    )
    return (stem, *reductions), (tail,)


def _residual_part(
    name: str, in_channels: int, size: tuple[int, int], channels: int
) -> Part:
    return total(
        name,
        (
            conv_part(name, size, 3, in_channels, channels),
            conv_part(name, size, 3, channels, channels),
            kernel_part(name, size, 1, in_channels, channels),
        ),
    )


def _darts_parts(skeleton: DartsSkeleton) -> tuple[ShapedPart, ...]:
    image = (*skeleton.image_size, skeleton.image_channels)
    widths = (image[-1], skeleton.channels // 2, *[skeleton.channels] * 2)
    stem = total(
        "stem",
        (
            conv_part("stem", size, 3, width_in, width_out)
            for size, width_in, width_out in zip(
                skeleton.stem_sizes, widths, widths[1:], strict=False
            )
        ),
    )
    last_size = skeleton.stem_sizes[-1]
    return (
        ShapedPart(
            stem, ("conv_k3_s2",) * 3, image, (*last_size, skeleton.channels)
        ),
        *(_inputs_part(cell) for cell in skeleton.cells),
    )


def _inputs_part(cell: Cell) -> ShapedPart:
    """Returns what brings a DARTS cell's two inputs to its width."""
    name = f"{cell.name}_inputs"
    first, second = cell.in_channels
    adapt = halving_part if cell.halves_first else _pointwise_part
    return ShapedPart(
        adapt(name, cell.in_size, first, cell.channels)
        + _pointwise_part(name, cell.in_size, second, cell.channels),
        ("factorized_reduce" if cell.halves_first else "conv_k1", "conv_k1"),
        (*cell.in_size, second),
        (*cell.in_size, cell.channels),
    )


def _pointwise_part(
    name: str, size: tuple[int, int], in_channels: int, out_channels: int
) -> Part:
    return conv_part(name, size, 1, in_channels, out_channels)
