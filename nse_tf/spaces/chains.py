"""Chain spaces: a skeleton filled with choice blocks, one after another."""

import functools
from collections.abc import Callable, Sequence

from nse_tf.spaces.blocks import BranchBlock, ChoiceBlock, strided
from nse_tf.spaces.branch_ops import BRANCH_FAMILIES
from nse_tf.spaces.layer_op import LayerOp
from nse_tf.spaces.ops import ChainOp, Identity
from nse_tf.spaces.skeletons import BranchSkeleton, Skeleton
from nse_tf.spaces.space import SearchSpace


def chain_blocks(
    skeleton: Skeleton,
    candidates: Sequence[Sequence[ChainOp]],
    max_open: Sequence[int],
) -> tuple[ChoiceBlock, ...]:
    """Returns the skeleton's places with these candidates, shapes worked out.

    Raises:
        ValueError: If there are not as many candidate lists as places, or a
            candidate is of another kind of chain.
    """
    num_blocks = sum(stage.depth for stage in skeleton.stages)
    if not len(candidates) == len(max_open) == num_blocks:
        raise ValueError(
            f"The skeleton has {num_blocks} places, but there are candidates "
            f"for {len(candidates)} and `max_open` for {len(max_open)}."
        )
    make_block = _block_maker(skeleton, candidates)
    blocks: list[ChoiceBlock] = []
    size, channels = skeleton.stem_size, skeleton.first_channels
    for stage_index, stage in enumerate(skeleton.stages):
        for block_index in range(stage.depth):
            place = len(blocks)
            block = make_block(
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


def _block_maker(
    skeleton: Skeleton, candidates: Sequence[Sequence[ChainOp]]
) -> Callable[..., ChoiceBlock]:
    """Returns what makes a skeleton's blocks.

    Raises:
        ValueError: If a candidate cannot compete there.
    """
    is_branched = isinstance(skeleton, BranchSkeleton)
    for op in (op for each in candidates for op in each):
        if isinstance(op, BRANCH_FAMILIES) != is_branched:
            raise ValueError(
                f"Op {op.name!r} cannot compete in a chain of "
                f"{'multi-branch cells' if is_branched else 'blocks'}."
            )
    if not isinstance(skeleton, BranchSkeleton):
        return ChoiceBlock
    return functools.partial(
        BranchBlock,
        activation=skeleton.activation,
        squeeze_excite=skeleton.squeeze_excite,
    )


def chain_space(
    name: str,
    skeleton: Skeleton,
    ops: Sequence[ChainOp],
    optional_ops: Sequence[ChainOp] = (),
    max_open: int | None = 1,
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
        max_open: How many branches may be open at a place; None for all.
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
    blocks = chain_blocks(
        skeleton,
        candidates,
        [len(each) if max_open is None else max_open for each in candidates],
    )
    active = tuple(tuple(range(len(block.candidates))) for block in blocks)
    return SearchSpace(name, skeleton, blocks, active, convention)


def _sees_more(op: ChainOp, size: tuple[int, int]) -> bool:
    """Whether the outermost taps of an op's kernel ever meet the map."""
    if isinstance(op, Identity | LayerOp):
        return True
    return op.reach <= 2 * max(size) - 1


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
