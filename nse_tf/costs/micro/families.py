"""What predicts RAM and flash, by family of networks."""

import functools

from nse_tf.costs.micro.cells import CellCosts
from nse_tf.costs.micro.chains import ChainCosts
from nse_tf.costs.micro.model import MicroCosts
from nse_tf.costs.micro.ops import UnpredictedError
from nse_tf.costs.micro.widths import WidthChainCosts
from nse_tf.spaces import (
    CellSkeleton,
    ChainSkeleton,
    SearchSpace,
    Skeleton,
    StageWidthSkeleton,
)


@functools.singledispatch
def _costs_of(skeleton: Skeleton, space: SearchSpace) -> MicroCosts:
    """Returns `micro_costs`; each family of skeletons registers its own."""
    del skeleton
    raise UnpredictedError(
        f"RAM and flash of space {space.name!r} cannot be told from its "
        "genotypes, since its layers are yours: limit MACs or parameters, and "
        "measure what was found by nse_export --target=micro."
    )


@_costs_of.register
def _(skeleton: ChainSkeleton, space: SearchSpace) -> MicroCosts:
    del skeleton
    return ChainCosts(space)


@_costs_of.register
def _(skeleton: StageWidthSkeleton, space: SearchSpace) -> MicroCosts:
    del skeleton
    return WidthChainCosts(space)


@_costs_of.register
def _(skeleton: CellSkeleton, space: SearchSpace) -> MicroCosts:
    del skeleton
    return CellCosts(space)


def micro_costs(space: SearchSpace) -> MicroCosts:
    """Returns what predicts RAM and flash of a space's genotypes.

    Raises:
        UnpredictedError: If they cannot be told from these.
    """
    return _shared(space.whole)


@functools.lru_cache(maxsize=8)
def _shared(space: SearchSpace) -> MicroCosts:
    """Returns the same costs for all subspaces, which keep what they found."""
    return _costs_of(space.skeleton, space)
