"""The angles that can score children, by name."""

import numpy as np

from nse_tf.jobs import SupernetTrained
from nse_tf.shrinking.angle import AngleSums
from nse_tf.shrinking.cell_angle import CellAngleSums
from nse_tf.shrinking.vectors import at_angle_zero, pooling_sums
from nse_tf.spaces import Edge, SearchSpace

ANGLE_SCORES = ("angle", "angle_fixed_at_zero", "angle_of_unit_kernels")


def angle_sums(
    space: SearchSpace, result: SupernetTrained, score: str = "angle"
) -> AngleSums:
    """Returns what spells the angles of children, by one of `ANGLE_SCORES`.

    Args:
        space: The full space; its cells, if it has any, count edges by paths.
        result: What the training of its supernet came back with.
        score: `angle` is the published one; `angle_fixed_at_zero` counts the
            fixed part as if it had not turned; `angle_of_unit_kernels` is that
            of `CellAngleSums.of_unit_kernels`.

    Raises:
        ValueError: If there is no such score, it is not for the space, or sums
            are not finite.
    """
    if score not in ANGLE_SCORES:
        raise ValueError(
            f"No angle is called {score!r}; there are "
            f"{', '.join(ANGLE_SCORES)}."
        )
    of_cells = isinstance(space.blocks[0], Edge)
    if score == "angle_of_unit_kernels":
        if not of_cells or not result.unit_sums:
            raise ValueError(
                f"`{score}` is for spaces of cells, and for trainings that "
                f"tell of each kernel; space {space.name!r} takes `angle` or "
                "`angle_fixed_at_zero`."
            )
        return CellAngleSums.of_unit_kernels(space, np.array(result.unit_sums))
    candidates = np.array(result.angle_sums)
    backbone = np.array(result.backbone_sums)
    if score == "angle_fixed_at_zero":
        backbone = at_angle_zero(backbone)
    sums = AngleSums(candidates, backbone)
    sums.check(space)
    if not of_cells:
        return sums
    return CellAngleSums(candidates + pooling_sums(space), backbone, space)
