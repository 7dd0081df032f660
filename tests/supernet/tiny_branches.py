"""Spaces of multi-branch cells that are built and traced in seconds."""

from nse_tf.spaces import (
    BranchOp,
    BranchSkeleton,
    LinearBottleneck,
    NormalConv,
    RectangularConv,
    SearchSpace,
    Stage,
)
from nse_tf.spaces.chains import chain_space

# One of each kind of step.
ALL_KINDS: tuple[BranchOp, ...] = (
    LinearBottleneck(3, 1, dilation=2),
    LinearBottleneck(5, 2),
    LinearBottleneck(3, 2, groups=(2, 2)),
    RectangularConv(5, 1),
    NormalConv(1),
    NormalConv(1, depth=2),
)
FEW: tuple[BranchOp, ...] = (
    LinearBottleneck(3, 1),
    LinearBottleneck(3, 2),
    LinearBottleneck(5, 1),
)


def tiny_branches(
    ops: tuple[BranchOp, ...] = FEW,
    *,
    stages: tuple[Stage, ...] = (Stage(8, 1, 1), Stage(8, 2, 2)),
    activation: str = "relu",
    squeeze_excite: bool = False,
) -> SearchSpace:
    """Returns a space of cells: same shape, stride 2, same shape."""
    skeleton = BranchSkeleton(
        image_size=(8, 8),
        image_channels=1,
        num_classes=3,
        stem_channels=8,
        stem_stride=1,
        first_channels=8,
        stages=stages,
        tail_channels=16,
        activation=activation,
        squeeze_excite=squeeze_excite,
    )
    return chain_space("tiny_branches", skeleton, ops, max_open=None)
