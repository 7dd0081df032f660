"""Cost models: what any genotype of a space costs.

Every cost is a sum over parts but RAM, which is the largest need of any moment.
"""

import dataclasses
import functools

import numpy as np

from nse_tf.costs.cost_names import COUNTED, MICRO
from nse_tf.costs.device_tables import DeviceTables
from nse_tf.costs.micro import MicroCosts, micro_costs
from nse_tf.costs.op_counts import op_part
from nse_tf.costs.tables import CostTable
from nse_tf.costs.terms import backbone_costs, candidate_costs, has_row
from nse_tf.costs.width_costs import WidthCosts
from nse_tf.spaces import Genotype, SearchSpace, realized


def table_keys(space: SearchSpace, genotype: Genotype) -> list[str]:
    """Returns the rows of a cost table whose sum is a genotype's cost.

    Raises:
        ValueError: If cost tables cannot hold the space.
    """
    space, genotype = realized(space, genotype)
    return [
        *space.skeleton.cost_keys,
        *(
            block.cost_key(block.candidates[index].name)
            for block, gene in zip(space.blocks, genotype.genes, strict=True)
            for index in gene
            if has_row(space.skeleton, op_part(block.candidates[index], block))
        ),
    ]


@dataclasses.dataclass(frozen=True)
class CostModel:
    """Returns every known cost of a space's genotypes.

    A cost is a sum over the backbone and each open candidate; RAM and flash are
    those of `memory`. MACs and parameters are exact; latency and file size are
    as good as their table.

    Attributes:
        space: The space.
        table: Measured rows for latency and size, of one device or of several,
            or None.
        final: The space whose networks are what counts, of the same candidates
            on another skeleton; None for those of `space`.
        counts_memory: Whether RAM and flash of the int8 file on a
            microcontroller are known.

    Raises:
        ValueError: If `final` has other candidates.
    """

    space: SearchSpace
    table: CostTable | DeviceTables | None = None
    final: SearchSpace | None = None
    counts_memory: bool = False

    def __post_init__(self) -> None:
        ours, theirs = (
            [each.candidates for each in space.blocks]
            for space in (self.space, self.priced)
        )
        if ours != theirs:
            raise ValueError(
                f"`final` {self.priced.name!r} has other candidates than space "
                f"{self.space.name!r}: make it by `SearchSpace.resized`."
            )

    @property
    def priced(self) -> SearchSpace:
        """The space whose networks are what counts."""
        return self.final or self.space

    @property
    def names(self) -> tuple[str, ...]:
        """The known costs, in the order of `COSTS`."""
        measured = () if self.table is None else self.table.names
        return COUNTED + measured + (MICRO if self.counts_memory else ())

    @functools.cached_property
    def memory(self) -> MicroCosts:
        """What predicts RAM and flash.

        Raises:
            UnpredictedError: If they cannot be told from genotypes.
        """
        return micro_costs(self.priced)

    @functools.cached_property
    def by_width(self) -> WidthCosts | None:
        """What counts where stages have widths to choose."""
        if not self.priced.skeleton.decides_widths:
            return None
        return WidthCosts(self.priced, self.table, self.counts_memory)

    @functools.cached_property
    def backbone(self) -> dict[str, float]:
        """The costs of the backbone, which every network has.

        Where stages have widths to choose, that is the widest network's.
        """
        costs = backbone_costs(self.priced.skeleton, self.table)
        if self.counts_memory:
            costs |= {name: self.memory.base(name) for name in MICRO}
        return costs

    @functools.cached_property
    def by_operator(self) -> dict[str, np.ndarray]:
        """The costs of candidates: `(num_blocks, max_candidates)` by cost.

        Rows of blocks with fewer candidates are filled with zeros. RAM is no
        sum of these; see `MicroCosts.by_operator`. Nor is any cost where stages
        have widths to choose: these are the costs in the widest network.

        Raises:
            ValueError: If a candidate costs more than can be counted.
        """
        shape = (len(self.space.blocks), self.space.max_candidates)
        dtypes = {"macs": np.int64, "params": np.int64}
        costs = {
            name: np.zeros(shape, dtypes.get(name, np.float64))
            for name in self.names
            if name not in MICRO
        }
        for number, block in enumerate(self.priced.blocks):
            for index, op in enumerate(block.candidates):
                added = candidate_costs(
                    self.priced.skeleton, block, op, self.table
                )
                for name, cost in added.items():
                    costs[name][number, index] = cost
        if self.counts_memory:
            costs |= {name: self.memory.by_operator(name) for name in MICRO}
        return costs

    def costs(self, genotype: Genotype) -> dict[str, float]:
        """Returns every known cost of a genotype; MACs and params are ints.

        Raises:
            ValueError: If the genotype is not in the space.
        """
        self.space.require(genotype)
        if self.by_width is not None:
            path = np.array([genotype.path])
            return {
                name: self.path_costs(name, path)[0].item()
                for name in self.names
            }
        sums = {
            name: self.backbone[name]
            + sum(
                self.by_operator[name][block, index].item()
                for block, gene in enumerate(genotype.genes)
                for index in gene
            )
            for name in self.names
            if name not in MICRO
        }
        return sums | (self.memory.of(genotype) if self.counts_memory else {})

    def path_costs(self, name: str, paths: np.ndarray) -> np.ndarray:
        """Returns one cost of many single paths at once.

        Args:
            name: One of `names`.
            paths: Candidate indices `(count, num_blocks)`.
        """
        if name in MICRO:
            return self.memory.of_paths(name, paths)
        if self.by_width is not None:
            return self.by_width.path_costs(name, paths)
        blocks = np.arange(len(self.space.blocks))
        chosen: np.ndarray = self.by_operator[name][blocks, paths].sum(axis=1)
        chosen += self.backbone[name]
        return chosen

    def extremes(self, name: str) -> tuple[Genotype, Genotype]:
        """Returns the cheapest and the most expensive genotype by one cost.

        In DARTS's cells they keep the rule of two inputs to a node.
        """
        if name == "ram_bytes":
            return self._extremes_of_ram
        if self.by_width is not None:
            cheapest, most_expensive = self.by_width.extremes(
                name, self.space.active
            )
            return (
                self.space.genotype(cheapest),
                self.space.genotype(most_expensive),
            )
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
            self.by_operator[name][decision.blocks, decision.rows].sum(axis=1)
            for decision in self.space.joint_decisions
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

    @functools.cached_property
    def _extremes_of_ram(self) -> tuple[Genotype, Genotype]:
        """The networks of the least and the most RAM, as far as known."""
        likely = self.memory.extreme_genes(self.space.active)
        genotypes = [self.space.genotype(genes) for genes in likely]
        needed = [self.memory.of(each)["ram_bytes"] for each in genotypes]
        ranked = np.argsort(needed, kind="stable")
        return genotypes[ranked[0]], genotypes[ranked[-1]]

    def range(self, name: str) -> tuple[float, float]:
        """Returns the lowest and the highest cost of a genotype."""
        cheapest, most_expensive = self.extremes(name)
        return self.costs(cheapest)[name], self.costs(most_expensive)[name]
