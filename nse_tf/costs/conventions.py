"""MACs as the authors of a space count them, where that differs from ours."""

from nse_tf.costs.counts import backbone_parts, op_part
from nse_tf.spaces import Genotype, ModelSkeleton, SearchSpace, require_chain


def _thop(space: SearchSpace) -> int:
    """A classifier of `C` inputs counts 2·C - 1 for each class, not C."""
    skeleton = space.skeleton
    if isinstance(skeleton, ModelSkeleton):
        raise ValueError(
            f"Space {space.name!r} counts by 'thop', which knows no classifier "
            "of a user's own model: use 'plain'."
        )
    return (skeleton.classifier_channels - 1) * skeleton.num_classes


def _thop_fairnas(space: SearchSpace) -> int:
    """As `_thop`; and the table of ABS's FairNAS code has a convolution more.

    It counts a 1×1 convolution inside the fixed MBConv of expansion 1, which
    the network itself does not have.
    """
    skeleton, _ = require_chain(space)
    height, width = skeleton.stem_size
    return _thop(space) + height * width * skeleton.stem_channels**2


def _nb201(space: SearchSpace) -> int:
    """The table of NAS-Bench-201 counts the classifier's biases."""
    return space.skeleton.num_classes


def _nse(space: SearchSpace) -> int:
    """The pooled numbers that the classifier reads count one each."""
    skeleton, _ = require_chain(space)
    return skeleton.tail_channels


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
        ValueError: If the space's convention is unknown.
    """
    if space.convention not in CONVENTIONS:
        raise ValueError(
            f"Space {space.name!r} counts by {space.convention!r}; known "
            f"conventions are {', '.join(CONVENTIONS)}."
        )
    extra = CONVENTIONS[space.convention]
    return extra(space) if extra else 0


def published_macs(space: SearchSpace, genotype: Genotype) -> int:
    """Returns a network's MACs in the convention of its space's authors.

    Raises:
        ValueError: If the genotype is foreign or the convention unknown.
    """
    space.require(genotype)
    macs = sum(part.macs for part in backbone_parts(space.skeleton))
    for block, gene in zip(space.blocks, genotype.genes, strict=True):
        macs += sum(op_part(block.candidates[i], block).macs for i in gene)
    return macs + published_extra(space)
