"""Choice blocks in all shapes that the widths of stages give them."""

import dataclasses
import itertools
from collections.abc import Sequence
from typing import cast

import numpy as np

from nse_tf.spaces.blocks import ChoiceBlock
from nse_tf.spaces.space import SearchSpace
from nse_tf.spaces.stage_widths import StageWidthSkeleton
from nse_tf.spaces.width import Width


@dataclasses.dataclass(frozen=True, kw_only=True)
class ShapedBlock:
    """A choice block in all shapes that widths of stages give it.

    Its variants are its candidates in each shape: variant `shape *
    num_candidates + candidate`.

    Attributes:
        stage: Number of its stage.
        number: Its number among the decision points of the space.
        strides: How much one step of each gene adds to the variant, by number
            of the decision point: of its own gene, and of the widths that
            decide.
        shapes: The block in each shape, the narrowest input first, and of
            those the narrowest output; the last one is the widest.
    """

    stage: int
    number: int
    strides: dict[int, int]
    shapes: tuple[ChoiceBlock, ...]

    @property
    def widest(self) -> ChoiceBlock:
        """The block in the widest network."""
        return self.shapes[-1]

    @property
    def variants(self) -> tuple[tuple[ChoiceBlock, int], ...]:
        """The shape and candidate of each variant."""
        candidates = range(len(self.widest.candidates))
        return tuple(itertools.product(self.shapes, candidates))

    def variant_of(self, path: Sequence[int]) -> int:
        """Returns which variant a path has here."""
        return sum(
            path[number] * stride for number, stride in self.strides.items()
        )


def shaped_blocks(space: SearchSpace) -> tuple[ShapedBlock, ...]:
    """Returns the choice blocks of a space with widths, in all their shapes.

    Raises:
        ValueError: If the space has no widths to choose.
    """
    skeleton = space.require_skeleton(StageWidthSkeleton)
    found: list[ShapedBlock] = []
    before: list[int] = [skeleton.first_channels]
    number_before: int | None = None
    for stage_index, (stage, number) in enumerate(
        zip(skeleton.stages, skeleton.width_numbers, strict=True)
    ):
        widths = cast("tuple[Width, ...]", space.blocks[number].candidates)
        channels = [each.channels(stage.channels) for each in widths]
        for index in range(stage.depth):
            block = cast("ChoiceBlock", space.blocks[number + 1 + index])
            # The first one's input is as wide as the stage before.
            pairs = (
                itertools.product(before, channels)
                if index == 0
                else zip(channels, channels, strict=True)
            )
            count = len(block.candidates)
            strides = {number + 1 + index: 1, number: count}
            if index == 0 and number_before is not None:
                strides[number_before] = count * len(channels)
            found.append(
                ShapedBlock(
                    stage=stage_index,
                    number=number + 1 + index,
                    strides=strides,
                    shapes=tuple(
                        dataclasses.replace(
                            block, in_channels=inputs, out_channels=outputs
                        )
                        for inputs, outputs in pairs
                    ),
                )
            )
        before, number_before = channels, number
    return tuple(found)


def variants_of(blocks: Sequence[ShapedBlock], paths: np.ndarray) -> np.ndarray:
    """Returns the variant of each block in many paths at once.

    Args:
        blocks: Those of the space.
        paths: Candidate indices `(count, num_decisions)`.

    Returns:
        `(count, len(blocks))`.
    """
    steps = np.zeros((paths.shape[1], len(blocks)), np.int64)
    for column, block in enumerate(blocks):
        for number, stride in block.strides.items():
            steps[number, column] = stride
    variants: np.ndarray = paths @ steps
    return variants


def every_shape(space: SearchSpace) -> list[ChoiceBlock]:
    """Returns the choice blocks of a chain, each in all shapes it may have.

    Raises:
        ValueError: If the space is no chain.
    """
    if not space.skeleton.decides_widths:
        return list(space.as_chain().blocks)
    return [shape for block in shaped_blocks(space) for shape in block.shapes]
