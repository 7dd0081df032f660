"""Spaces of what can be cut out of a chain that is trained already."""

import dataclasses
import math
from collections.abc import Sequence
from typing import Any, ClassVar

from nse_tf.spaces.blocks import NORM_EPSILON, ChoiceBlock
from nse_tf.spaces.chain_skeletons import ChainSkeleton
from nse_tf.spaces.chains import map_sizes, space_of_blocks
from nse_tf.spaces.ops import Identity, MBConv
from nse_tf.spaces.skeletons import Readers
from nse_tf.spaces.space import SearchSpace


@dataclasses.dataclass(frozen=True, kw_only=True)
class TrainedBlock(ChoiceBlock):
    """One block of a trained chain, and what can be cut out of it.

    Attributes:
        norm_epsilon: What its batch norm adds to variances.
    """

    norm_epsilon: float = NORM_EPSILON


@dataclasses.dataclass(frozen=True, kw_only=True)
class TrainedSkeleton(ChainSkeleton):
    """What all networks share that are cut out of one trained chain.

    Attributes:
        norm_epsilon: What batch norm adds to variances.
        pixel_scaling: What the trained network multiplied pixels in 0..255 by,
            and added then.
        weights_digest: Names the trained weights, so that spaces of others
            have another fingerprint.

    Raises:
        ValueError: See `ChainSkeleton`; or if a number is not positive.
    """

    norm_epsilon: float = NORM_EPSILON
    pixel_scaling: tuple[float, float] = (1 / 127.5, -1.0)
    weights_digest: str

    KIND: ClassVar[str] = "trained_chain"
    NOUN: ClassVar[str] = "a chain that is trained already"
    WRITES_KIND: ClassVar[bool] = True
    READERS: ClassVar[Readers] = {
        **ChainSkeleton.READERS,
        "norm_epsilon": float,
        "pixel_scaling": lambda value: (float(value[0]), float(value[1])),
        "weights_digest": str,
    }

    def __post_init__(self) -> None:
        super().__post_init__()
        scale = self.pixel_scaling[0]
        for name, number in (
            ("norm_epsilon", self.norm_epsilon),
            ("pixel_scaling", scale),
        ):
            if not 0 < number < math.inf:
                raise ValueError(f"`{name}` must be positive, not {number}.")

    def _block(self, **shape: Any) -> TrainedBlock:
        """Returns one choice block."""
        return TrainedBlock(**shape, norm_epsilon=self.norm_epsilon)


def cut_space(
    name: str, skeleton: TrainedSkeleton, trained: Sequence[MBConv]
) -> SearchSpace:
    """Returns the space of what can be cut out of trained blocks.

    Candidates are, largest first, smaller kernels and smaller expansions (two
    thirds and a half) of the trained block, and the identity where a block
    keeps its shape. On small maps the largest kernel is the middle of the
    trained one, which computes the same there.

    Args:
        name: Name of the space.
        skeleton: Stem, stages and tail.
        trained: The trained op of each block, input to output.
    """
    sizes = map_sizes(skeleton)
    ops = [
        tuple(
            MBConv(kernel, expansion)
            for kernel in _smaller_kernels(op.kernel, 2 * max(size) - 1)
            for expansion in _smaller_expansions(int(op.expansion))
        )
        for op, size in zip(trained, sizes, strict=True)
    ]
    return space_of_blocks(name, skeleton, ops, (Identity(),))


def _smaller_kernels(side: int, widest: int) -> list[int]:
    """Returns the sides of kernels in the middle of one, largest first."""
    largest = min(side, widest)
    return list(range(largest, min(3, largest) - 1, -2))


def _smaller_expansions(expansion: int) -> list[int]:
    """Returns an expansion, two thirds and a half of it, largest first.

    All of them have an expanding convolution, or none has.
    """
    least = min(2, expansion)
    parts = (expansion, expansion * 2 // 3, expansion // 2)
    return sorted({max(least, part) for part in parts}, reverse=True)
