"""Chains of slots: what is trained while the cells of a space evolve."""

import dataclasses
from typing import Any, ClassVar

from nse_tf.spaces.blocks import ChoiceBlock
from nse_tf.spaces.chain_skeletons import ChainSkeleton
from nse_tf.spaces.ops import Op
from nse_tf.spaces.skeletons import require_at_least
from nse_tf.spaces.slot import Slot
from nse_tf.spaces.space import SearchSpace


@dataclasses.dataclass(frozen=True, kw_only=True)
class SlotBlock(ChoiceBlock):
    """One block of a chain, and the slots for cells that compete for it.

    Attributes:
        bench: How many more cells keep their weights while they have no slot.
    """

    bench: int = 0

    FAMILIES: ClassVar[tuple[type[Op], ...]] = (Slot,)

    def cost_key(self, op_name: str) -> str:
        """Refuses, since what a slot costs depends on its cell.

        Raises:
            ValueError: Always.
        """
        raise ValueError(
            f"No cost table has a row for {op_name!r} of block {self.name!r}: "
            "ask for its cell's."
        )


@dataclasses.dataclass(frozen=True, kw_only=True)
class SlotSkeleton(ChainSkeleton):
    """The skeleton of a chain whose blocks have slots.

    Attributes:
        bench: See `SlotBlock`.
    """

    bench: int = 0

    KIND: ClassVar[str] = "slots"
    NOUN: ClassVar[str] = "a chain of slots, which --method=autospace makes"
    WRITES_KIND: ClassVar[bool] = True

    def __post_init__(self) -> None:
        super().__post_init__()
        require_at_least(self, {"bench": 0})

    @property
    def gates(self) -> tuple[str, ...]:
        """Slots mix; see `Skeleton`."""
        return ("two",)

    @property
    def measures_blocks(self) -> bool:
        """Never: what a slot costs depends on its cell."""
        return False

    def _block(self, **shape: Any) -> SlotBlock:
        return SlotBlock(**shape, bench=self.bench)

    def without_slots(self) -> ChainSkeleton:
        """Returns the skeleton of the networks that cells make up."""
        return ChainSkeleton(
            **{
                field.name: getattr(self, field.name)
                for field in dataclasses.fields(ChainSkeleton)
            }
        )


def slot_space(space: SearchSpace, num_slots: int, bench: int) -> SearchSpace:
    """Returns the space of slots on the skeleton of a chain.

    Args:
        space: The chain.
        num_slots: How many slots each block has.
        bench: How many more cells of each block keep their weights.

    Raises:
        ValueError: If the space is no plain chain.
    """
    skeleton = space.as_chain().skeleton
    if skeleton.kind != ChainSkeleton.KIND:
        raise ValueError(
            f"Space {space.name!r} has the skeleton {skeleton.kind!r}; cells "
            f"evolve in {ChainSkeleton.NOUN}."
        )
    fields = {
        field.name: getattr(skeleton, field.name)
        for field in dataclasses.fields(skeleton)
    }
    slots = SlotSkeleton(**fields, bench=bench)
    candidates = tuple(map(Slot, range(num_slots)))
    return SearchSpace(
        name=f"{space.name} slots",
        skeleton=slots,
        blocks=slots.blocks([candidates] * len(space.blocks)),
        active=(tuple(range(num_slots)),) * len(space.blocks),
        convention=space.convention,
    )
