"""A chain of slots that a supernet of is traced in a few seconds."""

from nse_tf.spaces import SearchSpace, slot_space
from nse_tf.supernet import SlotSupernet
from tests.supernet.tiny_motifs import MOTIFS, tiny_motifs

# Three cells that differ in width, edges and mixing.
CELLS = tuple(f"motif_{code}" for code in MOTIFS[:3])


def tiny_slots(num_slots: int = 3, bench: int = 2) -> SearchSpace:
    """Returns a space of two blocks: of the same shape, and of stride 2."""
    return slot_space(tiny_motifs(), num_slots, bench)


def seated_slots() -> SlotSupernet:
    """Returns a supernet whose slots have different cells."""
    supernet = SlotSupernet(tiny_slots(len(CELLS)))
    nobody = ("",) * len(CELLS)
    supernet.seat([CELLS] * 2, [nobody] * 2, [()] * 2, (0,))
    return supernet
