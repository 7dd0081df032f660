"""The skeletons of the published spaces, number by number."""

import dataclasses

from nse_tf.spaces.cell_skeletons import DartsSkeleton
from nse_tf.spaces.chain_skeletons import (
    BranchSkeleton,
    ChainSkeleton,
    Stage,
)
from nse_tf.spaces.darts_cifar import DartsCifarSkeleton
from nse_tf.spaces.nb201_skeleton import NB201Skeleton

# The published chains take ImageNet's images.
SPOS_SKELETON = ChainSkeleton(
    image_size=(224, 224),
    image_channels=3,
    num_classes=1000,
    stem_channels=40,
    stem_stride=2,
    first_channels=24,
    stages=(
        Stage(32, 4, 2),
        Stage(56, 4, 2),
        Stage(112, 4, 2),
        Stage(128, 4, 1),
        Stage(256, 4, 2),
        Stage(432, 1, 1),
    ),
    tail_channels=1728,
)

PROXYLESSNAS_SKELETON = dataclasses.replace(
    SPOS_SKELETON,
    stem_channels=32,
    first_channels=16,
    stages=(
        Stage(24, 4, 2),
        Stage(40, 4, 2),
        Stage(80, 4, 2),
        Stage(96, 4, 1),
        Stage(192, 4, 2),
        Stage(320, 1, 1),
    ),
    tail_channels=1280,
)

FAIRNAS_SKELETON = dataclasses.replace(
    PROXYLESSNAS_SKELETON,
    stages=(Stage(32, 2, 2), *PROXYLESSNAS_SKELETON.stages[1:]),
)

NER_SKELETON = BranchSkeleton(
    image_size=(224, 224),
    image_channels=3,
    num_classes=1000,
    stem_channels=16,
    stem_stride=2,
    first_channels=16,
    stages=(Stage(16, 1, 1), *PROXYLESSNAS_SKELETON.stages),
    tail_channels=1024,
)

NR_SKELETON = dataclasses.replace(
    NER_SKELETON,
    stages=(
        Stage(16, 1, 1),
        Stage(32, 4, 2),
        Stage(64, 4, 2),
        Stage(128, 8, 2),
        Stage(256, 4, 2),
    ),
)

NB201_SKELETON = NB201Skeleton(
    image_size=(32, 32),
    image_channels=3,
    num_classes=10,
    channels=16,
    num_cells=5,
)

DARTS_SKELETON = DartsSkeleton(
    image_size=(224, 224),
    image_channels=3,
    num_classes=1000,
    channels=48,
    num_cells=14,
)

DARTS_CIFAR_SKELETON = DartsCifarSkeleton(
    image_size=(32, 32),
    image_channels=3,
    num_classes=10,
    channels=16,
    num_cells=8,
)
