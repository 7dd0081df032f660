"""The angles that can score children, by name."""

import numpy as np

from nse_tf.jobs import SupernetTrained
from nse_tf.shrinking.angle import AngleSums
from nse_tf.shrinking.cell_angle import CellAngleSums
from nse_tf.shrinking.vectors import at_angle_zero, pooling_sums
from nse_tf.spaces import SearchSpace

ANGLE_SCORES = ("angle", "angle_fixed_at_zero", "angle_of_unit_kernels")


def require_angle(space: SearchSpace, score: str) -> None:
    """Refuses an angle that children of a space do not have.

    Args:
        space: The space.
        score: One of `ANGLE_SCORES`.

    Raises:
        ValueError: If there is no such angle, or it is for spaces of cells
            and this is none.
    """
    if score not in ANGLE_SCORES:
        raise ValueError(
            f"No angle is called {score!r}; there are "
            f"{', '.join(ANGLE_SCORES)}."
        )
    if score == "angle_of_unit_kernels" and not space.skeleton.cell_kinds:
        raise ValueError(
            f"`{score}` is for spaces of cells, which {space.name!r} is not: "
            "its score is `angle` or `angle_fixed_at_zero`."
        )


def angle_sums(
    space: SearchSpace, result: SupernetTrained, score: str = "angle"
) -> AngleSums:
    """Returns the sums of children's angles, by one of `ANGLE_SCORES`.

    Args:
        space: The full space. In cells an edge counts by the paths through it.
        result: The result of training its supernet.
        score: `angle` is the published one; `angle_fixed_at_zero` counts the
            backbone as if it had not turned; `angle_of_unit_kernels` counts as
            `CellAngleSums.of_unit_kernels` does.

    Raises:
        ValueError: If sums are not reported or not finite; see also
            `require_angle`.
    """
    require_angle(space, score)
    if score == "angle_of_unit_kernels":
        if not result.unit_sums:
            raise ValueError(
                f"The training reported no sums by kernel, which `{score}` is "
                "computed from: score by `angle` or `angle_fixed_at_zero`."
            )
        return CellAngleSums.of_unit_kernels(space, np.array(result.unit_sums))
    has_cells = bool(space.skeleton.cell_kinds)
    candidates = np.array(result.angle_sums)
    backbone = np.array(result.backbone_sums)
    if score == "angle_fixed_at_zero":
        backbone = at_angle_zero(backbone)
    sums = AngleSums(candidates, backbone)
    sums.check(space)
    if not has_cells:
        return sums
    return CellAngleSums(candidates + pooling_sums(space), backbone, space)
