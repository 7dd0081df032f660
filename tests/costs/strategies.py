"""Made-up cost tables that have every row of a space."""

import dataclasses

import numpy as np

from nse_tf.costs import DeviceTables
from nse_tf.costs.tables import CostRow, CostTable, Provenance
from nse_tf.spaces import MBConv, SearchSpace, every_end, every_shape

PROVENANCE = Provenance(
    device="made up",
    cpu="none",
    runtime="none",
    runtime_version="0",
    delegate="none",
    num_threads=1,
    precision="fp32",
    warmup=0,
    runs=1,
    date="2026-01-01",
)


def made_up_table(space: SearchSpace) -> CostTable:
    """Returns a table whose n-th row takes n/8 ms and n kB, overhead n = 1."""
    keys = dict.fromkeys(
        [
            *space.skeleton.cost_keys,
            *(
                block.cost_key(op.name)
                for block in space.blocks
                for op in block.candidates
                if op.name != "identity"
            ),
        ]
    )
    rows = {
        key: CostRow(
            latency_ms=n / 8,
            p25_ms=n / 8,
            p75_ms=n / 8,
            size_bytes=1000 * n,
            runs=1,
        )
        for n, key in enumerate(keys, start=2)
    }
    return CostTable(
        provenance=PROVENANCE, rows=rows, overhead_ms=1 / 8, overhead_bytes=1000
    )


def made_up_devices(space: SearchSpace) -> DeviceTables:
    """Returns tables of `pixel`, as above, and of `pi`, which likes the others.

    What is fast on one is slow on the other. The pixel is this machine.
    """
    table = made_up_table(space)
    rows = list(table.rows.values())
    turned = dict(zip(table.rows, reversed(rows), strict=True))
    return DeviceTables.of(
        (
            dataclasses.replace(
                table,
                rows=each,
                provenance=dataclasses.replace(PROVENANCE, device=device),
            )
            for device, each in (("pixel", table.rows), ("pi", turned))
        ),
        here="pixel",
    )


def shaped_table(space: SearchSpace) -> CostTable:
    """Returns a table with a row for each shape, and others' latencies."""
    keys = [
        *(
            key
            for plain in every_end(space)
            for key in plain.skeleton.cost_keys
        ),
        *(
            block.cost_key(op.name)
            for block in every_shape(space)
            for op in block.candidates
            if isinstance(op, MBConv)
        ),
    ]
    rng = np.random.default_rng(0)
    rows = {
        key: CostRow(
            latency_ms=ms,
            p25_ms=ms,
            p75_ms=ms,
            size_bytes=int(1000 * ms),
            runs=1,
        )
        for key, ms in zip(
            dict.fromkeys(keys), rng.uniform(1, 9, len(keys)), strict=False
        )
    }
    return CostTable(
        provenance=PROVENANCE, rows=rows, overhead_ms=0.5, overhead_bytes=100
    )
