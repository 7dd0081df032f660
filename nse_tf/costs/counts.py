"""Parameters and MACs of every part of a network, in closed form.

One multiply-accumulate is one MAC. Convolutions and fully connected layers
count, nothing else does: batch norm, activations, additions and pooling are
free, as are biases. Parameters are what training moves: kernels, batch norm's
scale and offset, the classifier's bias.
"""

from nse_tf.costs.branch_counts import branch_backbone_parts, branch_part
from nse_tf.costs.cell_counts import cell_backbone_parts, edge_part
from nse_tf.costs.parts import Part, conv_part, dense_part, total
from nse_tf.spaces import (
    BRANCH_FAMILIES,
    AnySkeleton,
    BranchBlock,
    BranchSkeleton,
    CellOp,
    CellSkeleton,
    ChoiceBlock,
    DecisionPoint,
    Edge,
    Identity,
    LayerOp,
    MBConv,
    ModelSkeleton,
    Op,
)


def mbconv_part(
    name: str,
    op: MBConv,
    in_size: tuple[int, int],
    out_size: tuple[int, int],
    in_channels: int,
    out_channels: int,
) -> Part:
    """Returns the cost of an inverted residual."""
    inner = in_channels * op.expansion
    expand = [conv_part(name, in_size, 1, in_channels, inner)]
    return total(
        name,
        [
            *(expand if op.expansion > 1 else []),
            conv_part(name, out_size, op.kernel, inner, inner, groups=inner),
            conv_part(name, out_size, 1, inner, out_channels),
        ],
    )


def op_part(op: Op, place: DecisionPoint) -> Part:
    """Returns the cost of one candidate at its place.

    Raises:
        ValueError: If the op is of another kind of space than the place.
    """
    if isinstance(op, CellOp) and isinstance(place, Edge):
        return edge_part(op, place)
    if isinstance(op, BRANCH_FAMILIES) and isinstance(place, BranchBlock):
        return branch_part(op, place)
    if isinstance(op, LayerOp) and isinstance(place, ChoiceBlock):
        return _opaque_part(place.name, op)
    if isinstance(op, Identity) and isinstance(place, ChoiceBlock):
        return Part(place.name)
    if isinstance(op, MBConv) and isinstance(place, ChoiceBlock):
        return mbconv_part(
            place.name,
            op,
            place.in_size,
            place.out_size,
            place.in_channels,
            place.out_channels,
        )
    raise ValueError(
        f"Op {op.name!r} cannot compete at {place.name!r}: one is of a chain, "
        "the other of cells."
    )


def _opaque_part(name: str, whole: LayerOp | ModelSkeleton) -> Part:
    """Returns what was read off layers of the user's."""
    return Part(
        name, whole.macs, whole.params, whole.kernel_params, whole.num_convs
    )


def backbone_parts(skeleton: AnySkeleton) -> tuple[Part, ...]:
    """Returns what all networks of a skeleton share, input to output."""
    if isinstance(skeleton, ModelSkeleton):
        return (_opaque_part("shared", skeleton),)
    if isinstance(skeleton, CellSkeleton):
        before, after = cell_backbone_parts(skeleton)
        return tuple(each.part for each in (*before, *after))
    classifier = dense_part(
        "classifier", skeleton.tail_channels, skeleton.num_classes
    )
    if isinstance(skeleton, BranchSkeleton):
        return (*branch_backbone_parts(skeleton), classifier)
    return (
        conv_part(
            "stem",
            skeleton.stem_size,
            3,
            skeleton.image_channels,
            skeleton.stem_channels,
        ),
        mbconv_part(
            "first",
            MBConv(3, 1),
            skeleton.stem_size,
            skeleton.stem_size,
            skeleton.stem_channels,
            skeleton.first_channels,
        ),
        conv_part(
            "tail",
            skeleton.tail_size,
            1,
            skeleton.stages[-1].channels,
            skeleton.tail_channels,
        ),
        classifier,
    )
