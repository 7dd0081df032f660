"""Costs of chains whose stages have widths to choose.

What a block costs follows from its candidate and the widths of its stage and
of the one before: its variant (`spaces.ShapedBlock`). What follows on the last
block depends on the last width. So a cost is a sum again, over variants, and
that of many paths a look-up.
"""

import dataclasses
import functools
import operator
from collections.abc import Sequence

import numpy as np

from nse_tf.costs.micro.widths import WidthChainCosts
from nse_tf.costs.terms import Table, backbone_costs, candidate_costs
from nse_tf.spaces import (
    SearchSpace,
    ShapedBlock,
    StageWidthSkeleton,
    every_end,
    shaped_blocks,
    variants_of,
)

Path = tuple[int, ...]


@dataclasses.dataclass(frozen=True)
class VariantCosts:
    """One cost, by the variants of blocks.

    Attributes:
        ends: Cost of the backbone, by the candidate of the last width.
        by_variant: Cost of each variant, `(num_blocks, max_variants)`.
    """

    ends: np.ndarray
    by_variant: np.ndarray


@dataclasses.dataclass(frozen=True)
class WidthCosts:
    """Returns costs of the networks of a space with widths to choose.

    Attributes:
        space: The space.
        table: Measured rows for latency and size, or None.
        counts_memory: Whether flash on a microcontroller is counted, too.
    """

    space: SearchSpace
    table: Table = None
    counts_memory: bool = False

    @functools.cached_property
    def blocks(self) -> tuple[ShapedBlock, ...]:
        """The choice blocks in all their shapes."""
        return shaped_blocks(self.space)

    @functools.cached_property
    def _numbers(self) -> tuple[int, ...]:
        skeleton = self.space.require_skeleton(StageWidthSkeleton)
        return skeleton.width_numbers

    @functools.cached_property
    def summed(self) -> dict[str, VariantCosts]:
        """The costs of variants that are sums, by name."""
        ends = [
            backbone_costs(plain.skeleton, self.table)
            for plain in every_end(self.space)
        ]
        rows = [
            [
                candidate_costs(
                    self.space.skeleton,
                    shape,
                    shape.candidates[candidate],
                    self.table,
                )
                for shape, candidate in block.variants
            ]
            for block in self.blocks
        ]
        costs = {
            name: VariantCosts(
                np.array([each[name] for each in ends]),
                filled([[each.get(name, 0) for each in row] for row in rows]),
            )
            for name in ends[0]
        }
        if self.counts_memory:
            flash = WidthChainCosts(self.space.whole).flash()
            costs["flash_bytes"] = VariantCosts(*flash)
        return costs

    def path_costs(self, name: str, paths: np.ndarray) -> np.ndarray:
        """Returns one cost of many single paths at once.

        Args:
            name: One of `summed`.
            paths: Candidate indices `(count, num_decisions)`.
        """
        costs = self.summed[name]
        variants = variants_of(self.blocks, paths)
        columns = np.arange(len(self.blocks))
        total: np.ndarray = costs.by_variant[columns, variants].sum(axis=1)
        total += costs.ends[paths[:, self._numbers[-1]]]
        return total

    def extremes(self, name: str, active: Sequence[Path]) -> tuple[Path, Path]:
        """Returns the cheapest and the most expensive path by one cost.

        Args:
            name: One of `summed`.
            active: The candidates of each decision that may be taken.
        """
        costs = self.summed[name]
        negative = VariantCosts(-costs.ends, -costs.by_variant)
        return self._cheapest(costs, active), self._cheapest(negative, active)

    def _cheapest(self, costs: VariantCosts, active: Sequence[Path]) -> Path:
        """Returns the cheapest path, stage after stage.

        Exact: what follows on a stage depends on nothing in it but its width.
        So of all beginnings that end in a width the cheapest one is enough.
        """
        beginnings = [(0.0, [0] * len(self.space.blocks))]
        for stage, number in enumerate(self._numbers):
            beginnings = [
                min(
                    (
                        self._continued(costs, active, stage, cost, longer)
                        for cost, path in beginnings
                        for longer in [
                            [*path[:number], width, *path[number + 1 :]]
                        ]
                    ),
                    key=operator.itemgetter(0),
                )
                for width in active[number]
            ]
        last = self._numbers[-1]
        _, path = min(
            (cost + float(costs.ends[path[last]]), path)
            for cost, path in beginnings
        )
        return tuple(path)

    def _continued(
        self,
        costs: VariantCosts,
        active: Sequence[Path],
        stage: int,
        cost: float,
        path: list[int],
    ) -> tuple[float, list[int]]:
        """Returns a path, and its cost, with the cheapest blocks of a stage.

        Args:
            costs: The cost, by variant.
            active: See `extremes`.
            stage: Which stage.
            cost: What the path costs before it.
            path: It has the widths of this stage and of the one before.
        """
        for of_variant, block in zip(
            costs.by_variant, self.blocks, strict=True
        ):
            if block.stage == stage:
                first = block.variant_of(path)
                price, path[block.number] = min(
                    (float(of_variant[first + candidate]), candidate)
                    for candidate in active[block.number]
                )
                cost += price
        return cost, path


def filled(rows: Sequence[Sequence[float]]) -> np.ndarray:
    """Returns rows of unlike length as one matrix, filled with zeros."""
    arrays = [np.array(row) for row in rows]
    shape = len(arrays), max(map(len, arrays))
    matrix = np.zeros(shape, np.result_type(*arrays))
    for row, values in zip(matrix, arrays, strict=True):
        row[: len(values)] = values
    return matrix
