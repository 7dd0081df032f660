"""Parameters and MACs of the backbone: what all networks of a space share."""

import dataclasses
import functools
import itertools

from nse_tf.costs.parts import (
    Part,
    conv_part,
    dense_part,
    halving_part,
    kernel_part,
    mbconv_part,
    norm_part,
    total,
)
from nse_tf.spaces import (
    Cell,
    CellSkeleton,
    ChainSkeleton,
    DartsSkeleton,
    ModelSkeleton,
    NB201Skeleton,
    Skeleton,
)


@dataclasses.dataclass(frozen=True)
class BackbonePart:
    """A part of the backbone, with what it computes.

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


@dataclasses.dataclass(frozen=True)
class Backbone:
    """The backbone of a network.

    Attributes:
        before: Parts before the last block, input to output.
        after: Parts behind it, input to output.
    """

    before: tuple[BackbonePart, ...]
    after: tuple[BackbonePart, ...]


@functools.singledispatch
def backbone(skeleton: Skeleton) -> Backbone:
    """Returns the backbone of a skeleton.

    Each family of skeletons registers how it is counted.

    Raises:
        TypeError: If none is registered for it.
    """
    raise TypeError(f"Nobody counts a skeleton {type(skeleton).__name__!r}.")


def backbone_parts(skeleton: Skeleton) -> tuple[Part, ...]:
    """Returns the costs of the backbone, input to output."""
    parts = backbone(skeleton)
    return tuple(each.part for each in (*parts.before, *parts.after))


@backbone.register
def _(skeleton: ChainSkeleton) -> Backbone:
    image = (*skeleton.image_size, skeleton.image_channels)
    stem = (*skeleton.stem_size, skeleton.stem_channels)
    last = (*skeleton.tail_size, skeleton.stages[-1].channels)
    tail = (*skeleton.tail_size, skeleton.tail_channels)
    before = [
        BackbonePart(
            conv_part("stem", stem[:2], 3, image[-1], stem[-1]),
            (f"conv_k3_s{skeleton.stem_stride}",),
            image,
            stem,
        )
    ]
    if skeleton.FIRST_OP is not None:
        first = (*skeleton.stem_size, skeleton.first_channels)
        before.append(
            BackbonePart(
                mbconv_part("first", skeleton.FIRST_OP, stem, first),
                (skeleton.FIRST_OP.name,),
                stem,
                first,
            )
        )
    tail_part = conv_part if skeleton.NORMALIZES_TAIL else kernel_part
    after = [
        BackbonePart(
            tail_part("tail", tail[:2], 1, last[-1], tail[-1]),
            ("conv_k1",),
            last,
            tail,
        )
    ]
    if not skeleton.hidden_channels:
        after.append(_classifier(tail, skeleton.num_classes))
        return Backbone(tuple(before), tuple(after))
    hidden, classes = (skeleton.hidden_channels,), (skeleton.num_classes,)
    after += [
        BackbonePart(
            dense_part("hidden", tail[-1], *hidden),
            ("average_pool", "dense"),
            tail,
            hidden,
        ),
        BackbonePart(
            dense_part("classifier", *hidden, *classes),
            ("dense",),
            hidden,
            classes,
        ),
    ]
    return Backbone(tuple(before), tuple(after))


def _classifier(in_shape: tuple[int, ...], num_classes: int) -> BackbonePart:
    """Returns the cost of pooling and the fully connected layer."""
    return BackbonePart(
        dense_part("classifier", in_shape[-1], num_classes),
        ("average_pool", "dense"),
        in_shape,
        (num_classes,),
    )


@backbone.register
def _(skeleton: ModelSkeleton) -> Backbone:
    shared = Part(
        name="shared",
        macs=skeleton.macs,
        params=skeleton.params,
        kernel_params=skeleton.kernel_params,
        num_convs=skeleton.num_convs,
    )
    image = (*skeleton.image_size, skeleton.image_channels)
    classes = (skeleton.num_classes,)
    return Backbone((), (BackbonePart(shared, ("layers",), image, classes),))


def _classifier_of_cells(skeleton: CellSkeleton) -> BackbonePart:
    shape = (*skeleton.cells[-1].out_size, skeleton.classifier_channels)
    return _classifier(shape, skeleton.num_classes)


@backbone.register
def _(skeleton: NB201Skeleton) -> Backbone:
    image = (*skeleton.image_size, skeleton.image_channels)
    shapes = [
        (*size, width)
        for size, width in zip(skeleton.sizes, skeleton.widths, strict=True)
    ]
    stem = BackbonePart(
        conv_part("stem", shapes[0][:2], 3, image[-1], shapes[0][-1]),
        ("conv_k3_s1",),
        image,
        shapes[0],
    )
    reductions = [
        BackbonePart(
            _residual_part(f"reduction{index}", old[-1], new[:2], new[-1]),
            ("conv_k3_s2", "conv_k3_s1", "average_pool_s2", "conv_k1"),
            old,
            new,
        )
        for index, (old, new) in enumerate(itertools.pairwise(shapes), 1)
    ]
    tail = BackbonePart(
        norm_part("tail", shapes[-1][-1]),
        ("batch_norm", "relu"),
        shapes[-1],
        shapes[-1],
    )
    return Backbone((stem, *reductions), (tail, _classifier_of_cells(skeleton)))


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


@backbone.register
def _(skeleton: DartsSkeleton) -> Backbone:
    image = (*skeleton.image_size, skeleton.image_channels)
    widths = (image[-1], *skeleton.stem_widths)
    stem = total(
        "stem",
        (
            conv_part("stem", size, 3, width_in, width_out)
            for size, width_in, width_out in zip(
                skeleton.stem_sizes, widths, widths[1:], strict=False
            )
        ),
    )
    stem_shape = (*skeleton.stem_sizes[-1], widths[-1])
    stem_ops = (f"conv_k3_s{skeleton.STEM_STRIDE}",) * len(skeleton.stem_sizes)
    return Backbone(
        (
            BackbonePart(stem, stem_ops, image, stem_shape),
            *(_inputs_part(cell) for cell in skeleton.cells),
        ),
        (_classifier_of_cells(skeleton),),
    )


def _inputs_part(cell: Cell) -> BackbonePart:
    """Returns what brings the two inputs of DARTS's cell to its width."""
    name = f"{cell.name}_inputs"
    first, second = cell.in_channels
    pointwise = conv_part(name, cell.in_size, 1, second, cell.channels)
    adapted = (
        halving_part(name, cell.in_size, first, cell.channels)
        if cell.halves_first
        else conv_part(name, cell.in_size, 1, first, cell.channels)
    )
    return BackbonePart(
        adapted + pointwise,
        ("factorized_reduce" if cell.halves_first else "conv_k1", "conv_k1"),
        (*cell.in_size, second),
        (*cell.in_size, cell.channels),
    )
