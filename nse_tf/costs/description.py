"""Descriptions: what a space or a network is and costs, place by place.

Plain records, for people and for programs: `dataclasses.asdict` makes JSON of
them.
"""

import dataclasses

from nse_tf.costs.cell_counts import cell_backbone_parts
from nse_tf.costs.conventions import published_extra
from nse_tf.costs.counts import backbone_parts, op_part
from nse_tf.costs.models import CostModel, backbone_keys, operator_key
from nse_tf.costs.parts import Part, total
from nse_tf.costs.tables import CostTable
from nse_tf.spaces import (
    AnySkeleton,
    BranchSkeleton,
    CellSkeleton,
    ChoiceBlock,
    DecisionPoint,
    Genotype,
    ModelSkeleton,
    SearchSpace,
    format_genotype,
)

Shape = tuple[int, ...]


@dataclasses.dataclass(frozen=True)
class BlockDescription:
    """One place of a network, or one of its fixed parts.

    The place of a cell network is an edge, which stands in many cells: costs
    are those of all of them, shapes those of the first.

    Attributes:
        name: The place's name.
        is_choice: Whether candidates compete here; fixed parts have none.
        ops: What is computed here: the open candidates, or the fixed ops.
        in_shape: Shape of the input, `(height, width, channels)`.
        out_shape: Shape of the output; `(num_classes,)` for the classifier.
        macs: Multiply-accumulates for one image.
        params: Trainable numbers.
    """

    name: str
    is_choice: bool
    ops: tuple[str, ...]
    in_shape: Shape
    out_shape: Shape
    macs: int
    params: int


@dataclasses.dataclass(frozen=True)
class CandidateDescription:
    """One candidate at its place, with its MACs and trainable numbers."""

    op: str
    macs: int
    params: int


@dataclasses.dataclass(frozen=True)
class ChoiceDescription:
    """One place of a space and the candidates still in it.

    Of an edge, costs are those of all its cells, shapes those of the first.

    Attributes:
        name: The place's name.
        in_shape: Shape of the input, `(height, width, channels)`.
        out_shape: Shape of the output, `(height, width, channels)`.
        stride: 1 or 2.
        max_open: How many branches may be open at once.
        candidates: What competes here.
    """

    name: str
    in_shape: Shape
    out_shape: Shape
    stride: int
    max_open: int
    candidates: tuple[CandidateDescription, ...]


@dataclasses.dataclass(frozen=True)
class CostRange:
    """From the cheapest to the dearest network of a space, by one cost.

    Attributes:
        lowest: The cost of the cheapest.
        highest: The cost of the dearest.
        cheapest: The cheapest genotype, as text.
        most_expensive: The dearest genotype, as text.
    """

    lowest: int
    highest: int
    cheapest: str
    most_expensive: str


@dataclasses.dataclass(frozen=True)
class Description:
    """What the descriptions of spaces and of networks begin with.

    Attributes:
        kind: `space`, `genotype`, or `network` for a published one.
        name: What it was asked for by.
        source: Where it comes from.
        space: Name of the space.
        fingerprint: Fingerprint of the space.
        convention: How the authors of the space count MACs.
        macs: Multiply-accumulates of convolutions and the classifier, for one
            image.
        published_macs: The same in the authors' convention.
        params: Trainable numbers.
    """

    kind: str
    name: str
    source: str
    space: str
    fingerprint: str
    convention: str
    macs: int
    published_macs: int
    params: int


@dataclasses.dataclass(frozen=True)
class NetworkDescription(Description):
    """One network.

    Attributes:
        genotype: The genotype as text that `parse_genotype` reads.
        blocks: All parts, input to output; they sum to the totals.
        latency: By a latency table, in its milliseconds; None without one.
    """

    genotype: str
    blocks: tuple[BlockDescription, ...]
    latency: float | None = None


@dataclasses.dataclass(frozen=True)
class SpaceDescription(Description):
    """A search space.

    Its `macs`, `published_macs` and `params` are those of the supernet: the
    fixed parts and every candidate still in the space, all at once.

    Attributes:
        size: How many genotypes it holds.
        size_text: The same in decimal digits, for JSON readers that hold
            numbers as doubles and so round whatever lies beyond 2**53.
        num_blocks: How many places offer a choice.
        num_operators: How many candidates are in the space, over all places.
        macs_range: What its networks cost in MACs.
        params_range: What its networks cost in trainable numbers.
        backbone: The parts that all its networks share, input to output.
        blocks: The places that offer a choice, input to output.
    """

    size: int
    size_text: str
    num_blocks: int
    num_operators: int
    macs_range: CostRange
    params_range: CostRange
    backbone: tuple[BlockDescription, ...]
    blocks: tuple[ChoiceDescription, ...]


def describe_network(
    space: SearchSpace,
    genotype: Genotype,
    *,
    kind: str = "genotype",
    name: str = "",
    source: str = "",
    table: CostTable | None = None,
) -> NetworkDescription:
    """Returns the description of one network of a space.

    Args:
        space: The space.
        genotype: The network.
        kind: As of `Description`.
        name: As of `Description`.
        source: As of `Description`.
        table: Predicts its latency.

    Raises:
        KeyError: If the table lacks a row.
        ValueError: If the genotype is not of the space.
    """
    text = format_genotype(space, genotype)
    before, after = _describe_backbone(space.skeleton)
    choices = (
        _describe_open(block, gene)
        for block, gene in zip(space.blocks, genotype.genes, strict=True)
    )
    blocks = (*before, *choices, *after)
    macs = sum(place.macs for place in blocks)
    return NetworkDescription(
        kind=kind,
        name=name,
        source=source,
        space=space.name,
        fingerprint=space.fingerprint,
        convention=space.convention,
        macs=macs,
        published_macs=macs + published_extra(space),
        params=sum(place.params for place in blocks),
        genotype=text,
        blocks=blocks,
        latency=None if table is None else _latency(space, genotype, table),
    )


def _latency(space: SearchSpace, genotype: Genotype, table: CostTable) -> float:
    """Returns what a table says of one network; other rows may be missing."""
    open_ops = [
        (block.candidates[index], block)
        for block, gene in zip(space.blocks, genotype.genes, strict=True)
        for index in gene
    ]
    keys = [
        *backbone_keys(space),
        *(
            operator_key(op, block)
            for op, block in open_ops
            if op_part(op, block).num_convs
        ),
    ]
    return table.predict(keys)[0]


def describe_space(
    space: SearchSpace, *, name: str = "", source: str = ""
) -> SpaceDescription:
    """Returns the description of a space."""
    model = CostModel(space)
    before, after = _describe_backbone(space.skeleton)
    backbone = (*before, *after)
    blocks = tuple(
        _describe_choice(block, indices)
        for block, indices in zip(space.blocks, space.active, strict=True)
    )
    candidates = [each for place in blocks for each in place.candidates]
    macs = sum(part.macs for part in backbone)
    macs += sum(each.macs for each in candidates)
    params = sum(part.params for part in backbone)
    params += sum(each.params for each in candidates)
    return SpaceDescription(
        kind="space",
        name=name,
        source=source,
        space=space.name,
        fingerprint=space.fingerprint,
        convention=space.convention,
        macs=macs,
        published_macs=macs + published_extra(space),
        params=params,
        size=space.size,
        size_text=str(space.size),
        num_blocks=len(blocks),
        num_operators=len(candidates),
        macs_range=_cost_range(model, "macs"),
        params_range=_cost_range(model, "params"),
        backbone=backbone,
        blocks=blocks,
    )


def _cost_range(model: CostModel, cost: str) -> CostRange:
    """Returns the range over all genotypes, those of several branches too."""
    space = model.space
    cheapest, most_expensive = model.extremes(cost)
    return CostRange(
        lowest=int(model.costs(cheapest)[cost]),
        highest=int(model.costs(most_expensive)[cost]),
        cheapest=format_genotype(space, cheapest),
        most_expensive=format_genotype(space, most_expensive),
    )


def _describe_backbone(
    skeleton: AnySkeleton,
) -> tuple[tuple[BlockDescription, ...], tuple[BlockDescription, ...]]:
    """Returns the fixed parts that stand before the choices, and after."""
    if isinstance(skeleton, CellSkeleton):
        before, after = (
            tuple(
                _backbone(each.part, each.ops, each.in_shape, each.out_shape)
                for each in parts
            )
            for parts in cell_backbone_parts(skeleton)
        )
        return before, after
    image = (*skeleton.image_size, skeleton.image_channels)
    is_branched = isinstance(skeleton, BranchSkeleton)
    if isinstance(skeleton, ModelSkeleton):
        (part,) = backbone_parts(skeleton)
        shared = BlockDescription(
            part.name,
            False,
            ("layers",),
            image,
            (skeleton.num_classes,),
            part.macs,
            part.params,
        )
        return (), (shared,)
    stem = (*skeleton.stem_size, skeleton.stem_channels)
    first = (*skeleton.stem_size, skeleton.first_channels)
    last = (*skeleton.tail_size, skeleton.stages[-1].channels)
    tail = (*skeleton.tail_size, skeleton.tail_channels)
    backbone = tuple(
        _backbone(part, ops, in_shape, out_shape)
        for part, ops, in_shape, out_shape in zip(
            backbone_parts(skeleton),
            (
                (f"conv_k3_s{skeleton.stem_stride}",),
                *([] if is_branched else [("mbconv_k3_e1",)]),
                ("conv_k1",),
                ("average_pool", "dense"),
            ),
            (image, *([] if is_branched else [stem]), last, tail),
            (
                stem,
                *([] if is_branched else [first]),
                tail,
                (skeleton.num_classes,),
            ),
            strict=True,
        )
    )
    return backbone[:-2], backbone[-2:]


def _backbone(
    part: Part, ops: tuple[str, ...], in_shape: Shape, out_shape: Shape
) -> BlockDescription:
    return BlockDescription(
        part.name, False, ops, in_shape, out_shape, part.macs, part.params
    )


def _shapes(place: DecisionPoint) -> tuple[Shape, Shape, int]:
    """Returns in and out shape and stride; of an edge, in its first cell."""
    if isinstance(place, ChoiceBlock):
        return (
            (*place.in_size, place.in_channels),
            (*place.out_size, place.out_channels),
            place.stride,
        )
    site = place.sites[0]
    return (
        (*site.in_size, site.channels),
        (*site.out_size, site.channels),
        site.stride,
    )


def _describe_open(
    place: DecisionPoint, gene: tuple[int, ...]
) -> BlockDescription:
    ops = [place.candidates[index] for index in gene]
    part = total(place.name, (op_part(op, place) for op in ops))
    in_shape, out_shape, _ = _shapes(place)
    return BlockDescription(
        name=place.name,
        is_choice=True,
        ops=tuple(op.name for op in ops),
        in_shape=in_shape,
        out_shape=out_shape,
        macs=part.macs,
        params=part.params,
    )


def _describe_choice(
    place: DecisionPoint, indices: tuple[int, ...]
) -> ChoiceDescription:
    ops = [place.candidates[index] for index in indices]
    parts = [op_part(op, place) for op in ops]
    in_shape, out_shape, stride = _shapes(place)
    return ChoiceDescription(
        name=place.name,
        in_shape=in_shape,
        out_shape=out_shape,
        stride=stride,
        max_open=place.max_open,
        candidates=tuple(
            CandidateDescription(op.name, part.macs, part.params)
            for op, part in zip(ops, parts, strict=True)
        ),
    )
