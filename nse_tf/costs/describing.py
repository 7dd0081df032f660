"""Describes spaces and networks, block by block."""

from collections.abc import Iterable
from typing import Any

from nse_tf.costs.backbone import BackbonePart, backbone
from nse_tf.costs.conventions import published_extra
from nse_tf.costs.descriptions import (
    BlockDescription,
    CandidateDescription,
    ChoiceDescription,
    CostRange,
    NetworkDescription,
    SpaceDescription,
)
from nse_tf.costs.device_tables import DeviceTables
from nse_tf.costs.micro import micro_costs
from nse_tf.costs.models import CostModel, table_keys
from nse_tf.costs.op_counts import op_part
from nse_tf.costs.parts import total
from nse_tf.costs.tables import CostTable
from nse_tf.spaces import (
    DecisionPoint,
    Genotype,
    SearchSpace,
    format_genotype,
    realized,
)


def describe_network(
    space: SearchSpace,
    genotype: Genotype,
    *,
    kind: str = "genotype",
    name: str = "",
    source: str = "",
    table: CostTable | DeviceTables | None = None,
    counts_memory: bool = False,
) -> NetworkDescription:
    """Returns the description of one network of a space.

    Args:
        space: The space.
        genotype: The network.
        kind: See `Description`; so are name and source.
        name: Name for the description.
        source: Source for the description.
        table: A latency table that predicts its latency, or those of several
            devices.
        counts_memory: Whether RAM and flash are predicted, too.

    Raises:
        KeyError: If the table lacks a row.
        ValueError: If the genotype is not in the space, or RAM and flash
            cannot be told.
    """
    text = format_genotype(space, genotype)
    plain, shown = realized(space, genotype)
    parts = backbone(plain.skeleton)
    choices = (
        _describe_open(block, gene)
        for block, gene in zip(plain.blocks, shown.genes, strict=True)
    )
    blocks = (
        *_describe_parts(parts.before),
        *choices,
        *_describe_parts(parts.after),
    )
    macs = sum(block.macs for block in blocks)
    memory: dict[str, Any] = {}
    if counts_memory:
        needed = micro_costs(space).of(genotype).items()
        memory = {name: int(cost) for name, cost in needed}
    return NetworkDescription(
        kind=kind,
        name=name,
        source=source,
        space=space.name,
        fingerprint=space.fingerprint,
        convention=space.convention,
        macs=macs,
        published_macs=macs + published_extra(space),
        params=sum(block.params for block in blocks),
        genotype=text,
        blocks=blocks,
        **_latencies(table, space, genotype),
        **memory,
    )


def _latencies(
    table: CostTable | DeviceTables | None,
    space: SearchSpace,
    genotype: Genotype,
) -> dict[str, Any]:
    """Returns a network's latency, or those by device, as fields."""
    if table is None:
        return {"latency": None}
    keys = table_keys(space, genotype)
    if isinstance(table, CostTable):
        return {"latency": table.predict(keys)[0]}
    return {
        "latency": None,
        "latencies": {
            device: each.predict(keys)[0]
            for device, each in table.tables.items()
        },
    }


def describe_space(
    space: SearchSpace,
    *,
    name: str = "",
    source: str = "",
    counts_memory: bool = False,
) -> SpaceDescription:
    """Returns the description of a space.

    Args:
        space: The space.
        name: Name for the description.
        source: Source for the description.
        counts_memory: Whether RAM and flash are predicted, too.

    Raises:
        UnpredictedError: If they are to be, and cannot be told.
    """
    model = CostModel(space, counts_memory=counts_memory)
    parts = backbone(space.skeleton)
    shared = _describe_parts((*parts.before, *parts.after))
    blocks = tuple(
        _describe_choice(block, indices)
        for block, indices in zip(space.blocks, space.active, strict=True)
    )
    candidates = [each for block in blocks for each in block.candidates]
    macs = sum(part.macs for part in shared)
    macs += sum(each.macs for each in candidates)
    params = sum(part.params for part in shared)
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
        backbone=shared,
        blocks=blocks,
        **(
            {
                "ram_range": _cost_range(model, "ram_bytes"),
                "flash_range": _cost_range(model, "flash_bytes"),
            }
            if counts_memory
            else {}
        ),
    )


def _cost_range(model: CostModel, cost: str) -> CostRange:
    """Returns the range over all genotypes, also those of several branches."""
    space = model.space
    cheapest, most_expensive = model.extremes(cost)
    return CostRange(
        lowest=int(model.costs(cheapest)[cost]),
        highest=int(model.costs(most_expensive)[cost]),
        cheapest=format_genotype(space, cheapest),
        most_expensive=format_genotype(space, most_expensive),
    )


def _describe_parts(
    parts: Iterable[BackbonePart],
) -> tuple[BlockDescription, ...]:
    return tuple(
        BlockDescription(
            name=each.part.name,
            is_choice=False,
            ops=each.ops,
            in_shape=each.in_shape,
            out_shape=each.out_shape,
            macs=each.part.macs,
            params=each.part.params,
        )
        for each in parts
    )


def _describe_open(
    block: DecisionPoint, gene: tuple[int, ...]
) -> BlockDescription:
    ops = [block.candidates[index] for index in gene]
    part = total(block.name, (op_part(op, block) for op in ops))
    return BlockDescription(
        name=block.name,
        is_choice=True,
        ops=tuple(op.name for op in ops),
        in_shape=block.in_map,
        out_shape=block.out_map,
        macs=part.macs,
        params=part.params,
    )


def _describe_choice(
    block: DecisionPoint, indices: tuple[int, ...]
) -> ChoiceDescription:
    ops = [block.candidates[index] for index in indices]
    parts = [op_part(op, block) for op in ops]
    return ChoiceDescription(
        name=block.name,
        in_shape=block.in_map,
        out_shape=block.out_map,
        stride=block.stride,
        max_open=block.max_open,
        candidates=tuple(
            CandidateDescription(op=op.name, macs=part.macs, params=part.params)
            for op, part in zip(ops, parts, strict=True)
        ),
    )
