"""Chain spaces: candidates for the blocks of a skeleton."""

from collections.abc import Sequence

from nse_tf.spaces.blocks import strided
from nse_tf.spaces.chain_skeletons import ChainSkeleton
from nse_tf.spaces.ops import ChainOp
from nse_tf.spaces.space import SearchSpace


def chain_space(
    name: str,
    skeleton: ChainSkeleton,
    ops: Sequence[ChainOp],
    optional_ops: Sequence[ChainOp] = (),
    max_open: int | None = 1,
    convention: str = "plain",
) -> SearchSpace:
    """Returns a space with the same candidates at every block.

    Kernels that small maps have no use for are left out; see `space_of_blocks`.

    Args:
        name: Name of the space.
        skeleton: Stem, stages and tail.
        ops: Candidates at every block.
        optional_ops: Further candidates of the blocks that keep their shape,
            such as the identity.
        max_open: How many branches of a block may be open; None for all.
        convention: How the authors count MACs.
    """
    num_blocks = sum(stage.depth for stage in skeleton.stages)
    return space_of_blocks(
        name,
        skeleton,
        [ops] * num_blocks,
        optional_ops,
        max_open=max_open,
        convention=convention,
    )


def space_of_blocks(
    name: str,
    skeleton: ChainSkeleton,
    ops: Sequence[Sequence[ChainOp]],
    optional_ops: Sequence[ChainOp] = (),
    max_open: int | None = 1,
    convention: str = "plain",
) -> SearchSpace:
    """Returns a space with candidates of its own at each block.

    Kernels whose outer taps would only ever see the padding of a small map are
    left out there: they compute what a smaller kernel does, and cost more.

    Args:
        name: See `chain_space`; so are the other arguments.
        skeleton: Stem, stages and tail.
        ops: Candidates of each block, input to output.
        optional_ops: Further candidates of the blocks that keep their shape.
        max_open: How many branches of a block may be open; None for all.
        convention: How the authors count MACs.
    """
    candidates: list[tuple[ChainOp, ...]] = []
    size, channels = skeleton.stem_size, skeleton.first_channels
    remaining = iter(ops)
    for stage in skeleton.stages:
        for block_index in range(stage.depth):
            stride = stage.stride if block_index == 0 else 1
            keeps_shape = stride == 1 and channels == stage.channels
            widest = 2 * max(size) - 1
            useful = [op for op in next(remaining) if op.reach <= widest]
            optional = optional_ops if keeps_shape else ()
            candidates.append((*useful, *optional))
            channels = stage.channels
            size = strided(size, stride)
    blocks = skeleton.blocks(
        candidates,
        [len(each) if max_open is None else max_open for each in candidates],
    )
    active = tuple(tuple(range(len(block.candidates))) for block in blocks)
    return SearchSpace(
        name=name,
        skeleton=skeleton,
        blocks=blocks,
        active=active,
        convention=convention,
    )


def map_sizes(skeleton: ChainSkeleton) -> list[tuple[int, int]]:
    """Returns height and width of each block's input."""
    sizes, size = [], skeleton.stem_size
    for stage in skeleton.stages:
        for number in range(stage.depth):
            sizes.append(size)
            size = strided(size, stage.stride if number == 0 else 1)
    return sizes
