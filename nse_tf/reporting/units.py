"""Numbers as people read them: three digits and a sensible unit."""

import decimal
import math
from collections.abc import Sequence

from nse_tf.costs import base_cost, device_of

COUNT_PREFIXES = ((1e9, " G"), (1e6, " M"), (1e3, " k"))
BYTE_UNITS = ((1e9, " GB"), (1e6, " MB"), (1e3, " kB"))

_PLURALS = {"child": "children"}

COST_NAMES = {
    "macs": "MACs",
    "params": "Parameters",
    "latency_ms": "Latency",
    "size_bytes": "File size",
    "ram_bytes": "RAM",
    "flash_bytes": "Flash",
}


def cost_name(name: str) -> str:
    """Returns a cost in words, such as `Latency on Pixel 8`."""
    device = device_of(name)
    shown = COST_NAMES[base_cost(name)]
    return f"{shown} on {device}" if device else shown


def three_digits(value: float) -> str:
    """Returns a number in three digits, never as a power of ten."""
    value = float(f"{value:.3g}")
    if value == 0:
        return "0"
    decimals = 2 - math.floor(math.log10(abs(value)))
    return f"{value:,.{min(max(decimals, 0), 6)}f}"


def short_count(value: float) -> str:
    """Returns a count such as `12.3 M`; whole below a thousand."""
    return _short(value, COUNT_PREFIXES, "")


def short_size(size_bytes: float) -> str:
    """Returns a size such as `35.2 kB`, of 1000 bytes."""
    return _short(size_bytes, BYTE_UNITS, " bytes")


def _short(
    value: float, units: Sequence[tuple[float, str]], smallest: str
) -> str:
    rounded = float(f"{value:.3g}")
    for scale, unit in units:
        if rounded >= scale:
            # With zeros at the end: 1.20 M says that it was rounded.
            mantissa = rounded / scale
            decimals = 2 - math.floor(math.log10(mantissa))
            return f"{mantissa:,.{max(decimals, 0)}f}{unit}"
    return f"{value:,.0f}{smallest}"


def short_cost(name: str, value: float) -> str:
    """Returns a cost of `costs.COSTS` with its unit, rounded."""
    match base_cost(name):
        case "latency_ms":
            return f"{three_digits(value)} ms"
        case "size_bytes" | "ram_bytes" | "flash_bytes":
            return short_size(value)
        case _:
            return short_count(value)


def exact_cost(name: str, value: float) -> str:
    """Returns a cost of `costs.COSTS` with its unit, in all its digits.

    A latency, which is measured, has four.
    """
    match base_cost(name):
        case "latency_ms":
            return f"{value:.4g} ms"
        case "size_bytes" | "ram_bytes" | "flash_bytes":
            return f"{value:,.0f} bytes"
        case _:
            return f"{value:,.0f}"


def percent(share: float) -> str:
    """Returns a share such as `98.89 %`."""
    return f"{100 * share:.2f} %"


def counted(number: int, noun: str) -> str:
    """Returns a number with its noun, such as `1 stage` or `2 stages`."""
    several = _PLURALS.get(noun, f"{noun}s")
    return f"{number:,} {noun if number == 1 else several}"


def duration(seconds: float) -> str:
    """Returns a time span as people say it."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes == 0:
        return f"{rest} s"
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


def date_text(iso_date: str) -> str:
    """Returns an ISO date and time to the minute, such as `… 14:05 UTC`."""
    zone = " UTC" if iso_date.endswith(("+00:00", "Z")) else iso_date[19:]
    return iso_date[:16].replace("T", " ") + zone


def shape_text(shape: Sequence[int]) -> str:
    """Returns a shape such as `8×8×16`."""
    return "×".join(str(side) for side in shape)


def power_of_ten(exponent: int) -> str:
    """Returns a power such as `10¹²`, in plain characters."""
    superscripts = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
    return "10" + str(exponent).translate(superscripts)


def short_whole(number: int) -> str:
    """Returns a whole number of any magnitude, such as `2.2 · 10¹⁷`.

    Up to a million in all its digits; beyond a float's range too.
    """
    if number < 1_000_000:
        return f"{number:,}"
    mantissa, exponent = f"{decimal.Decimal(number):.1e}".split("e")
    return f"{mantissa} · {power_of_ten(int(exponent))}"
