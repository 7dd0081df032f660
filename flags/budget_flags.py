"""Flags that limit what a network may cost."""

import math
import pathlib
from typing import Any

from absl import flags

from nse_tf.costs import Budget, DeviceTables
from nse_tf.costs.tables import CostTable
from nse_tf.flags import table_flags

MAX_MACS_M = flags.DEFINE_float(
    "max_macs_m", None, "Most MACs, in millions.", lower_bound=0
)
MIN_MACS_M = flags.DEFINE_float(
    "min_macs_m", None, "Fewest MACs, in millions.", lower_bound=0
)
MAX_PARAMS_M = flags.DEFINE_float(
    "max_params_m", None, "Most parameters, in millions.", lower_bound=0
)


class _LatencyParser(flags.ArgumentParser[Any]):
    """Reads milliseconds, or a table and milliseconds for each device."""

    syntactic_help = "8, or pixel.json:8,pi.json:20"

    def parse(self, argument: str) -> float | dict[pathlib.Path, float]:
        """Returns a limit, or one by the path of a device's table."""
        if ":" not in argument:
            return _positive(argument)
        limits: dict[pathlib.Path, float] = {}
        for word in argument.split(","):
            name, _, limit = word.rpartition(":")
            path = pathlib.Path(name).expanduser()
            if not name or path in limits:
                raise ValueError(
                    f"{word!r} must be a table and its limit in milliseconds, "
                    "such as pixel.json:8, and each table stand there once."
                )
            limits[path] = _positive(limit)
        return limits


def _positive(text: str) -> float:
    value = float(text)
    if not 0 <= value < math.inf:
        raise ValueError(f"{text} must be milliseconds, not below 0.")
    return value


MAX_LATENCY_MS = flags.DEFINE(
    _LatencyParser(),
    "max_latency_ms",
    None,
    "Longest latency on this machine, in milliseconds, as measured. Or one for "
    "each of several devices, by their tables: pixel.json:8,pi.json:20.",
)
MIN_LATENCY_MS = flags.DEFINE_float(
    "min_latency_ms",
    None,
    "Shortest latency, in milliseconds, as measured: how much of "
    "--max_latency_ms is to be used at least.",
    lower_bound=0,
)
MAX_SIZE_KB = flags.DEFINE_float(
    "max_size_kb",
    None,
    "Largest .tflite file, in kilobytes of 1,000.",
    lower_bound=0,
)
MAX_RAM_KB = flags.DEFINE_float(
    "max_ram_kb",
    None,
    "Largest tensor arena of the int8 file under TensorFlow Lite Micro, in "
    "kilobytes of 1,000, as its interpreter measures it (pip install "
    "'nse-tf[micro]').",
    lower_bound=0,
)
MAX_FLASH_KB = flags.DEFINE_float(
    "max_flash_kb",
    None,
    "Largest int8 .tflite file for a microcontroller, in kilobytes of 1,000.",
    lower_bound=0,
)


def budget() -> Budget:
    """Returns the limits that flags set.

    Raises:
        ValueError: If one is not positive, or two tables are of one device.
        FileNotFoundError: If a device's table is not there.
    """
    return Budget(
        macs=_times(MAX_MACS_M.value, 1e6),
        params=_times(MAX_PARAMS_M.value, 1e6),
        latency_ms=_latency_limits(),
        size_bytes=_times(MAX_SIZE_KB.value, 1e3),
        ram_bytes=_times(MAX_RAM_KB.value, 1e3),
        flash_bytes=_times(MAX_FLASH_KB.value, 1e3),
        min_macs=_times(MIN_MACS_M.value, 1e6),
        min_latency_ms=MIN_LATENCY_MS.value,
    )


def tables() -> tuple[pathlib.Path, ...] | None:
    """Returns the tables of several devices, if a flag names some.

    Raises:
        ValueError: If another flag names a table, too.
    """
    given = MAX_LATENCY_MS.value
    if not isinstance(given, dict):
        return None
    if table_flags.LATENCY_TABLE.value is not None:
        raise ValueError(
            "`--latency_table` is for one device, but --max_latency_ms names "
            "tables itself: leave it out."
        )
    return tuple(given)


def _latency_limits() -> float | dict[str, float] | None:
    """Returns the limit on latency, or one by the name of each device."""
    given: float | dict[pathlib.Path, float] | None = MAX_LATENCY_MS.value
    if not isinstance(given, dict):
        return given
    found = DeviceTables.of(CostTable.load(path) for path in given)
    return dict(zip(found.tables, given.values(), strict=True))


def _times(value: float | None, unit: float) -> float | None:
    return None if value is None else value * unit
