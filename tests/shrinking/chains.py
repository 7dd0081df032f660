"""Chains of any length whose blocks are all alike."""

from collections.abc import Sequence

from nse_tf.spaces import ChainOp, ChainSkeleton, Identity, SearchSpace, Stage
from nse_tf.spaces.chains import chain_space
from nse_tf.spaces.presets import MBCONVS


def chain(
    num_blocks: int,
    *,
    ops: Sequence[ChainOp] = MBCONVS,
    has_identity: bool = False,
) -> SearchSpace:
    """Returns a chain; six MBConvs at a block unless asked otherwise."""
    skeleton = ChainSkeleton(
        image_size=(8, 8),
        image_channels=1,
        num_classes=10,
        stem_channels=8,
        stem_stride=1,
        first_channels=8,
        stages=(Stage(8, num_blocks, 1),),
        tail_channels=16,
    )
    optional = (Identity(),) if has_identity else ()
    return chain_space("chain", skeleton, ops, optional)
