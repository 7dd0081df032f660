"""Short chains, and one whose two stages may be of half their widths."""

from collections.abc import Sequence

from nse_tf.spaces import (
    ChainSkeleton,
    Identity,
    MBConv,
    SearchSpace,
    Stage,
    with_stage_widths,
)
from nse_tf.spaces.chains import chain_space


def chain(
    stages: Sequence[Stage] = (Stage(16, 2, 2), Stage(32, 1, 1)),
    ops: Sequence[MBConv] = (MBConv(3, 3), MBConv(3, 6)),
) -> SearchSpace:
    skeleton = ChainSkeleton(
        image_size=(8, 8),
        image_channels=1,
        num_classes=3,
        stem_channels=8,
        stem_stride=1,
        first_channels=8,
        stages=tuple(stages),
        tail_channels=16,
    )
    return chain_space("short", skeleton, ops, (Identity(),))


HALVES = with_stage_widths(chain(), (0.5, 1))
GENES = "width_0.5 mbconv_k3_e3 identity width_1 mbconv_k3_e6"
