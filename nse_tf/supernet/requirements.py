"""Asks a supernet for what only some of them can do."""

from typing import Literal, overload

from nse_tf.supernet.capability import Capability
from nse_tf.supernet.protocols import (
    MixedTrainingSupernet,
    MixingSupernet,
    SeatingSupernet,
    SupernetOfParts,
    TwoPathSupernet,
    TwoSubsetSupernet,
    WeightSharing,
)


@overload
def require_capability(
    supernet: WeightSharing, capability: Literal[Capability.MIXES]
) -> MixingSupernet: ...


@overload
def require_capability(
    supernet: WeightSharing, capability: Literal[Capability.TRAINS_MIXED]
) -> MixedTrainingSupernet: ...


@overload
def require_capability(
    supernet: WeightSharing, capability: Literal[Capability.SEATS_CELLS]
) -> SeatingSupernet: ...


@overload
def require_capability(
    supernet: WeightSharing, capability: Literal[Capability.TWO_PATHS]
) -> TwoPathSupernet: ...


@overload
def require_capability(
    supernet: WeightSharing, capability: Literal[Capability.TWO_SUBSETS]
) -> TwoSubsetSupernet: ...


@overload
def require_capability(
    supernet: WeightSharing, capability: Literal[Capability.RUNS_PARTS]
) -> SupernetOfParts: ...


@overload
def require_capability(
    supernet: WeightSharing, capability: Capability
) -> WeightSharing: ...


def require_capability(
    supernet: WeightSharing, capability: Capability
) -> WeightSharing:
    """Returns the supernet if it has a capability.

    Raises:
        ValueError: If it has not, in the words of its `limits`.
    """
    if capability in supernet.capabilities:
        return supernet
    raise ValueError(
        supernet.limits.get(
            capability,
            f"The supernet of space {supernet.space.name!r} cannot "
            f"{capability.value}.",
        )
    )
