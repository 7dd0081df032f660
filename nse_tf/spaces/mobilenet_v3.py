"""MobileNetV3 as spaces of one network, to hold other networks against.

As in `mobilenet.py`: scaled and adapted as every published chain is, they are
what one would take who does not search.
"""

import dataclasses
from collections.abc import Mapping
from types import MappingProxyType

from nse_tf.spaces.adaptation import Adaptation
from nse_tf.spaces.chain_skeletons import Stage
from nse_tf.spaces.chains import map_sizes, space_of_blocks
from nse_tf.spaces.mobilenet import adaptation_like
from nse_tf.spaces.mobilenet_v3_skeleton import MobileNetV3Skeleton
from nse_tf.spaces.ops import MBConv, parse_op
from nse_tf.spaces.space import SearchSpace

# Once-for-All's stages are these, each four blocks deep.
MOBILENET_V3_LARGE_SKELETON = MobileNetV3Skeleton(
    image_size=(224, 224),
    image_channels=3,
    num_classes=1000,
    stem_channels=16,
    stem_stride=2,
    first_channels=16,
    stages=(
        Stage(16, 1, 1),
        Stage(24, 2, 2),
        Stage(40, 3, 2),
        Stage(80, 4, 2),
        Stage(112, 2, 1),
        Stage(160, 3, 2),
    ),
    tail_channels=960,
    hidden_channels=1280,
)
MOBILENET_V3_SMALL_SKELETON = dataclasses.replace(
    MOBILENET_V3_LARGE_SKELETON,
    stages=(
        Stage(16, 1, 2),
        Stage(24, 2, 2),
        Stage(40, 3, 2),
        Stage(48, 2, 1),
        Stage(96, 3, 2),
    ),
    tail_channels=576,
    hidden_channels=1024,
)


def _ops(text: str) -> tuple[MBConv, ...]:
    """Returns the ops of words such as `k5_e6_se_hard_swish`."""
    found = (parse_op(f"mbconv_{word}") for word in text.split())
    return tuple(op for op in found if isinstance(op, MBConv))


@dataclasses.dataclass(frozen=True, kw_only=True)
class MobileNetV3:
    """One of the two published networks.

    Attributes:
        skeleton: Its stem, stages and tail.
        ops: The op of each block. Expanded widths that are no whole multiples
            of their input's are so after rounding.
    """

    skeleton: MobileNetV3Skeleton
    ops: tuple[MBConv, ...]


NETWORKS: Mapping[str, MobileNetV3] = MappingProxyType(
    {
        "Large": MobileNetV3(
            skeleton=MOBILENET_V3_LARGE_SKELETON,
            ops=_ops(
                "k3_e1_relu k3_e4_relu k3_e3_relu "
                "k5_e3_se_relu k5_e3_se_relu k5_e3_se_relu "
                "k3_e6_hard_swish k3_e2.5_hard_swish "
                "k3_e2.3_hard_swish k3_e2.3_hard_swish "
                "k3_e6_se_hard_swish k3_e6_se_hard_swish "
                "k5_e6_se_hard_swish k5_e6_se_hard_swish k5_e6_se_hard_swish"
            ),
        ),
        "Small": MobileNetV3(
            skeleton=MOBILENET_V3_SMALL_SKELETON,
            ops=_ops(
                "k3_e1_se_relu k3_e4.5_relu k3_e3.67_relu "
                "k5_e4_se_hard_swish k5_e6_se_hard_swish k5_e6_se_hard_swish "
                "k5_e3_se_hard_swish k5_e3_se_hard_swish "
                "k5_e6_se_hard_swish k5_e6_se_hard_swish k5_e6_se_hard_swish"
            ),
        ),
    }
)


def mobilenet_v3(which: str, adaptation: Adaptation) -> SearchSpace:
    """Returns the space whose one network is a MobileNetV3.

    Args:
        which: `Large` or `Small`.
        adaptation: Images, classes and the width multiplier, which multiplies
            the width of the tail, too.

    Raises:
        ValueError: If the images are too small.

    References:
        Howard et al., MobileNetV3 (2019), Tables 1 and 2:
        https://arxiv.org/abs/1905.02244. As in the authors' code, the last
        convolution of the small one has no squeeze-and-excite.
    """
    network = NETWORKS[which]
    skeleton = network.skeleton.adapted(adaptation)
    sizes = map_sizes(skeleton)
    ops = network.ops[-len(sizes) :]  # The first stages may be left out.
    useful = [
        # Of a larger kernel, all but the middle would see padding.
        dataclasses.replace(op, kernel=min(op.kernel, 2 * max(size) - 1))
        for op, size in zip(ops, sizes, strict=True)
    ]
    name = f"mobilenet_v3_{which.lower()}"
    return space_of_blocks(name, skeleton, [(op,) for op in useful])


def mobilenet_v3_like(
    which: str, space: SearchSpace, width: float
) -> SearchSpace:
    """Returns a MobileNetV3 for the images and classes of a space.

    Args:
        which: `Large` or `Small`.
        space: Gives these.
        width: The width multiplier.

    Raises:
        ValueError: If the images are too small.
    """
    return mobilenet_v3(which, adaptation_like(space, width))
