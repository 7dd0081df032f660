"""Skeletons of cell networks: what all have in common, and DARTS's."""

import abc
import dataclasses
from collections.abc import Mapping, Sequence
from typing import ClassVar, Self, cast

from nse_tf.spaces.adaptation import Adaptation
from nse_tf.spaces.blocks import strided
from nse_tf.spaces.cell_ops import CellOp
from nse_tf.spaces.cells import (
    DARTS_GRAPH,
    Cell,
    CellGraph,
    Edge,
    Site,
)
from nse_tf.spaces.ops import Op
from nse_tf.spaces.skeletons import (
    Readers,
    Skeleton,
    read_bool,
    require_at_least,
    require_pixels,
)


@dataclasses.dataclass(frozen=True, kw_only=True)
class CellSkeleton(Skeleton):
    """What both skeletons of cells have in common.

    Attributes:
        channels: Width of the first cells; doubled at each reduction.
        num_cells: How many cells; see the skeleton.

    Raises:
        ValueError: If a number is too small.
    """

    channels: int
    num_cells: int

    NOUN: ClassVar[str] = "a space of cells, such as 'nb201'"
    # Images are halved this often, stem and reductions together.
    NUM_HALVINGS: ClassVar[int]
    LEAST_CELLS: ClassVar[int] = 1
    # Whether genotypes as text name every edge, also those without connection.
    ENCODES_NONE: ClassVar[bool]

    def __post_init__(self) -> None:
        require_at_least(
            self,
            {
                "image_channels": 1,
                "num_classes": 2,
                "channels": 1,
                "num_cells": self.LEAST_CELLS,
            },
        )
        require_pixels(self, 2**self.NUM_HALVINGS)

    @property
    def gates(self) -> tuple[str, ...]:
        """Edges run all their ops; see `Skeleton`."""
        return ("full",)

    @property
    @abc.abstractmethod
    def graph(self) -> CellGraph:
        """The graph of every cell."""

    @property
    @abc.abstractmethod
    def cells(self) -> tuple[Cell, ...]:
        """All cells, input to output."""

    @property
    @abc.abstractmethod
    def classifier_channels(self) -> int:
        """Inputs of the classifier."""

    def blocks(
        self,
        candidates: Sequence[Sequence[Op]],
        max_open: Sequence[int] | None = None,
    ) -> tuple[Edge, ...]:
        """Returns the edges with these candidates; see `Skeleton`.

        Edges stand kind of cell by kind of cell, and within a kind in the order
        of the graph.
        """
        keys = [
            (kind, source, target)
            for kind in self.cell_kinds
            for source, target in self.graph.edges
        ]
        if len(candidates) != len(keys):
            raise ValueError(
                f"The skeleton has {len(keys)} edges, but there are "
                f"candidates for {len(candidates)}."
            )
        if set(max_open or ()) - {1}:
            raise ValueError(
                f"`max_open` of an edge must be 1, not {max(max_open or ())}."
            )
        return tuple(
            Edge(
                name=f"{kind}_{source}_{target}",
                # The edge refuses ops of other families.
                candidates=cast("tuple[CellOp, ...]", tuple(ops)),
                kind=kind,
                source=source,
                target=target,
                sites=self._sites(kind, source),
            )
            for (kind, source, target), ops in zip(
                keys, candidates, strict=True
            )
        )

    def _sites(self, kind: str, source: int) -> tuple[Site, ...]:
        """Returns where the edges from a node stand, in all cells of a kind."""
        leaves_input = source < self.graph.num_inputs
        return tuple(
            Site(
                index,
                cell.in_size if leaves_input else cell.out_size,
                cell.channels,
                cell.stride if leaves_input else 1,
            )
            for index, cell in enumerate(self.cells)
            if cell.kind == kind
        )

    def adapted(self, adaptation: Adaptation) -> Self:
        """Returns a published skeleton adapted to other images.

        Width multiplies the channels, depth the number of cells, both rounded
        to whole numbers and at least 1.

        Raises:
            ValueError: If the images are too small, or the cells too few.
        """
        return dataclasses.replace(
            self,
            image_size=adaptation.image_size,
            image_channels=adaptation.image_channels,
            num_classes=adaptation.num_classes,
            channels=max(1, round(self.channels * adaptation.width)),
            num_cells=max(1, round(self.num_cells * adaptation.depth)),
        )

    def resized(self, num_cells: int | None, channels: int | None) -> Self:
        """Returns the skeleton with more or wider cells; see `Skeleton`."""
        return dataclasses.replace(
            self,
            num_cells=self.num_cells if num_cells is None else num_cells,
            channels=self.channels if channels is None else channels,
        )

    @property
    def counted_for(self) -> tuple[object, ...]:
        """What the authors' way of counting MACs depends on; not on sizes."""
        return self.image_size, self.image_channels, self.num_classes


@dataclasses.dataclass(frozen=True, kw_only=True)
class DartsSkeleton(CellSkeleton):
    """Cells of two inputs, two of them reductions: DARTS on ImageNet.

    Stem: 3×3 convolutions of stride 2, to half of `channels` and to
    `channels`, are the first input of the first cell; a third one is the
    second. Of the `num_cells` cells those at one and two thirds are reduction
    cells. A cell brings both inputs to its width (ReLU, 1×1 convolution, batch
    norm; a factorized reduction for one from before a reduction cell) and puts
    out its four inner nodes, concatenated. Tail: global average pooling, one
    fully connected layer.

    Attributes:
        shares_cells: Whether normal and reduction cells share their genes,
            as in ABS's shrinking.

    References:
        Liu et al., DARTS (2019): https://arxiv.org/abs/1806.09055
    """

    shares_cells: bool = False

    KIND: ClassVar[str] = "darts"
    NOUN: ClassVar[str] = "the cells of DARTS, such as 'darts'"
    READERS: ClassVar[Readers] = {
        **CellSkeleton.READERS,
        "shares_cells": read_bool,
    }
    NUM_HALVINGS: ClassVar[int] = 5
    STEM_STRIDE: ClassVar[int] = 2
    LEAST_CELLS: ClassVar[int] = 3
    # Of the pooling before the auxiliary classifier.
    AUXILIARY_STRIDE: ClassVar[int] = 2
    # The published code for ImageNet leaves out its second batch norm.
    AUXILIARY_NORMS: ClassVar[int] = 1
    ENCODES_NONE: ClassVar[bool] = False

    @property
    def graph(self) -> CellGraph:
        """The graph of every cell."""
        return DARTS_GRAPH

    @property
    def cell_kinds(self) -> tuple[str, ...]:
        """The kinds of cells that have genes of their own."""
        return ("cell",) if self.shares_cells else ("normal", "reduce")

    @property
    def reductions(self) -> tuple[int, int]:
        """Which cells are the reductions: those at one and two thirds."""
        return self.num_cells // 3, 2 * self.num_cells // 3

    @property
    def stem_widths(self) -> tuple[int, ...]:
        """Channels after each of the stem's convolutions."""
        return self.channels // 2, self.channels, self.channels

    @property
    def stem_sizes(self) -> tuple[tuple[int, int], ...]:
        """Height and width after each of the stem's convolutions."""
        sizes = [self.image_size]
        for _ in self.stem_widths:
            sizes.append(strided(sizes[-1], self.STEM_STRIDE))
        return tuple(sizes[1:])

    @property
    def stem_outputs(self) -> tuple[int, int]:
        """Channels of the first cell's two inputs.

        They are what the last two convolutions put out, or twice the same where
        there is but one.
        """
        last = self.stem_widths[-2:]
        return last[0], last[-1]

    @property
    def cells(self) -> tuple[Cell, ...]:
        """All cells, input to output."""
        cells: list[Cell] = []
        size, width = self.stem_sizes[-1], self.channels
        before, last = self.stem_outputs
        halves = len(self.stem_widths) > 1  # Else both inputs are the same.
        for index in range(self.num_cells):
            reduces = index in self.reductions
            width *= 2 if reduces else 1
            kind = "reduce" if reduces else "normal"
            cell = Cell(
                name=f"cell{index}",
                kind="cell" if self.shares_cells else kind,
                in_size=size,
                channels=width,
                stride=2 if reduces else 1,
                in_channels=(before, last),
                halves_first=halves,
            )
            cells.append(cell)
            size, halves = cell.out_size, reduces
            before, last = last, width * len(self.graph.outputs)
        return tuple(cells)

    @property
    def classifier_channels(self) -> int:
        """Inputs of the classifier."""
        return self.cells[-1].channels * len(self.graph.outputs)

    def require_extras(self, given: Mapping[str, float]) -> None:
        """Refuses an auxiliary classifier on maps too small for its pooling.

        See `Skeleton`. It stands after the second reduction.
        """
        size = self.cells[self.reductions[1]].out_size
        # The 2×2 kernel after the pooling needs two windows of five pixels.
        least = 5 + self.AUXILIARY_STRIDE
        if "auxiliary_weight" in given and min(size) < least:
            raise ValueError(
                f"`auxiliary_weight` is {given['auxiliary_weight']}, but its "
                f"classifier needs maps of {least} pixels, and `image_size` "
                f"{self.image_size} leaves {size} after the second reduction: "
                "leave it at 0, or use larger images."
            )

    @property
    def inputs_per_node(self) -> int:
        """Two edges lead to an inner node; the others carry nothing."""
        return 2

    @property
    def partial_depths(self) -> range:
        """From a normal cell and both reductions to all cells but one."""
        return range(self.LEAST_CELLS, self.num_cells)

    @property
    def cell_roles(self) -> tuple[str, ...]:
        """Names of the cells that they keep while others are inserted.

        The reductions, and the numbers of cells before, between and after them.
        """
        first, second = self.reductions
        sections = (
            ("before", first),
            ("between", second - first - 1),
            ("after", self.num_cells - second - 1),
        )
        before, between, after = (
            [f"{name}{number}" for number in range(count)]
            for name, count in sections
        )
        return (*before, "reduce0", *between, "reduce1", *after)

    def with_fewer_cells(self, num_cells: int) -> Skeleton:
        """Returns the skeleton on its way to all its cells; see `Skeleton`."""
        if num_cells not in self.partial_depths:
            return super().with_fewer_cells(num_cells)
        fields = {
            field.name: getattr(self, field.name)
            for field in dataclasses.fields(self)
        }
        return self._deepening(**{**fields, "num_cells": num_cells})

    @property
    def _deepening(self) -> "type[DartsSkeleton]":
        """The skeleton while cells are inserted."""
        return DeepeningSkeleton


@dataclasses.dataclass(frozen=True, kw_only=True)
class DeepeningSkeleton(DartsSkeleton):
    """DARTS's skeleton with the cells that were inserted so far.

    Three cells come first: a normal one and both reductions. Normal cells are
    then inserted one by one, between the reductions, after them and before them
    in turn, each as the last of its section.

    References:
        Hu et al., ABS (2020), code of the DARTS space's warm-up:
        https://arxiv.org/abs/2004.13431
    """

    @property
    def reductions(self) -> tuple[int, int]:
        """Which cells are the reductions."""
        inserted = self.num_cells - self.LEAST_CELLS
        before, between = 1 + inserted // 3, (inserted + 2) // 3
        return before, before + 1 + between
