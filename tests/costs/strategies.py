"""Made-up cost tables that price every row of a space."""

from nse_tf.costs.models import backbone_keys, operator_key
from nse_tf.costs.tables import CostRow, CostTable, Provenance
from nse_tf.spaces import SearchSpace

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
            *backbone_keys(space),
            *(
                operator_key(op, block)
                for block in space.blocks
                for op in block.candidates
                if op.name != "identity"
            ),
        ]
    )
    rows = {
        key: CostRow(n / 8, n / 8, n / 8, 1000 * n, 1)
        for n, key in enumerate(keys, start=2)
    }
    return CostTable(PROVENANCE, rows, 1 / 8, 1000)
