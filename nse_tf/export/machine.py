"""The machine of a measurement: processor, governor, runtime, date."""

import dataclasses
import datetime
import functools
import importlib.metadata
import pathlib
import platform

RUNTIME = "ai-edge-litert"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Machine:
    """The machine and the runtime behind a measurement.

    Attributes:
        device: Operating system and instruction set, such as `Linux x86_64`.
        cpu: Name of the processor.
        governor: Policy of its frequency, such as `performance`; `unknown`
            where it cannot be read (in most virtual machines).
        runtime: The package that ran the files.
        runtime_version: Version of the runtime.
    """

    device: str
    cpu: str
    governor: str
    runtime: str
    runtime_version: str


@functools.cache
def describe_machine() -> Machine:
    """Returns the machine that this process runs on."""
    return Machine(
        device=f"{platform.system()} {platform.machine()}",
        cpu=_cpu_name(),
        governor=_governor(),
        runtime=RUNTIME,
        runtime_version=importlib.metadata.version(RUNTIME),
    )


def now() -> str:
    """Returns the ISO date and time, to the second, in UTC."""
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")


def _cpu_name() -> str:
    try:
        lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    for line in lines:
        name, _, value = line.partition(":")
        if name.strip() in ("model name", "Hardware"):
            return value.strip()
    return platform.processor() or platform.machine() or "unknown"


def _governor() -> str:
    path = "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"
    try:
        return pathlib.Path(path).read_text().strip()
    except OSError:
        return "unknown"
