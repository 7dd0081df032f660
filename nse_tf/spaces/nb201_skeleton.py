"""The skeleton of NAS-Bench-201."""

import dataclasses
from typing import ClassVar

from nse_tf.spaces.blocks import strided
from nse_tf.spaces.cell_skeletons import CellSkeleton
from nse_tf.spaces.cells import NB201_GRAPH, Cell, CellGraph
from nse_tf.spaces.skeletons import Skeleton


@dataclasses.dataclass(frozen=True, kw_only=True)
class NB201Skeleton(CellSkeleton):
    """Three stages of equal cells, joined by residual blocks of stride 2.

    Stem: 3×3 convolution, batch norm. Then `num_cells` cells, a residual block
    to twice the channels, as many cells again, another residual block, as many
    cells again. Tail: batch norm, ReLU, global average pooling, one fully
    connected layer. A residual block is twice ReLU, 3×3 convolution, batch
    norm, beside 2×2 average pooling and a 1×1 convolution.

    References:
        Dong and Yang, NAS-Bench-201 (2020): https://arxiv.org/abs/2001.00326
    """

    KIND: ClassVar[str] = "nb201"
    NOUN: ClassVar[str] = "the cells of NAS-Bench-201, such as 'nb201'"
    NUM_HALVINGS: ClassVar[int] = 2
    NUM_STAGES: ClassVar[int] = 3
    ENCODES_NONE: ClassVar[bool] = True

    @property
    def is_tabular(self) -> bool:
        """Yes, of 15,625 cells."""
        return True

    @property
    def graph(self) -> CellGraph:
        """The graph of every cell."""
        return NB201_GRAPH

    @property
    def cell_kinds(self) -> tuple[str, ...]:
        """The kinds of cells that have genes of their own."""
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
            Cell(
                name=f"stage{stage}_cell{index}",
                kind="cell",
                in_size=size,
                channels=width,
                stride=1,
                in_channels=(width,),
            )
            for stage, (size, width) in enumerate(
                zip(self.sizes, self.widths, strict=True)
            )
            for index in range(self.num_cells)
        )

    @property
    def shallower_depths(self) -> range:
        """From one cell of each stage to all but one."""
        return range(1, self.num_cells)

    def with_fewer_cells(self, num_cells: int) -> Skeleton:
        """Returns the skeleton with fewer cells a stage; see `Skeleton`."""
        if num_cells not in self.shallower_depths:
            return super().with_fewer_cells(num_cells)
        return dataclasses.replace(self, num_cells=num_cells)

    @property
    def classifier_channels(self) -> int:
        """Inputs of the classifier."""
        return self.widths[-1]
