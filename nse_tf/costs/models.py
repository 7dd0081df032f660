"""Cost models: what any genotype of a space costs, by adding its parts."""

import dataclasses
import functools

import numpy as np

from nse_tf.costs.counts import backbone_parts, op_part
from nse_tf.costs.tables import CostTable
from nse_tf.spaces import (
    BranchBlock,
    BranchSkeleton,
    ChoiceBlock,
    DecisionPoint,
    Genotype,
    Op,
    SearchSpace,
    Skeleton,
    require_chain,
)

COSTS = ("macs", "params", "latency_ms", "size_bytes")


def operator_key(op: Op, block: DecisionPoint) -> str:
    """Returns the row of a cost table that prices an op at a shape.

    Places of equal shape share a row.

    Raises:
        ValueError: If the place is an edge: tables price chains.
    """
    if not isinstance(block, ChoiceBlock):
        raise ValueError(
            f"Cost tables price the blocks of chains, not edge {block.name!r} "
            "of a cell. Limit MACs or parameters instead."
        )
    (h_in, w_in), (h_out, w_out) = block.in_size, block.out_size
    return (
        f"{op.name}/in:{h_in}x{w_in}x{block.in_channels}"
        f"/out:{h_out}x{w_out}x{block.out_channels}"
        f"{'/shortcut' if block.has_shortcut else ''}"
        f"{_options(block)}"
    )


def backbone_keys(space: SearchSpace) -> tuple[str, str]:
    """Returns the rows of a cost table that price a skeleton's two ends.

    Raises:
        ValueError: If the space is no chain.
    """
    skeleton, _ = require_chain(space)
    (h_in, w_in), (h_out, w_out) = skeleton.image_size, skeleton.tail_size
    options = _options(skeleton)
    return (
        f"stem_s{skeleton.stem_stride}"
        f"/in:{h_in}x{w_in}x{skeleton.image_channels}"
        f"/stem:{skeleton.stem_channels}/out:{skeleton.first_channels}"
        f"{options}",
        f"tail/in:{h_out}x{w_out}x{skeleton.stages[-1].channels}"
        f"/tail:{skeleton.tail_channels}/classes:{skeleton.num_classes}"
        f"{options}",
    )


def _options(part: ChoiceBlock | Skeleton) -> str:
    """Returns what tells multi-branch parts of the same shape apart."""
    if not isinstance(part, BranchBlock | BranchSkeleton):
        return ""
    weighs = "/squeeze_excite" if part.squeeze_excite else ""
    return f"/branches_{part.activation}{weighs}"


@dataclasses.dataclass(frozen=True)
class CostModel:
    """Prices genotypes by every cost that is known.

    A cost is a sum: the fixed parts, and each open candidate. MACs and
    parameters are exact; latency and file size are as good as their table.

    Attributes:
        space: Whose genotypes it prices.
        table: Measured rows for latency and size, or None.
    """

    space: SearchSpace
    table: CostTable | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The costs that can be told, a prefix of `COSTS`."""
        return COSTS if self.table is not None else COSTS[:2]

    @functools.cached_property
    def backbone(self) -> dict[str, float]:
        """What every network of the space costs, its places apart."""
        parts = backbone_parts(self.space.skeleton)
        costs: dict[str, float] = {
            "macs": sum(part.macs for part in parts),
            "params": sum(part.params for part in parts),
        }
        if self.table is not None:
            rows = [self.table.row(key) for key in backbone_keys(self.space)]
            costs["latency_ms"] = self.table.overhead_ms + sum(
                row.latency_ms for row in rows
            )
            costs["size_bytes"] = self.table.overhead_bytes + sum(
                row.size_bytes for row in rows
            )
        return costs

    @functools.cached_property
    def by_operator(self) -> dict[str, np.ndarray]:
        """What each candidate costs: `(num_blocks, max_candidates)` a cost.

        Places with fewer candidates are filled with zeros.
        """
        shape = (len(self.space.blocks), self.space.max_candidates)
        dtypes = {"macs": np.int64, "params": np.int64}
        costs = {
            name: np.zeros(shape, dtypes.get(name, np.float64))
            for name in self.names
        }
        for place, block in enumerate(self.space.blocks):
            for index, op in enumerate(block.candidates):
                part = op_part(op, block)
                costs["macs"][place, index] = part.macs
                costs["params"][place, index] = part.params
                if self.table is not None and part.num_convs > 0:
                    row = self.table.row(operator_key(op, block))
                    costs["latency_ms"][place, index] = row.latency_ms
                    costs["size_bytes"][place, index] = row.size_bytes
        return costs

    def costs(self, genotype: Genotype) -> dict[str, float]:
        """Returns every known cost of a genotype; MACs and params are ints.

        Raises:
            ValueError: If the genotype is not of the space.
        """
        self.space.require(genotype)
        return {
            name: self.backbone[name]
            + sum(
                self.by_operator[name][place, index].item()
                for place, gene in enumerate(genotype.genes)
                for index in gene
            )
            for name in self.names
        }

    def path_costs(self, name: str, paths: np.ndarray) -> np.ndarray:
        """Returns one cost of many single paths at once.

        Args:
            name: One of `names`.
            paths: Candidate indices `(count, num_blocks)`.
        """
        blocks = np.arange(len(self.space.blocks))
        chosen: np.ndarray = self.by_operator[name][blocks, paths].sum(axis=1)
        chosen += self.backbone[name]
        return chosen

    def extremes(self, name: str) -> tuple[Genotype, Genotype]:
        """Returns the cheapest and the dearest genotype by one cost.

        In DARTS's cells they keep the rule of two inputs to a node.
        """
        if self.space.nodes:
            return self._valid_extremes(name)
        ranked = [
            sorted(indices, key=op_costs.__getitem__)
            for indices, op_costs in zip(
                self.space.active, self.by_operator[name], strict=True
            )
        ]
        return (
            self.space.genotype(
                [
                    indices[: block.min_open]
                    for block, indices in zip(
                        self.space.blocks, ranked, strict=True
                    )
                ]
            ),
            self.space.genotype(
                [
                    indices[-block.max_open :]
                    for block, indices in zip(
                        self.space.blocks, ranked, strict=True
                    )
                ]
            ),
        )

    def _valid_extremes(self, name: str) -> tuple[Genotype, Genotype]:
        op_costs = [
            self.by_operator[name][choice.blocks, choice.rows].sum(axis=1)
            for choice in self.space.joint_decisions
        ]
        cheapest, most_expensive = self.space.of_rows(
            np.array(
                [
                    [each.argmin() for each in op_costs],
                    [each.argmax() for each in op_costs],
                ]
            )
        ).tolist()
        return self.space.genotype(cheapest), self.space.genotype(
            most_expensive
        )

    def range(self, name: str) -> tuple[float, float]:
        """Returns the lowest and the highest cost of a genotype."""
        cheapest, most_expensive = self.extremes(name)
        return self.costs(cheapest)[name], self.costs(most_expensive)[name]
