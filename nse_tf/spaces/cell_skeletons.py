"""Macro skeletons of cell networks: NAS-Bench-201's and DARTS's."""

import dataclasses
from typing import ClassVar

from nse_tf.spaces.blocks import strided
from nse_tf.spaces.cells import DARTS_GRAPH, NB201_GRAPH, Cell, CellGraph


@dataclasses.dataclass(frozen=True)
class _CellSkeleton:
    """What both skeletons are told.

    Attributes:
        image_size: Height and width of the input, in pixels.
        image_channels: Channels of the input.
        num_classes: Outputs of the classifier.
        channels: Width of the first cells; doubled at each reduction.
        num_cells: How many cells; see the skeleton.

    Raises:
        ValueError: If a number is too small.
    """

    image_size: tuple[int, int]
    image_channels: int
    num_classes: int
    channels: int
    num_cells: int

    # Images are halved this often, stem and reductions together.
    NUM_HALVINGS: ClassVar[int] = 0
    LEAST_CELLS: ClassVar[int] = 1

    def __post_init__(self) -> None:
        least = {
            "image_channels": 1,
            "num_classes": 2,
            "channels": 1,
            "num_cells": self.LEAST_CELLS,
        }
        for name, bound in least.items():
            if getattr(self, name) < bound:
                raise ValueError(
                    f"`{name}` must be at least {bound}, not "
                    f"{getattr(self, name)}."
                )
        smallest = 2**self.NUM_HALVINGS
        if min(self.image_size) < smallest:
            raise ValueError(
                f"`image_size` {self.image_size[0]}x{self.image_size[1]} is "
                f"too small for the strides, which divide it by {smallest}. "
                f"Use at least {smallest} pixels."
            )


@dataclasses.dataclass(frozen=True)
class NB201Skeleton(_CellSkeleton):
    """Three stages of equal cells, joined by residual blocks of stride 2.

    Stem: 3×3 convolution, batch norm. Then `num_cells` cells, a residual block
    to twice the channels, as many cells again, another residual block, as many
    cells again. Tail: batch norm, ReLU, global average pooling, one fully
    connected layer. A residual block is twice ReLU, 3×3 convolution, batch
    norm, beside 2×2 average pooling and a 1×1 convolution.

    References:
        Dong and Yang, NAS-Bench-201 (2020): https://arxiv.org/abs/2001.00326
    """

    kind: str = dataclasses.field(default="nb201", init=False)

    NUM_HALVINGS: ClassVar[int] = 2
    NUM_STAGES: ClassVar[int] = 3
    # Its genotypes name every edge, also those that carry nothing.
    ENCODES_NONE: ClassVar[bool] = True

    @property
    def graph(self) -> CellGraph:
        """The graph of every cell."""
        return NB201_GRAPH

    @property
    def cell_kinds(self) -> tuple[str, ...]:
        """The kinds of cells that have choices of their own."""
        return ("cell",)

    @property
    def widths(self) -> tuple[int, ...]:
        """Channels of each stage."""
        return tuple(self.channels * 2**i for i in range(self.NUM_STAGES))

    @property
    def sizes(self) -> tuple[tuple[int, int], ...]:
        """Height and width of the maps of each stage, in pixels."""
        sizes = [self.image_size]
        while len(sizes) < self.NUM_STAGES:
            sizes.append(strided(sizes[-1], 2))
        return tuple(sizes)

    @property
    def cells(self) -> tuple[Cell, ...]:
        """All cells, input to output."""
        return tuple(
            Cell(f"stage{stage}_cell{index}", "cell", size, width, 1, (width,))
            for stage, (size, width) in enumerate(
                zip(self.sizes, self.widths, strict=True)
            )
            for index in range(self.num_cells)
        )

    @property
    def classifier_channels(self) -> int:
        """Inputs of the classifier."""
        return self.widths[-1]


@dataclasses.dataclass(frozen=True)
class DartsSkeleton(_CellSkeleton):
    """Cells of two inputs, two of them reductions: DARTS on ImageNet.

    Stem: 3×3 convolutions of stride 2, to half of `channels` and to
    `channels`, are the first input of the first cell; a third one is the
    second. Of the `num_cells` cells those at one and two thirds are reduction
    cells. A cell brings both inputs to its width (ReLU, 1×1 convolution, batch
    norm; a factorized reduction for one from before a reduction cell) and puts
    out its four inner nodes, concatenated. Tail: global average pooling, one
    fully connected layer.

    Attributes:
        shares_cells: Whether normal and reduction cells share their choices,
            as in ABS's shrinking.

    References:
        Liu et al., DARTS (2019): https://arxiv.org/abs/1806.09055
    """

    shares_cells: bool = False
    kind: str = dataclasses.field(default="darts", init=False)

    NUM_HALVINGS: ClassVar[int] = 5
    LEAST_CELLS: ClassVar[int] = 3
    ENCODES_NONE: ClassVar[bool] = False

    @property
    def graph(self) -> CellGraph:
        """The graph of every cell."""
        return DARTS_GRAPH

    @property
    def cell_kinds(self) -> tuple[str, ...]:
        """The kinds of cells that have choices of their own."""
        return ("cell",) if self.shares_cells else ("normal", "reduce")

    @property
    def reductions(self) -> tuple[int, int]:
        """Which cells are the reductions: those at one and two thirds."""
        return self.num_cells // 3, 2 * self.num_cells // 3

    @property
    def stem_sizes(self) -> tuple[tuple[int, int], ...]:
        """Height and width after each of the stem's three convolutions."""
        first = strided(self.image_size, 2)
        second = strided(first, 2)
        return first, second, strided(second, 2)

    @property
    def cells(self) -> tuple[Cell, ...]:
        """All cells, input to output."""
        cells: list[Cell] = []
        size, width = self.stem_sizes[-1], self.channels
        before, last = self.channels, self.channels
        halves = True
        for index in range(self.num_cells):
            reduces = index in self.reductions
            width *= 2 if reduces else 1
            kind = "reduce" if reduces else "normal"
            cell = Cell(
                f"cell{index}",
                "cell" if self.shares_cells else kind,
                size,
                width,
                2 if reduces else 1,
                (before, last),
                halves,
            )
            cells.append(cell)
            size, halves = cell.out_size, reduces
            before, last = last, width * len(self.graph.outputs)
        return tuple(cells)

    @property
    def classifier_channels(self) -> int:
        """Inputs of the classifier."""
        return self.cells[-1].channels * len(self.graph.outputs)


CellSkeleton = NB201Skeleton | DartsSkeleton
