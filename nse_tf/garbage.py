"""How rarely garbage is collected in processes of our own."""

import gc

COLLECT_AFTER = (50_000, 20, 20)
"""Objects made between two collections, and how rarely older ones are scanned.

A trace makes hundreds of thousands of objects while all of TensorFlow is alive,
and by Python's own thresholds they are looked through again and again. Memory
does not grow for it: most objects go when their last reference does.
"""


def collect_rarely() -> None:
    """Sets the collector's thresholds for the process."""
    gc.set_threshold(*COLLECT_AFTER)
