"""Parameters and MACs of candidates at their decision points."""

from collections.abc import Callable
from typing import Any

from nse_tf.costs.parts import (
    Part,
    conv_part,
    halving_part,
    kernel_part,
    mbconv_part,
    squeeze_part,
    total,
)
from nse_tf.spaces import (
    BRANCH_FAMILIES,
    BranchOp,
    CellOp,
    ChoiceBlock,
    DecisionPoint,
    DilConv,
    Edge,
    Identity,
    LayerOp,
    MBConv,
    Motif,
    NorConv,
    Op,
    Pool,
    SepConv,
    Site,
    SkipConnect,
    Slot,
    Width,
    Zero,
    narrowed,
)


def op_part(op: Op, block: DecisionPoint) -> Part:
    """Returns the cost of one candidate, in all cells together.

    Raises:
        ValueError: If the op cannot compete there.
    """
    block.require_family(op)
    return _COUNTS[type(op)](op, block)


def _free(op: Identity | Width, block: DecisionPoint) -> Part:
    del op
    return Part(name=block.name)


def _unknown(op: Slot, block: ChoiceBlock) -> Part:
    """Refuses a slot.

    Raises:
        ValueError: Always.
    """
    raise ValueError(
        f"What {op.name!r} of block {block.name!r} costs depends on its cell: "
        "ask for that."
    )


def _layers(op: LayerOp, block: ChoiceBlock) -> Part:
    """Returns what was read off a layer of the user's."""
    return Part(
        name=block.name,
        macs=op.macs,
        params=op.params,
        kernel_params=op.kernel_params,
        num_convs=op.num_convs,
    )


def _mbconv(op: MBConv, block: ChoiceBlock) -> Part:
    return mbconv_part(block.name, op, block.in_map, block.out_map)


def _motif(op: Motif, block: ChoiceBlock) -> Part:
    """Returns the cost of a motif; identities, pooling and mixing are free."""
    width = block.in_channels
    inner, size = width * op.expansion, block.out_size
    expand = [conv_part(block.name, block.in_size, 1, width, inner)]
    convolved = [edge.kernel for edge in op.edges if edge.kernel]
    return total(
        block.name,
        [
            *(expand if op.expansion > 1 else []),
            *(
                conv_part(block.name, size, kernel, inner, inner, inner)
                for kernel in convolved
            ),
            conv_part(block.name, size, 1, inner, block.out_channels),
        ],
    )


def _branch(op: BranchOp, block: ChoiceBlock) -> Part:
    """Returns the cost of a branch of a multi-branch cell."""
    steps = op.steps(block.in_channels, block.out_channels, block.stride)
    parts = []
    height, width = block.in_size
    for step in steps:
        down, across = step.strides
        height, width = -(-height // down), -(-width // across)
        parts.append(
            conv_part(
                block.name,
                (height, width),
                step.kernel,
                step.in_channels,
                step.out_channels,
                step.groups,
            )
        )
    if block.squeeze_excite:
        inner = steps[-1].in_channels
        parts.append(squeeze_part(block.name, inner, narrowed(inner)))
    return total(block.name, parts)


def _edge(op: CellOp, edge: Edge) -> Part:
    """Returns the cost of an op of an edge, in all cells together."""
    return total(edge.name, (_at_site(op, edge.name, s) for s in edge.sites))


def _at_site(op: CellOp, name: str, site: Site) -> Part:
    width, size = site.channels, site.out_size
    match op:
        case Zero() | Pool():
            return Part(name=name)
        case SkipConnect():
            if site.stride == 1:
                return Part(name=name)
            return halving_part(name, size, width, width)
        case NorConv(kernel):
            return conv_part(name, size, kernel, width, width)
        case DilConv(kernel):
            return _separable(name, size, kernel, width)
        case SepConv(kernel):
            once = _separable(name, size, kernel, width)
            return once + once


def _separable(
    name: str, size: tuple[int, int], kernel: int, width: int
) -> Part:
    """Returns the cost of a depthwise and a 1×1 convolution, one norm."""
    depthwise = kernel_part(name, size, kernel, width, width, width)
    return depthwise + conv_part(name, size, 1, width, width)


# How an op is counted, by its family. The second argument is a decision point
# where the family may compete.
_COUNTS: dict[type[Op], Callable[[Any, Any], Part]] = {
    Identity: _free,
    Width: _free,
    MBConv: _mbconv,
    Motif: _motif,
    LayerOp: _layers,
    Slot: _unknown,
    **dict.fromkeys(BRANCH_FAMILIES, _branch),
    **dict.fromkeys(
        (Zero, SkipConnect, Pool, NorConv, SepConv, DilConv), _edge
    ),
}
