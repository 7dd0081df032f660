"""Terms of a network's cost: what a candidate adds, and what the backbone."""

from nse_tf.costs.backbone import backbone_parts
from nse_tf.costs.device_tables import DeviceTables
from nse_tf.costs.op_counts import op_part
from nse_tf.costs.parts import Part
from nse_tf.costs.tables import CostTable
from nse_tf.spaces import DecisionPoint, Op, Skeleton

# Sums over blocks fit 64 bits.
MOST_COUNTED = 10**15

Table = CostTable | DeviceTables | None


def has_row(skeleton: Skeleton, part: Part) -> bool:
    """Whether a cost table has a row of a candidate.

    In chains an op without a convolution is none.

    Args:
        skeleton: Skeleton of the space.
        part: What the candidate is counted as.
    """
    return skeleton.measures_all or part.num_convs > 0


def candidate_costs(
    skeleton: Skeleton, block: DecisionPoint, op: Op, table: Table
) -> dict[str, float]:
    """Returns what a candidate adds to MACs, parameters and measured costs.

    Args:
        skeleton: Skeleton of the space.
        block: Where it competes.
        op: It.
        table: Measured rows, or None; costs without a row are left out.

    Raises:
        KeyError: If the table lacks its row.
        ValueError: If it costs more than can be counted.
    """
    part = op_part(op, block)
    if max(part.macs, part.params) > MOST_COUNTED:
        raise ValueError(
            f"Op {op.name!r} of block {block.name!r} has {part.macs:.3g} MACs "
            f"and {part.params:.3g} parameters, which no machine computes: "
            "correct the sizes of the space (--space)."
        )
    costs: dict[str, float] = {"macs": part.macs, "params": part.params}
    if table is not None and has_row(skeleton, part):
        costs |= table.row_costs(block.cost_key(op.name))
    return costs


def backbone_costs(skeleton: Skeleton, table: Table) -> dict[str, float]:
    """Returns what all networks of a skeleton cost before any candidate.

    Args:
        skeleton: It.
        table: Measured rows, or None.

    Raises:
        KeyError: If the table lacks a row.
    """
    parts = backbone_parts(skeleton)
    costs: dict[str, float] = {
        "macs": sum(part.macs for part in parts),
        "params": sum(part.params for part in parts),
    }
    if table is not None:
        rows = [table.row_costs(key) for key in skeleton.cost_keys]
        for name, overhead in table.overheads.items():
            costs[name] = overhead + sum(row[name] for row in rows)
    return costs
