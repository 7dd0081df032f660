"""Names of costs: one a kind, and one a device where several have tables."""

from collections.abc import Iterable

COUNTED = ("macs", "params")
# By a cost table.
MEASURED = ("latency_ms", "size_bytes")
# Of a microcontroller.
MICRO = ("ram_bytes", "flash_bytes")
COSTS = COUNTED + MEASURED + MICRO

_ON = "@"
_UNITS = {
    "macs": "MACs",
    "params": "parameters",
    "latency_ms": "ms",
    "size_bytes": "bytes of file",
    "ram_bytes": "bytes of RAM",
    "flash_bytes": "bytes of flash",
}


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


def in_words(name: str, value: float) -> str:
    """Returns a cost in words, such as `1,200,000 MACs` or `8 ms on pixel`.

    Args:
        name: One of `COSTS`, or the latency on a device.
        value: The cost.
    """
    device = device_of(name)
    unit = _UNITS[base_cost(name)] + (f" on {device}" if device else "")
    return f"{as_number(value)} {unit}"


def as_number(value: float) -> str:
    """Returns a cost as text: in full from 1,000 on, else with 4 digits."""
    return f"{value:,.0f}" if value >= 1000 else f"{value:.4g}"
