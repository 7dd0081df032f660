"""The angle between a child's base and present weights, from three sums.

The angle of a child is that of one vector, which concatenates its kernels.
Concatenation turns inner products into sums. So three numbers for each
candidate, and three for the backbone, give the angle of every child of a space;
the weights themselves stay with the worker. Where candidates nest, a weight is
in the sums of each candidate that it is part of (docs/sharing.md).
"""

import dataclasses

import numpy as np

from nse_tf.jobs import SupernetTrained
from nse_tf.spaces import SearchSpace


@dataclasses.dataclass(frozen=True)
class AngleSums:
    """The sums ⟨w0, w⟩, ‖w0‖², ‖w‖² from which any child's angle follows.

    Attributes:
        candidates: `(num_blocks, max_candidates, 3)`, over the kernels of each
            candidate; zeros for one without kernels, such as the identity.
        backbone: `(3,)`, over the kernels that all children share.

    References:
        Hu et al., ABS (2020), algorithm 1: https://arxiv.org/abs/2004.13431.
        We clip the cosine to [-1, 1], which the original does not.
    """

    candidates: np.ndarray
    backbone: np.ndarray

    @classmethod
    def from_result(cls, result: SupernetTrained) -> "AngleSums":
        """Returns the sums that a training reported."""
        return cls(np.array(result.angle_sums), np.array(result.backbone_sums))

    def check(self, space: SearchSpace) -> None:
        """Refuses sums that give no angles.

        Raises:
            ValueError: If their shape does not fit the space, or those of an
                active candidate are not finite, as after a training that
                diverged; names the block.
        """
        shape = (len(space.blocks), space.max_candidates, 3)
        if self.candidates.shape != shape or self.backbone.shape != (3,):
            raise ValueError(
                f"Angle sums of space {space.name!r} have shapes {shape} and "
                f"(3,), not {self.candidates.shape} and {self.backbone.shape}."
            )
        if not np.isfinite(self.backbone).all():
            raise ValueError(
                f"The backbone has angle sums {self.backbone.tolist()}: the "
                "training diverged. Lower the learning rate."
            )
        # What was dropped is part of no child, whatever became of it.
        for index, candidate in space.operators:
            sums = self.candidates[index, candidate]
            if not np.isfinite(sums).all():
                block = space.blocks[index]
                raise ValueError(
                    f"Candidate {block.candidates[candidate].name!r} of block "
                    f"{block.name!r} has angle sums {sums.tolist()}: the "
                    "training diverged. Lower the learning rate."
                )

    def summed(self, paths: np.ndarray) -> np.ndarray:
        """Returns the three sums of whole children, `(count, 3)`."""
        # Block by block: all blocks at once would take 24 bytes for each of
        # them and each path.
        sums = np.tile(self.backbone, (len(paths), 1))
        for block, column in zip(self.candidates, paths.T, strict=True):
            sums += block[column]
        return sums

    def angles(
        self, paths: np.ndarray, empty_rad: float | None = None
    ) -> np.ndarray:
        """Returns the angles `(count,)`, in radians, of single paths.

        Args:
            paths: Candidate indices `(count, num_blocks)`.
            empty_rad: The angle of children without any weight; None refuses
                them.

        Raises:
            ValueError: If a child has no weights at all, or zero weights.
        """
        sums = self.summed(paths)
        norms = np.sqrt(sums[:, 1] * sums[:, 2])
        is_empty = (sums == 0).all(axis=1) & (empty_rad is not None)
        # NaN is not above 0 either.
        if not ((norms > 0) | is_empty).all():
            row = np.flatnonzero(~((norms > 0) | is_empty))[0]
            before, now = np.sqrt(sums[row, 1:])
            raise ValueError(
                f"The path {self._as_text(paths[row])} has weights of zero or "
                f"unknown norm, so it has no angle: {before:.4g} in the base, "
                f"{now:.4g} now."
            )
        cosines = sums[:, 0] / np.where(is_empty, 1.0, norms)
        # Rounding brings the cosine of what has not turned above 1, whose
        # arccos is NaN.
        angles: np.ndarray = np.arccos(np.clip(cosines, -1.0, 1.0))
        if empty_rad is not None:
            angles[is_empty] = empty_rad
        return angles

    def _as_text(self, path: np.ndarray) -> str:
        return str(path.tolist())
