"""Descriptions as tables for people."""

import textwrap
from collections.abc import Sequence

from nse_tf.costs import NetworkDescription, SpaceDescription


def network_text(network: NetworkDescription) -> str:
    """Returns a network's parts as a table, with its totals."""
    rows = [
        ["part", "ops", "in", "out", "MACs", "params"],
        *(
            [
                block.name,
                "+".join(block.ops) or "-",
                _shape(block.in_shape),
                _shape(block.out_shape),
                f"{block.macs:,}",
                f"{block.params:,}",
            ]
            for block in network.blocks
        ),
        ["total", "", "", "", f"{network.macs:,}", f"{network.params:,}"],
    ]
    if network.published_macs != network.macs:
        published = f"{network.published_macs:,}"
        rows.append(["as published", "", "", "", published, ""])
    title = f"A network of space {network.space!r}"
    if network.kind == "network":
        title = f"{network.name}: a network of space {network.space!r}"
    return "\n".join(
        [
            f"{title}, fingerprint {network.fingerprint}",
            network.source,
            "",
            *aligned(rows, num_left=4),
            *(
                []
                if network.latency is None
                else ["", f"latency by the table: {network.latency:.4f} ms"]
            ),
            *([""] if network.latencies else []),
            *(
                f"latency on {device} by its table: {ms:.4f} ms"
                for device, ms in network.latencies.items()
            ),
            *(
                []
                if network.ram_bytes is None
                else [
                    "",
                    f"int8 on a microcontroller: RAM {network.ram_bytes:,} "
                    f"bytes, flash {network.flash_bytes:,} bytes, as predicted",
                ]
            ),
            *_wrapped("genotype", network.genotype),
        ]
    )


def space_text(space: SpaceDescription) -> str:
    """Returns a space's size and costs, and each candidate's MACs."""
    macs, params = space.macs_range, space.params_range
    backbone_macs = sum(part.macs for part in space.backbone)
    backbone_params = sum(part.params for part in space.backbone)
    facts = [
        ["networks", f"{space.size:,}"],
        ["blocks", f"{space.num_blocks}"],
        ["operators", f"{space.num_operators}"],
        ["MACs", f"{macs.lowest:,} to {macs.highest:,}"],
        ["params", f"{params.lowest:,} to {params.highest:,}"],
        ["backbone", f"{backbone_macs:,} MACs, {backbone_params:,} params"],
        ["supernet", f"{space.macs:,} MACs, {space.params:,} params"],
    ]
    facts += [
        [f"int8 {name}", f"{each.lowest:,} to {each.highest:,} bytes"]
        for name, each in (
            ("RAM", space.ram_range),
            ("flash", space.flash_range),
        )
        if each is not None
    ]
    return "\n".join(
        [
            f"{space.name}: a search space, fingerprint {space.fingerprint}",
            space.source,
            "",
            *aligned(facts, num_left=2),
            "",
            "MACs of each candidate, in millions:",
            *aligned(_candidate_rows(space), num_left=3),
            *_wrapped("cheapest in MACs", macs.cheapest),
            *_wrapped("most expensive in MACs", macs.most_expensive),
        ]
    )


def _candidate_rows(space: SpaceDescription) -> list[list[str]]:
    """Returns blocks as rows and ops as columns, under ops' names in pieces."""
    names = list(
        dict.fromkeys(
            candidate.op
            for block in space.blocks
            for candidate in block.candidates
        )
    )
    pieces = [name.split("_") for name in names]
    height = max(len(each) for each in pieces)
    rows = [
        [
            *(["block", "in", "out"] if line == 0 else ["", "", ""]),
            *(each[line] if line < len(each) else "" for each in pieces),
        ]
        for line in range(height)
    ]
    for block in space.blocks:
        macs = {each.op: each.macs for each in block.candidates}
        rows.append(
            [
                block.name,
                _shape(block.in_shape),
                _shape(block.out_shape),
                *(
                    f"{macs[name] / 1e6:.4f}" if name in macs else ""
                    for name in names
                ),
            ]
        )
    return rows


def _shape(shape: Sequence[int]) -> str:
    return "x".join(str(side) for side in shape)


def aligned(rows: Sequence[Sequence[str]], num_left: int) -> list[str]:
    """Returns rows as lines; the first columns flush left, others right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell.ljust(width) if index < num_left else cell.rjust(width)
            for index, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def _wrapped(caption: str, text: str) -> list[str]:
    return [
        "",
        f"{caption}:",
        *textwrap.wrap(
            text,
            78,
            initial_indent="  ",
            subsequent_indent="  ",
            break_long_words=False,  # An arch string stays one word.
        ),
    ]
