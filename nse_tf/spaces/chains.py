"""Chain spaces: a skeleton filled with choice blocks, one after another."""

from collections.abc import Sequence

from nse_tf.spaces.blocks import ChoiceBlock, strided
from nse_tf.spaces.ops import ChainOp, MBConv
from nse_tf.spaces.skeletons import Skeleton
from nse_tf.spaces.space import SearchSpace


def chain_blocks(
    skeleton: Skeleton,
    candidates: Sequence[Sequence[ChainOp]],
    max_open: Sequence[int],
) -> tuple[ChoiceBlock, ...]:
    """Returns the skeleton's places with these candidates, shapes worked out.

    Raises:
        ValueError: If there are not as many candidate lists as places.
    """
    num_places = sum(stage.depth for stage in skeleton.stages)
    if not len(candidates) == len(max_open) == num_places:
        raise ValueError(
            f"The skeleton has {num_places} places, but there are candidates "
            f"for {len(candidates)} and `max_open` for {len(max_open)}."
        )
    blocks: list[ChoiceBlock] = []
    size, channels = skeleton.stem_size, skeleton.first_channels
    for stage_index, stage in enumerate(skeleton.stages):
        for block_index in range(stage.depth):
            place = len(blocks)
            block = ChoiceBlock(
                name=f"stage{stage_index}_block{block_index}",
                candidates=tuple(candidates[place]),
                in_size=size,
                in_channels=channels,
                out_channels=stage.channels,
                stride=stage.stride if block_index == 0 else 1,
                max_open=max_open[place],
            )
            blocks.append(block)
            size, channels = block.out_size, block.out_channels
    return tuple(blocks)


def chain_space(
    name: str,
    skeleton: Skeleton,
    ops: Sequence[ChainOp],
    optional_ops: Sequence[ChainOp] = (),
    max_open: int = 1,
    convention: str = "plain",
) -> SearchSpace:
    """Returns a space with the same candidates at every place.

    Kernels whose outer taps would only ever see the padding of a small map are
    left out there: they compute what a smaller kernel does, and cost more.

    Args:
        name: What people call the space.
        skeleton: Stem, stages and tail.
        ops: Candidates at every place.
        optional_ops: Further candidates of the places that keep their shape,
            such as the identity.
        max_open: How many branches may be open at a place.
        convention: How the authors count MACs.
    """
    candidates: list[tuple[ChainOp, ...]] = []
    size, channels = skeleton.stem_size, skeleton.first_channels
    for stage in skeleton.stages:
        for block_index in range(stage.depth):
            stride = stage.stride if block_index == 0 else 1
            keeps_shape = stride == 1 and channels == stage.channels
            useful = [op for op in ops if _sees_more(op, size)]
            optional = optional_ops if keeps_shape else ()
            candidates.append((*useful, *optional))
            channels = stage.channels
            size = strided(size, stride)
    blocks = chain_blocks(skeleton, candidates, [max_open] * len(candidates))
    active = tuple(tuple(range(len(block.candidates))) for block in blocks)
    return SearchSpace(name, skeleton, blocks, active, convention)


def _sees_more(op: ChainOp, size: tuple[int, int]) -> bool:
    """Whether the outermost taps of an op's kernel ever meet the map."""
    return not isinstance(op, MBConv) or op.kernel <= 2 * max(size) - 1


def require_chain(
    space: SearchSpace,
) -> tuple[Skeleton, tuple[ChoiceBlock, ...]]:
    """Returns the skeleton and the blocks of a chain.

    Raises:
        ValueError: If the space is one of cells or of a user's own model.
    """
    blocks = tuple(
        block for block in space.blocks if isinstance(block, ChoiceBlock)
    )
    if len(blocks) < len(space.blocks) or not isinstance(
        space.skeleton, Skeleton
    ):
        raise ValueError(
            f"Space {space.name!r} is one of cells or of a Keras model with "
            "`Choice` layers; this needs a chain of blocks, such as 'spos'. "
            "Hand over the model, too, where its networks are built."
        )
    return space.skeleton, blocks
