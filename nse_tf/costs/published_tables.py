"""Published latency tables, as cost tables of the spaces that they price."""

import csv
import pathlib
from collections.abc import Callable

from nse_tf.costs.models import backbone_keys, operator_key
from nse_tf.costs.tables import CostRow, CostTable, Provenance
from nse_tf.spaces import (
    BranchBlock,
    BranchSkeleton,
    ChoiceBlock,
    Identity,
    MBConv,
    SearchSpace,
    require_chain,
)

Pair = tuple[int, int]
ConvKey = tuple[Pair, int, int, Pair, Pair, int, int]
# From the median of a normal distribution to its quartiles, in deviations.
QUARTILE = 0.6745


def proxylessnas_table(path: pathlib.Path, space: SearchSpace) -> CostTable:
    """Returns ProxylessNAS's table of a Google Pixel 1 for a chain of MBConvs.

    It prices whole blocks by their shapes, such as those of the preset
    `proxylessnas`. Its means and variances become medians and quartiles of a
    normal distribution. Rows that it lacks are left out; see
    `CostTable.missing`.

    Args:
        path: CSV with the columns key, count, mean_ms and var.
        space: Whose rows are wanted.

    Raises:
        ValueError: If the file is no such table, or the space no such chain.
        FileNotFoundError: If there is no such file.

    References:
        Cai et al., ProxylessNAS (2019): https://arxiv.org/abs/1812.00332
    """
    by_key: dict[str, CostRow] = {}
    for line in _lines(path, "key", "count", "mean_ms", "var"):
        mean_ms, spread_ms = float(line["mean_ms"]), float(line["var"]) ** 0.5
        by_key[line["key"]] = CostRow(
            latency_ms=mean_ms,
            p25_ms=max(0.0, mean_ms - QUARTILE * spread_ms),
            p75_ms=mean_ms + QUARTILE * spread_ms,
            size_bytes=0,
            runs=int(line["count"]),
        )
    skeleton, blocks = require_chain(space)
    stem, tail = backbone_keys(space)
    (height, width), (rows, columns) = skeleton.stem_size, skeleton.tail_size
    maps, image = f"{height}x{width}", skeleton.image_size
    last = f"{rows}x{columns}x{skeleton.stages[-1].channels}"
    pooled = f"{rows}x{columns}x{skeleton.tail_channels}"
    wanted = {
        stem: [
            f"Conv-input:{image[0]}x{image[1]}x{skeleton.image_channels}"
            f"-output:{maps}x{skeleton.stem_channels}",
            f"expanded_conv-input:{maps}x{skeleton.stem_channels}"
            f"-output:{maps}x{skeleton.first_channels}"
            "-expand:1-kernel:3-stride:1-idskip:0",
        ],
        tail: [
            f"Conv_1-input:{last}-output:{pooled}",
            f"Logits-input:{pooled}-output:{skeleton.num_classes}",
        ],
    }
    for block in blocks:
        for op in block.candidates:
            if isinstance(op, MBConv):
                wanted[operator_key(op, block)] = [_block_key(op, block)]
    return CostTable(
        provenance=_provenance("Google Pixel 1", "TensorFlow Lite", runs=139),
        rows={
            key: _sum([by_key[part] for part in parts])
            for key, parts in wanted.items()
            if all(part in by_key for part in parts)
        },
        overhead_ms=0.0,
        overhead_bytes=0,
    )


def _block_key(op: MBConv, block: ChoiceBlock) -> str:
    (h_in, w_in), (h_out, w_out) = block.in_size, block.out_size
    return (
        f"expanded_conv-input:{h_in}x{w_in}x{block.in_channels}"
        f"-output:{h_out}x{w_out}x{block.out_channels}-expand:{op.expansion}"
        f"-kernel:{op.kernel}-stride:{block.stride}"
        f"-idskip:{int(block.has_shortcut)}"
    )


def nse_table(path: pathlib.Path, space: SearchSpace) -> CostTable:
    """Returns NSE's table, of convolutions, for a space of multi-branch cells.

    A branch costs its convolutions and one addition. A cell that changes shape
    has an addition less than branches; these are taken off all such cells
    together, in the overhead, which may be below zero for it. Of the fixed
    parts the last convolution, pooling and classifier count, and the stem does
    not, as its authors do. The unit is taken for milliseconds, which they do
    not state; at a batch of 128, minima of 15 runs.

    Args:
        path: CSV with the columns of NSE's tables, such as hw and exec_time.
        space: Whose rows are wanted; those that it lacks are left out.

    Raises:
        ValueError: If the file is no such table, or the space has other cells.
        FileNotFoundError: If there is no such file.

    References:
        Ci et al., NSE (2021): https://arxiv.org/abs/2011.10904
    """
    skeleton, blocks = require_chain(space)
    if not isinstance(skeleton, BranchSkeleton):
        raise ValueError(
            f"Space {space.name!r} has no multi-branch cells, which NSE's "
            "table prices: use nse_gpu."
        )
    convs, adds, pools = _nse_lines(path)
    rows: dict[str, CostRow] = {}
    tail = _tail_row(skeleton, convs, pools)
    stem_key, tail_key = backbone_keys(space)
    rows[stem_key] = CostRow(0.0, 0.0, 0.0, 0, 15)
    if tail is not None:
        rows[tail_key] = tail
    too_many_ms = 0.0
    for block in blocks:
        added = adds.get((block.out_size, block.out_channels))
        if added is None or not isinstance(block, BranchBlock):
            continue
        if not block.has_shortcut:
            too_many_ms += added.latency_ms
        for op in block.candidates:
            parts = _conv_keys(op, block)
            if all(part in convs for part in parts):
                rows[operator_key(op, block)] = _sum(
                    [*(convs[part] for part in parts), added]
                )
    return CostTable(
        provenance=_provenance("not stated, batch 128", "not stated", runs=15),
        rows=rows,
        overhead_ms=-too_many_ms,
        overhead_bytes=0,
    )


def _nse_lines(
    path: pathlib.Path,
) -> tuple[
    dict[ConvKey, CostRow],
    dict[tuple[Pair, int], CostRow],
    dict[tuple[Pair, int], CostRow],
]:
    """Returns the rows of convolutions, of additions, and of what pools."""
    convs: dict[ConvKey, CostRow] = {}
    adds: dict[tuple[Pair, int], CostRow] = {}
    pools: dict[tuple[Pair, int], CostRow] = {}
    for line in _lines(path, "hw", "type_code", "exec_time", "group"):
        least_ms = float(line["exec_time"])
        row = CostRow(
            latency_ms=least_ms,
            p25_ms=least_ms,
            p75_ms=max(least_ms, float(line["exec_time_median"])),
            size_bytes=0,
            runs=int(line["repeats"]),
        )
        size, channels = _pair(line["hw"]), int(line["c_out"])
        if line["type_code"] == "1":
            convs[
                (
                    size,
                    int(line["c_in"]),
                    channels,
                    _pair(line["kernel"]),
                    _pair(line["stride"]),
                    max(_pair(line["dilation"])),
                    int(line["group"]),
                )
            ] = row
        elif line["type_code"] == "4":
            adds[(size, channels)] = row
        else:
            pools[(size, channels)] = row
    return convs, adds, pools


def _conv_keys(op: object, block: BranchBlock) -> list[ConvKey]:
    """Returns the convolutions that a branch is made of, by their keys."""
    if isinstance(op, Identity | MBConv) or not hasattr(op, "steps"):
        raise ValueError(
            f"{op} of block {block.name!r} is no branch, which NSE's table "
            "prices."
        )
    size, keys = block.in_size, []
    for step in op.steps(block.in_channels, block.out_channels, block.stride):
        keys.append(
            (
                size,
                step.in_channels,
                step.out_channels,
                step.kernel,
                step.strides,
                step.dilation,
                step.groups,
            )
        )
        size = (-(-size[0] // step.strides[0]), -(-size[1] // step.strides[1]))
    return keys


def _tail_row(
    skeleton: BranchSkeleton,
    convs: dict[ConvKey, CostRow],
    pools: dict[tuple[Pair, int], CostRow],
) -> CostRow | None:
    size, width = skeleton.tail_size, skeleton.tail_channels
    conv = convs.get(
        (size, skeleton.stages[-1].channels, width, (1, 1), (1, 1), 1, 1)
    )
    pool = pools.get((size, width))
    classifier = pools.get(((1, 1), skeleton.num_classes))
    if conv is None or pool is None or classifier is None:
        return None
    return _sum([conv, pool, classifier])


def _sum(rows: list[CostRow]) -> CostRow:
    """Returns parts of a block as one row."""
    return CostRow(
        latency_ms=sum(row.latency_ms for row in rows),
        p25_ms=sum(row.p25_ms for row in rows),
        p75_ms=sum(row.p75_ms for row in rows),
        size_bytes=0,
        runs=min(row.runs for row in rows),
    )


def _pair(text: str) -> Pair:
    first, _, second = text.partition("x")
    return int(first), int(second or first)


def _provenance(device: str, runtime: str, runs: int) -> Provenance:
    return Provenance(
        device=device,
        cpu="not stated",
        runtime=runtime,
        runtime_version="not stated",
        delegate="not stated",
        num_threads=0,
        precision="not stated",
        warmup=0,
        runs=runs,
        date="not stated",
    )


def _lines(path: pathlib.Path, *columns: str) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        missing = [
            name for name in columns if name not in (reader.fieldnames or ())
        ]
        if missing:
            raise ValueError(
                f"{path} is no such table: it has no column "
                f"{', '.join(missing)}."
            )
        return list(reader)


READERS: dict[str, Callable[[pathlib.Path, SearchSpace], CostTable]] = {
    "proxylessnas": proxylessnas_table,
    "nse": nse_table,
}
