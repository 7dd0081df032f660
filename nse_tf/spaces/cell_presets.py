"""The published spaces of cells, adapted to other images and widths."""

import dataclasses

from nse_tf.spaces.adaptation import Adaptation
from nse_tf.spaces.cell_ops import DARTS_OPS, NB201_OPS, CellOp
from nse_tf.spaces.cell_skeletons import (
    CellSkeleton,
    DartsSkeleton,
    NB201Skeleton,
)
from nse_tf.spaces.cell_spaces import cell_space
from nse_tf.spaces.space import SearchSpace

NB201_SKELETON = NB201Skeleton(
    image_size=(32, 32),
    image_channels=3,
    num_classes=10,
    channels=16,
    num_cells=5,
)
DARTS_SKELETON = DartsSkeleton(
    image_size=(224, 224),
    image_channels=3,
    num_classes=1000,
    channels=48,
    num_cells=14,
)


@dataclasses.dataclass(frozen=True)
class CellPreset:
    """A space of cells by name.

    Attributes:
        summary: One line that says what it is.
        skeleton: The published skeleton that is adapted.
        ops: Candidates on every edge.
        convention: How its authors count MACs, for images and classes as
            published.
        width: Width multiplier unless asked otherwise.
        depth: Multiplier of the number of cells unless asked otherwise.
    """

    summary: str
    skeleton: CellSkeleton
    ops: tuple[CellOp, ...]
    convention: str
    width: float = 1.0
    depth: float = 1.0

    def space(self, name: str, adaptation: Adaptation) -> SearchSpace:
        """Returns the space under a name.

        Width multiplies the channels, depth the number of cells, both to the
        nearest whole number, at least 1.
        """
        channels = round(self.skeleton.channels * adaptation.width)
        num_cells = round(self.skeleton.num_cells * adaptation.depth)
        skeleton = dataclasses.replace(
            self.skeleton,
            image_size=adaptation.image_size,
            image_channels=adaptation.image_channels,
            num_classes=adaptation.num_classes,
            channels=max(1, channels),
            num_cells=max(1, num_cells),
        )
        published = dataclasses.replace(
            self.skeleton,
            channels=skeleton.channels,
            num_cells=skeleton.num_cells,
        )
        convention = self.convention if skeleton == published else "plain"
        return cell_space(name, skeleton, self.ops, convention)


CELL_PRESETS = {
    "nb201": CellPreset(
        "the cells of NAS-Bench-201 on CIFAR-10: 6 edges with 5 ops each",
        NB201_SKELETON,
        NB201_OPS,
        "nb201",
    ),
    "darts": CellPreset(
        "the normal and reduction cells of DARTS on ImageNet: 28 edges",
        DARTS_SKELETON,
        DARTS_OPS,
        "thop",
    ),
    "darts_shrinking": CellPreset(
        "ABS's DARTS space: 14 edges that normal and reduction cells share",
        dataclasses.replace(DARTS_SKELETON, shares_cells=True),
        DARTS_OPS,
        "thop",
    ),
}
