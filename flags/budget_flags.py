"""Flags that limit what a network may cost."""

from absl import flags

from nse_tf.costs import Budget

MAX_MACS_M = flags.DEFINE_float(
    "max_macs_m", None, "Most MACs, in millions.", lower_bound=0
)
MIN_MACS_M = flags.DEFINE_float(
    "min_macs_m", None, "Fewest MACs, in millions.", lower_bound=0
)
MAX_PARAMS_M = flags.DEFINE_float(
    "max_params_m", None, "Most parameters, in millions.", lower_bound=0
)
MAX_LATENCY_MS = flags.DEFINE_float(
    "max_latency_ms",
    None,
    "Longest latency on this machine, in milliseconds, as measured.",
    lower_bound=0,
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
        ValueError: If one is not positive.
    """
    return Budget(
        macs=_times(MAX_MACS_M.value, 1e6),
        params=_times(MAX_PARAMS_M.value, 1e6),
        latency_ms=MAX_LATENCY_MS.value,
        size_bytes=_times(MAX_SIZE_KB.value, 1e3),
        ram_bytes=_times(MAX_RAM_KB.value, 1e3),
        flash_bytes=_times(MAX_FLASH_KB.value, 1e3),
        min_macs=_times(MIN_MACS_M.value, 1e6),
        min_latency_ms=MIN_LATENCY_MS.value,
    )


def _times(value: float | None, unit: float) -> float | None:
    return None if value is None else value * unit
