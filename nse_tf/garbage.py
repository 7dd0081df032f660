"""How rarely garbage is collected in processes of our own."""

import gc

COLLECT_AFTER = (50_000, 20, 20)
"""Objects made between two collections, and how rarely older ones are scanned.

A trace makes hundreds of thousands of objects while all of TensorFlow is alive.
By Python's own thresholds, a tenth of a search is spent looking through them.
"""


def collect_rarely() -> None:
    """Sets the collector's thresholds for the process."""
    gc.set_threshold(*COLLECT_AFTER)
