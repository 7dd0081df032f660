"""MACs as the authors of a space count them, where that differs from ours."""

from nse_tf.costs.backbone import backbone, backbone_parts
from nse_tf.costs.op_counts import op_part
from nse_tf.spaces import Genotype, SearchSpace, Skeleton, realized


def _thop(skeleton: Skeleton, channels: int) -> int:
    """A classifier of `C` inputs counts 2·C - 1 for each class, not C."""
    return (channels - 1) * skeleton.num_classes


def _thop_fairnas(skeleton: Skeleton, channels: int) -> int:
    """Counts as `_thop`, and one convolution more, as ABS's FairNAS code does.

    It is a 1×1 convolution inside the fixed MBConv of expansion 1, which the
    network itself does not have.
    """
    height, width, stem_channels = backbone(skeleton).before[0].out_shape
    return _thop(skeleton, channels) + height * width * stem_channels**2


def _nb201(skeleton: Skeleton, channels: int) -> int:
    """The table of NAS-Bench-201 counts the classifier's biases."""
    del channels
    return skeleton.num_classes


def _nse(skeleton: Skeleton, channels: int) -> int:
    """The pooled numbers that the classifier reads count one each."""
    del skeleton
    return channels


# What the authors count beyond our MACs, of a skeleton and the number of its
# classifier's inputs.
CONVENTIONS = {
    "plain": None,
    "thop": _thop,
    "thop_fairnas": _thop_fairnas,
    "nb201": _nb201,
    "nse": _nse,
}


def published_extra(space: SearchSpace) -> int:
    """Returns what the authors of a space count beyond our MACs.

    Raises:
        ValueError: If the space's convention is unknown, or not for it.
    """
    if space.convention not in CONVENTIONS:
        raise ValueError(
            f"Space {space.name!r} counts by {space.convention!r}; known "
            f"conventions are {', '.join(CONVENTIONS)}."
        )
    extra = CONVENTIONS[space.convention]
    if extra is None:
        return 0
    channels = space.skeleton.classifier_channels
    if channels is None:
        raise ValueError(
            f"Space {space.name!r} counts by {space.convention!r}, which needs "
            "a classifier that is not a layer of the user's: use 'plain'."
        )
    return extra(space.skeleton, channels)


def published_macs(space: SearchSpace, genotype: Genotype) -> int:
    """Returns a network's MACs by the convention of its space's authors.

    Raises:
        ValueError: If the genotype is not in the space, or the convention is
            unknown.
    """
    space, genotype = realized(space, genotype)
    macs = sum(part.macs for part in backbone_parts(space.skeleton))
    for block, gene in zip(space.blocks, genotype.genes, strict=True):
        macs += sum(op_part(block.candidates[i], block).macs for i in gene)
    return macs + published_extra(space)
