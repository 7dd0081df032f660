"""MobileNetV2 as a space of one network, to hold other networks against.

Only the published network has its name; scaled and adapted as every published
chain is, it is what one would take who does not search.
"""

import dataclasses

from nse_tf.spaces.adaptation import Adaptation
from nse_tf.spaces.chain_skeletons import Stage
from nse_tf.spaces.chains import chain_space
from nse_tf.spaces.ops import MBConv
from nse_tf.spaces.published_skeletons import PROXYLESSNAS_SKELETON
from nse_tf.spaces.space import SearchSpace

# The stem, the first block and the tail are those that ProxylessNAS took over.
MOBILENET_V2_SKELETON = dataclasses.replace(
    PROXYLESSNAS_SKELETON,
    stages=(
        Stage(24, 2, 2),
        Stage(32, 3, 2),
        Stage(64, 4, 2),
        Stage(96, 3, 1),
        Stage(160, 3, 2),
        Stage(320, 1, 1),
    ),
)


def mobilenet_v2(adaptation: Adaptation) -> SearchSpace:
    """Returns the space whose one network is MobileNetV2.

    Args:
        adaptation: Images, classes and the width multiplier. Unlike the
            published ones below 1, it multiplies the width of the tail, too:
            small budgets would all go there.

    Raises:
        ValueError: If the images are too small.

    References:
        Sandler et al., MobileNetV2 (2018), Table 2:
        https://arxiv.org/abs/1801.04381
    """
    return chain_space(
        "mobilenet_v2",
        MOBILENET_V2_SKELETON.adapted(adaptation),
        (MBConv(3, 6),),
    )


def mobilenet_v2_like(space: SearchSpace, width: float) -> SearchSpace:
    """Returns MobileNetV2 for the images and classes of a space.

    Args:
        space: Gives these.
        width: The width multiplier.

    Raises:
        ValueError: If the images are too small.
    """
    return mobilenet_v2(adaptation_like(space, width))


def adaptation_like(space: SearchSpace, width: float) -> Adaptation:
    """Returns what adapts a network to the images and classes of a space."""
    skeleton = space.skeleton
    return Adaptation(
        image_size=skeleton.image_size,
        image_channels=skeleton.image_channels,
        num_classes=skeleton.num_classes,
        width=width,
    )
