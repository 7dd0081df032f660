"""Who teaches a child while it is trained alone."""

import dataclasses

from nse_tf.jobs.built import require_taken
from nse_tf.jobs.rules import Genes


@dataclasses.dataclass(frozen=True, kw_only=True)
class Teacher:
    """A classifier whose answers a child learns, beside the labels.

    How much they count is a matter of the child's recipe.

    Attributes:
        source: `file` is a model in a file, which every worker of the search
            has; `supernet` is a child with the weights that it has there.
        sha256: Digest of the file.
        child: Genes of the child.
        weights: Reference of the supernet's weights, see `weights_of`.
        calibration_images: Training images for the child's batch norm.

    Raises:
        ValueError: If the source is unknown, does not take a setting, or lacks
            one that it needs.

    References:
        Hinton et al., Distilling the Knowledge in a Neural Network (2015):
        https://arxiv.org/abs/1503.02531
    """

    source: str
    sha256: str | None = None
    child: Genes | None = None
    weights: str | None = None
    calibration_images: int = 0

    def __post_init__(self) -> None:
        require_taken(self, "teacher", "source")
        needed = ("sha256",) if self.source == "file" else ("child", "weights")
        for name in needed:
            if getattr(self, name) is None:
                raise ValueError(
                    f"`teacher.source` {self.source!r} needs `teacher.{name}`."
                )
