"""What a study measures angles from: weights, and their three sums."""

import dataclasses
from typing import Any

import numpy as np

from nse_tf.training.angle_sums import of_unit_kernels, three_sums


@dataclasses.dataclass(frozen=True)
class StudyWeights:
    """The weights of a supernet of NAS-Bench-201's cells, as they stood.

    Attributes:
        rows: The kernels of each stage, a row each.
        backbone: All trainable weights of the backbone, by `layer/weight`.
    """

    rows: tuple[np.ndarray, ...]
    backbone: dict[str, np.ndarray]

    @classmethod
    def of_supernet(cls, supernet: Any) -> "StudyWeights":
        """Returns the weights as they stand."""
        return cls(
            tuple(stage.rows.numpy() for stage in supernet.cells),
            {
                f"{layer.name}/{weight.name}": weight.numpy()
                for layer in supernet.backbone_layers
                for weight in layer.trainable_weights
            },
        )


def sums_since(
    base: StudyWeights, supernet: Any, *, unit_kernels: bool = False
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Returns ⟨w0, w⟩, ‖w0‖² and ‖w‖² since `base`.

    Args:
        base: The weights as they stood.
        supernet: A supernet of such cells, as it stands.
        unit_kernels: Whether each candidate's kernel counts as if it had length
            one, in each cell.

    Returns:
        The sums of each candidate of each edge, over its kernels in all cells,
        `(num_edges, max_candidates, 3)`; and those of each weight of the
        backbone, `(3,)` by `layer/weight`. In float64.
    """
    now, space = StudyWeights.of_supernet(supernet), supernet.space
    candidates = np.zeros((len(space.blocks), space.max_candidates, 3))
    for stage, old, new in zip(
        supernet.cells, base.rows, now.rows, strict=True
    ):
        # The last row, for what has no weights, adds zeros.
        by_row = three_sums(old, new)
        if unit_kernels:
            by_row = of_unit_kernels(by_row)
        candidates += by_row[stage.row_index].sum(axis=0)
    return candidates, {
        name: three_sums(old.reshape(1, -1), now.backbone[name].reshape(1, -1))[
            0
        ]
        for name, old in base.backbone.items()
    }
