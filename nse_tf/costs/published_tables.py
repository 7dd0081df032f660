"""Published latency tables, as cost tables of the spaces they were made for."""

import csv
import pathlib
from collections.abc import Callable

from nse_tf.costs.tables import CostRow, CostTable, Provenance
from nse_tf.spaces import (
    BRANCH_FAMILIES,
    BranchOp,
    BranchSkeleton,
    ChainSkeleton,
    ChoiceBlock,
    MBConv,
    SearchSpace,
)

Pair = tuple[int, int]
ConvKey = tuple[Pair, int, int, Pair, Pair, int, int]
# From the median of a normal distribution to its quartiles, in deviations.
QUARTILE = 0.6745


def proxylessnas_table(path: pathlib.Path, space: SearchSpace) -> CostTable:
    """Returns ProxylessNAS's table of a Google Pixel 1 for a chain of MBConvs.

    It has whole blocks by their shapes, such as those of the preset
    `proxylessnas`. Its means and variances become medians and quartiles of a
    normal distribution. Rows that it lacks are left out; see
    `CostTable.missing`.

    Args:
        path: CSV with the columns key, count, mean_ms and var.
        space: The space whose rows are wanted.

    Raises:
        ValueError: If the file is not such a table, or the space not a chain.
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
    wanted = _pixel_parts(space)
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


def _pixel_parts(space: SearchSpace) -> dict[str, list[str]]:
    """Returns the parts of each row of a chain, by their keys in the CSV."""
    skeleton, blocks = space.as_chain()
    stem, tail = skeleton.cost_keys
    (height, width), (rows, columns) = skeleton.stem_size, skeleton.tail_size
    maps, image = f"{height}x{width}", skeleton.image_size
    last = f"{rows}x{columns}x{skeleton.stages[-1].channels}"
    pooled = f"{rows}x{columns}x{skeleton.tail_channels}"
    # The stem's row includes the fixed block after it, and the tail's the last
    # convolution.
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
            if isinstance(op, MBConv) and op.is_plain:
                wanted[block.cost_key(op.name)] = [_block_key(op, block)]
    return wanted


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
    together, in the overhead, which may therefore be below zero. As the authors
    count the backbone, the last convolution, pooling and classifier count, and
    the stem does not. The numbers are minima of 15 runs at a batch of 128. The
    authors do not state the unit; it is taken for milliseconds.

    Args:
        path: CSV with the columns of NSE's tables, such as hw and exec_time.
        space: The space whose rows are wanted; those that the table lacks are
            left out.

    Raises:
        ValueError: If the file is not such a table, or the space has other
            cells.
        FileNotFoundError: If there is no such file.

    References:
        Ci et al., NSE (2021): https://arxiv.org/abs/2011.10904
    """
    skeleton = space.require_skeleton(BranchSkeleton)
    convs, adds, pools = _nse_lines(path)
    rows: dict[str, CostRow] = {}
    tail = _tail_row(skeleton, convs, pools)
    stem_key, tail_key = skeleton.cost_keys
    rows[stem_key] = CostRow(
        latency_ms=0.0, p25_ms=0.0, p75_ms=0.0, size_bytes=0, runs=15
    )
    if tail is not None:
        rows[tail_key] = tail
    too_many_ms = 0.0
    for block in space.as_chain().blocks:
        added = adds.get((block.out_size, block.out_channels))
        if added is None:
            continue
        if not block.has_shortcut:
            # Every row below has an addition; without a shortcut a sum of
            # branches needs one less.
            too_many_ms += added.latency_ms
        for op in block.candidates:
            if not isinstance(op, BRANCH_FAMILIES):
                continue
            parts = _conv_keys(op, block)
            if all(part in convs for part in parts):
                rows[block.cost_key(op.name)] = _sum(
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
            # No lower quartile is given; the minimum stands for it.
            p25_ms=least_ms,
            p75_ms=max(least_ms, float(line["exec_time_median"])),
            size_bytes=0,
            runs=int(line["repeats"]),
        )
        size, channels = _pair(line["hw"]), int(line["c_out"])
        # 1 is a convolution, 3 pooling, 4 an addition, 5 fully connected.
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


def _conv_keys(op: BranchOp, block: ChoiceBlock) -> list[ConvKey]:
    """Returns the convolutions that a branch is made of, by their keys."""
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
    """Returns the parts of a block as one row."""
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
                f"{path} is not such a table: it has no column "
                f"{', '.join(missing)}."
            )
        return list(reader)


READERS: dict[str, Callable[[pathlib.Path, SearchSpace], CostTable]] = {
    "proxylessnas": proxylessnas_table,
    "nse": nse_table,
}

_READERS_BY_KIND = {
    ChainSkeleton.KIND: proxylessnas_table,
    BranchSkeleton.KIND: nse_table,
}


def published_table(path: pathlib.Path, space: SearchSpace) -> CostTable:
    """Returns the published table whose blocks are like those of a space.

    Args:
        path: The table's CSV.
        space: The space whose rows are wanted.

    Raises:
        ValueError: If the file is not such a table, or there is none for the
            kind of the space.
        FileNotFoundError: If there is no such file.
    """
    kind = space.skeleton.kind
    if kind not in _READERS_BY_KIND:
        raise ValueError(
            f"Space {space.name!r} has the skeleton {kind!r}; published tables "
            f"are for {' and '.join(_READERS_BY_KIND)}."
        )
    return _READERS_BY_KIND[kind](path, space)
