"""Names of costs: one a kind, and one a device where several have tables."""

from collections.abc import Iterable

COUNTED = ("macs", "params")
# By a cost table.
MEASURED = ("latency_ms", "size_bytes")
# Of a microcontroller.
MICRO = ("ram_bytes", "flash_bytes")
COSTS = COUNTED + MEASURED + MICRO

_ON = "@"


def latency_on(device: str) -> str:
    """Returns the name of the latency on one of several devices.

    Args:
        device: Name of the device.
    """
    return f"latency_ms{_ON}{device}"


def base_cost(name: str) -> str:
    """Returns which of `COSTS` a cost is, on whatever device."""
    return name.partition(_ON)[0]


def device_of(name: str) -> str:
    """Returns the device of a latency; empty without several."""
    return name.partition(_ON)[2]


def in_order(names: Iterable[str]) -> list[str]:
    """Returns names of costs in the order of `COSTS`, devices as given."""
    return sorted(names, key=lambda name: COSTS.index(base_cost(name)))
