"""DARTS's cells on small images: a skeleton whose stem halves nothing."""

import dataclasses
from typing import ClassVar

from nse_tf.spaces.cell_skeletons import DartsSkeleton, DeepeningSkeleton

# Channels of the stem to those of the first cells.
_STEM_MULTIPLIER = 3


@dataclasses.dataclass(frozen=True, kw_only=True)
class DartsCifarSkeleton(DartsSkeleton):
    """Cells of two inputs, two of them reductions: DARTS on CIFAR-10.

    Stem: one 3×3 convolution of stride 1 to three times `channels`, batch norm;
    it is both inputs of the first cell. All else is as in `DartsSkeleton`. Its
    search has 8 cells of 16 channels at first, the network that it evaluates 20
    of 36.

    References:
        Liu et al., DARTS (2019) and its code:
        https://arxiv.org/abs/1806.09055
    """

    KIND: ClassVar[str] = "darts_cifar"
    NOUN: ClassVar[str] = "the cells of DARTS on CIFAR, such as 'darts_cifar'"
    NUM_HALVINGS: ClassVar[int] = 2
    STEM_STRIDE: ClassVar[int] = 1
    AUXILIARY_STRIDE: ClassVar[int] = 3
    AUXILIARY_NORMS: ClassVar[int] = 2

    @property
    def stem_widths(self) -> tuple[int, ...]:
        """Channels after the stem's only convolution."""
        return (_STEM_MULTIPLIER * self.channels,)

    @property
    def _deepening(self) -> type[DartsSkeleton]:
        """The skeleton while cells are inserted."""
        return DeepeningCifarSkeleton


@dataclasses.dataclass(frozen=True, kw_only=True)
class DeepeningCifarSkeleton(DeepeningSkeleton, DartsCifarSkeleton):
    """The CIFAR skeleton with the cells that were inserted so far."""
