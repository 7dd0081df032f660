"""Random small search spaces and genotypes, for hypothesis."""

from hypothesis import strategies as st

from nse_tf.spaces import (
    ChainOp,
    ChainSkeleton,
    Genotype,
    Identity,
    MBConv,
    SearchSpace,
    Stage,
)

OPS = tuple(MBConv(kernel, e) for kernel in (3, 5) for e in (1, 2, 3))


@st.composite
def skeletons(draw: st.DrawFn, max_blocks: int = 3) -> ChainSkeleton:
    """Draws skeletons of one to `max_places` blocks."""
    stages: list[Stage] = []
    for _ in range(draw(st.integers(1, max_blocks))):
        left = max_blocks - sum(stage.depth for stage in stages)
        if left > 0:
            depth = draw(st.integers(1, left))
            channels = draw(st.sampled_from([8, 16]))
            stages.append(Stage(channels, depth, draw(st.integers(1, 2))))
    return ChainSkeleton(
        image_size=(draw(st.integers(16, 40)), draw(st.integers(16, 40))),
        image_channels=draw(st.integers(1, 3)),
        num_classes=draw(st.integers(2, 10)),
        stem_channels=draw(st.sampled_from([8, 16])),
        stem_stride=draw(st.integers(1, 2)),
        first_channels=8,
        stages=tuple(stages),
        tail_channels=draw(st.sampled_from([16, 32])),
    )


@st.composite
def small_spaces(
    draw: st.DrawFn, max_blocks: int = 3, max_candidates: int = 3
) -> SearchSpace:
    """Draws spaces small enough to enumerate, some of them shrunk.

    Blocks differ in their candidates and in how many branches may be open.
    """
    skeleton = draw(skeletons(max_blocks))
    candidates: list[list[ChainOp]] = []
    channels = skeleton.first_channels
    for stage in skeleton.stages:
        for block_index in range(stage.depth):
            stride = stage.stride if block_index == 0 else 1
            pool: list[ChainOp] = list(OPS)
            if stride == 1 and channels == stage.channels:
                pool.append(Identity())
            candidates.append(
                draw(
                    st.lists(
                        st.sampled_from(pool),
                        min_size=1,
                        max_size=max_candidates,
                        unique=True,
                    )
                )
            )
            channels = stage.channels
    max_open = [draw(st.integers(1, len(ops))) for ops in candidates]
    blocks = skeleton.blocks(candidates, max_open)
    active = tuple(
        tuple(sorted(draw(_some(range(len(block.candidates))))))
        for block in blocks
    )
    return SearchSpace(
        name="small", skeleton=skeleton, blocks=blocks, active=active
    )


@st.composite
def genotypes_of(draw: st.DrawFn, space: SearchSpace) -> Genotype:
    """Draws genotypes of a space, of several branches where it allows."""
    return space.genotype(
        [
            draw(_some(indices, block.max_open))
            for block, indices in zip(space.blocks, space.active, strict=True)
        ]
    )


@st.composite
def spaces_and_genotypes(draw: st.DrawFn) -> tuple[SearchSpace, Genotype]:
    """Draws a small space and a genotype of it."""
    space = draw(small_spaces())
    return space, draw(genotypes_of(space))


def _some(
    items: range | tuple[int, ...], max_size: int | None = None
) -> st.SearchStrategy[list[int]]:
    return st.lists(
        st.sampled_from(items), min_size=1, max_size=max_size, unique=True
    )
