"""Networks of DARTS's cells on their way to all of them, cell by cell.

Three cells come first: a normal one and both reductions. Normal cells are then
inserted one by one, between the reductions, after them and before them in turn,
each as the last of its section.
"""

import dataclasses

from nse_tf.spaces.cell_skeletons import DartsSkeleton
from nse_tf.spaces.cell_spaces import cell_edges, require_darts
from nse_tf.spaces.space import SearchSpace


@dataclasses.dataclass(frozen=True)
class DeepeningSkeleton(DartsSkeleton):
    """DARTS's skeleton with the cells that were inserted so far.

    References:
        Hu et al., ABS (2020), code of the DARTS space's warm-up:
        https://arxiv.org/abs/2004.13431
    """

    @property
    def reductions(self) -> tuple[int, int]:
        """Which cells are the reductions."""
        inserted = self.num_cells - self.LEAST_CELLS
        before, between = 1 + inserted // 3, (inserted + 2) // 3
        return before, before + 1 + between


def with_fewer_cells(space: SearchSpace, num_cells: int) -> SearchSpace:
    """Returns a space of DARTS on its way to all its cells.

    Its places and their candidates are those of the whole space.

    Args:
        space: The whole space.
        num_cells: How many cells there are yet: three or more, and fewer than
            the space has.

    Raises:
        ValueError: If there cannot be as many, or the space has another
            skeleton.
    """
    skeleton, edges = require_darts(space)
    least = DartsSkeleton.LEAST_CELLS
    if not least <= num_cells < skeleton.num_cells:
        raise ValueError(
            f"`num_cells` is {num_cells}; while space {space.name!r} grows to "
            f"its {skeleton.num_cells} cells there are {least} to "
            f"{skeleton.num_cells - 1}."
        )
    small = DeepeningSkeleton(
        skeleton.image_size,
        skeleton.image_channels,
        skeleton.num_classes,
        skeleton.channels,
        num_cells,
        skeleton.shares_cells,
    )
    blocks = cell_edges(small, [edge.candidates for edge in edges])
    return dataclasses.replace(space, skeleton=small, blocks=blocks)


def cell_roles(skeleton: DartsSkeleton) -> tuple[str, ...]:
    """Returns a name of each cell that it keeps while others are inserted.

    The reductions, and the numbers of cells before, between and after them.
    """
    first, second = skeleton.reductions
    sections = (
        ("before", first),
        ("between", second - first - 1),
        ("after", skeleton.num_cells - second - 1),
    )
    before, between, after = (
        [f"{name}{number}" for number in range(count)]
        for name, count in sections
    )
    return (*before, "reduce0", *between, "reduce1", *after)
