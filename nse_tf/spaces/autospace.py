"""The learned space of AutoSpace, and the network that was found in it."""

from collections.abc import Sequence

from nse_tf.spaces.chain_skeletons import ChainSkeleton
from nse_tf.spaces.chains import space_of_blocks
from nse_tf.spaces.motif import Motif, motif_named
from nse_tf.spaces.ops import ChainOp, Identity, MBConv
from nse_tf.spaces.space import SearchSpace

# Every two neighboring blocks of the published chain share a group of six
# evolved cells, in the order of the published file.
_EVOLVED = (
    "1.2.01.55.125 0.3.11.35.125 0.5.10.15.135 "
    "0.3.01.35.155 0.2.00.35.135 0.3.11.55.122",
    "0.5.00.55.153 1.2.00.23.123 0.2.10.32.155 "
    "2.5.00.55.125 0.3.00.25.152 0.5.00.15.155",
    "2.2.11.22.152 0.3.11.55.152 1.3.10.52.153 "
    "0.2.01.23.152 1.5.10.55.155 2.2.10.52.122",
    "2.2.10.25.125 2.2.11.22.125 2.5.00.15.125 "
    "2.5.00.55.125 0.2.11.22.155 0.5.01.15.125",
    "1.2.01.32.135 1.2.00.55.125 2.5.00.52.125 "
    "2.5.00.52.155 2.5.00.55.112 2.5.00.55.155",
    "0.2.10.32.133 2.5.00.55.122 0.2.01.32.123 "
    "1.5.01.32.135 0.2.11.33.155 2.5.11.22.155",
    "1.2.00.35.155 2.5.00.25.125 2.5.11.55.125 "
    "2.5.00.55.125 1.5.01.35.152 2.5.00.15.115",
    "1.3.00.22.132 0.3.10.33.123 1.5.10.52.125 "
    "1.5.11.55.152 1.3.10.25.152 1.2.11.32.122",
    "1.5.10.35.125 2.5.11.22.122 0.2.11.33.135 "
    "2.2.00.55.125 0.2.11.32.135 2.5.00.55.152",
    "0.5.00.53.135 1.3.11.52.132 2.5.00.55.122 "
    "1.2.00.23.125 0.2.00.23.122 0.3.00.12.155",
    "1.5.00.52.155 0.5.01.22.135 0.2.10.55.153 "
    "0.3.00.22.123 0.2.00.33.125 1.2.01.23.123",
)
# Inverted residuals of three, two and one stacked 3×3 kernels end each group.
REFERENCES = tuple(
    map(Motif.of_code, ("2.5.00.15.115", "2.5.00.15.112", "2.5.00.12.112"))
)
GROUPS = tuple(
    (*map(Motif.of_code, codes.split()), *REFERENCES) for codes in _EVOLVED
)
GROUP_DEPTH = 2
# How many blocks each stage of the published chain has.
_DEPTHS = (4, 4, 4, 4, 4, 1)

_PLAIN = (MBConv(3, 3), MBConv(3, 6))

# The published network by block. An MBConv of expansion 6 and the last
# reference compute the same here; which of the two stands where is published.
NETWORK_340M = (
    "motif_2.5.00.12.112 mbconv_k3_e6 identity identity "
    "motif_1.7.10.52.155 motif_2.2.10.52.122 mbconv_k3_e3 identity "
    "motif_2.5.00.52.155 motif_1.2.00.55.125 motif_2.5.00.12.112 identity "
    "motif_2.7.00.52.125 motif_2.5.00.12.112 identity identity "
    "motif_2.7.00.52.152 motif_2.9.00.12.112 motif_2.9.00.12.112 "
    "motif_2.9.00.12.112 motif_2.9.00.12.112"
)


def autospace_space(
    name: str,
    skeleton: ChainSkeleton,
    convention: str = "plain",
    *,
    is_collapsed: bool = False,
) -> SearchSpace:
    """Returns the learned space on a skeleton.

    A block has the cells of its group, MBConvs of kernel 3 and, where it keeps
    its shape, the identity: what the published network is made of. The sixth
    cell of group 6 is also a reference and is listed once.

    A skeleton for small images has fewer stages and blocks than the published
    one. Its stages then are the last ones, and a block has the group that
    stands as far into the published stage as the block does into its own.

    Args:
        name: Name of the space.
        skeleton: Stem, stages and tail.
        convention: How the authors count MACs.
        is_collapsed: Whether stacked 3×3 kernels of cells are merged into
            larger ones, as in the published network.

    Raises:
        ValueError: If the skeleton has more stages than the published one.

    References:
        Zhou et al., AutoSpace (2021): https://arxiv.org/abs/2103.11833,
        published configuration of the learned space.
    """
    candidates: list[tuple[ChainOp, ...]] = []
    for number in published_blocks(skeleton):
        cells = GROUPS[number // GROUP_DEPTH]
        if is_collapsed:
            cells = tuple(cell.collapsed() for cell in cells)
        candidates.append((*dict.fromkeys(cells), *_PLAIN))
    return space_of_blocks(
        name, skeleton, candidates, (Identity(),), convention=convention
    )


def published_blocks(skeleton: ChainSkeleton) -> list[int]:
    """Returns which block of the published chain each block stands for.

    Raises:
        ValueError: If there are more stages than in the published chain.
    """
    stages = skeleton.stages
    if len(stages) > len(_DEPTHS):
        raise ValueError(
            f"The cells of AutoSpace are for chains of up to {len(_DEPTHS)} "
            f"stages, not {len(stages)}."
        )
    first = len(_DEPTHS) - len(stages)
    found = []
    for stage, depth in enumerate(_DEPTHS[first:]):
        start = sum(_DEPTHS[: first + stage])
        found += [
            start + block * depth // stages[stage].depth
            for block in range(stages[stage].depth)
        ]
    return found


def space_of_cells(
    space: SearchSpace,
    groups: Sequence[Sequence[int]],
    cells: Sequence[Sequence[Motif]],
) -> SearchSpace:
    """Returns a space with cells of one's own in place of those of another.

    A block has the cells of its group, the references of the published space,
    and what it had besides motifs, the identity among them where it keeps its
    shape. As in other spaces, cells that small maps have no use for are left
    out.

    Args:
        space: A chain, whose skeleton and other candidates stay.
        groups: The blocks of each group; all blocks, in their order.
        cells: The cells of each group.
    """
    skeleton, blocks = space.as_chain()
    candidates: list[list[ChainOp]] = []
    for of_group, group in zip(cells, groups, strict=True):
        for index in group:
            others = [
                op
                for op in blocks[index].candidates
                if op != Identity() and motif_named(op.name) is None
            ]
            candidates.append(
                list(dict.fromkeys((*of_group, *REFERENCES, *others)))
            )
    return space_of_blocks(
        f"{space.name} learned",
        skeleton,
        candidates,
        (Identity(),),
        convention=space.convention,
    )
