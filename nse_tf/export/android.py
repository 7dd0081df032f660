"""Times files on a phone, through `adb` and TensorFlow's `benchmark_model`.

Tested with the real `adb` without a device, and with a stand-in that prints
what the tool is known to print, but with no phone.
"""

import hashlib
import math
import pathlib
import re
import shutil
import tempfile
from collections.abc import Mapping

from nse_tf.costs.tables import Provenance
from nse_tf.export.table_plan import (
    TablePlan,
    Timing,
    time_in_rounds,
    timing_of_percentiles,
)
from nse_tf.export.tools import run_tool

FOLDER = "/data/local/tmp/nse_tf"
TOOL = f"{FOLDER}/benchmark_model"
SECONDS_FOR_ONE = 300
# Half a unit of the tool's last digit.
HALF_UNIT_MS = 0.0005

_STATISTICS = re.compile(r"count=(\d+) .*p5=(\S+) median=(\S+) p95=([0-9.e+]+)")
_REPLACED = re.compile(r"Replacing (\d+) out of (\d+) node\(s\) with delegate")


class AndroidBackend:
    """A phone that `adb` sees.

    Args:
        serial: Serial number of the phone; None if there is only one.
        benchmark_model: The tool's binary for the phone, on this machine; None
            uses `/data/local/tmp/nse_tf/benchmark_model` on the phone.

    Raises:
        ValueError: If `adb` is missing, sees no device, or several without a
            serial number; if the device is not ready, or lacks the tool.
    """

    def __init__(
        self,
        serial: str | None = None,
        benchmark_model: pathlib.Path | None = None,
    ) -> None:
        if shutil.which("adb") is None:
            raise ValueError(
                "adb is not on the PATH: install Android's platform tools, "
                "such as with `apt-get install adb`."
            )
        self._serial = _choose(_devices(), serial)
        self._adb("shell", "mkdir", "-p", FOLDER)
        if benchmark_model is not None:
            if not benchmark_model.is_file():
                raise ValueError(
                    f"`benchmark_model` {benchmark_model} is not a file: "
                    "download TensorFlow's benchmark tool for the phone's "
                    "processor."
                )
            self._adb("push", str(benchmark_model), TOOL)
            self._adb("shell", "chmod", "+x", TOOL)
        elif not self._adb("shell", f"ls {TOOL} 2>/dev/null; true").strip():
            raise ValueError(
                f"The phone has no {TOOL}: give the tool's binary, with "
                "--benchmark_model=FILE."
            )

    def provenance(self, plan: TablePlan) -> Provenance:
        """Returns the provenance of rows measured there and now."""
        model, chip, governor = (
            self._adb("shell", command).strip() or "unknown"
            for command in (
                "getprop ro.product.model",
                "getprop ro.soc.model",
                "cat /sys/devices/system/cpu/cpu0/cpufreq/scaling_governor "
                "2>/dev/null; true",
            )
        )
        version = self._adb("shell", "sha256sum", TOOL).split()
        return plan.provenance(
            device=model,
            cpu=chip,
            governor=governor,
            runtime="benchmark_model",
            runtime_version=f"sha256 {version[0][:12] if version else '?'}",
        )

    def time(
        self, files: Mapping[str, bytes], plan: TablePlan
    ) -> dict[str, Timing]:
        """Returns how long one inference of each file takes, by name.

        Raises:
            ValueError: If `adb` or the tool fails, or prints no median.
        """
        there = {
            name: f"{FOLDER}/{hashlib.sha256(content).hexdigest()[:16]}.tflite"
            for name, content in files.items()
        }
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "model.tflite"
            for name, content in files.items():
                path.write_bytes(content)
                self._adb("push", str(path), there[name])
        try:
            return time_in_rounds(
                files, plan, lambda name: self._run(name, there[name], plan)
            )
        finally:
            self._adb("shell", "rm", "-f", *there.values())

    def _run(self, name: str, path: str, plan: TablePlan) -> Timing:
        printed = self._adb(
            "shell",
            TOOL,
            f"--graph={path}",
            *tool_options(plan),
        )
        return parse_benchmark(name, printed, use_xnnpack=plan.use_xnnpack)

    def _adb(self, *words: str) -> str:
        return _run_adb("-s", self._serial, *words)


def tool_options(plan: TablePlan) -> list[str]:
    """Returns the options of `benchmark_model` for one round of a file."""
    return [
        f"--num_threads={plan.num_threads}",
        f"--use_xnnpack={str(plan.use_xnnpack).lower()}",
        f"--warmup_runs={plan.warmup}",
        f"--num_runs={plan.runs_per_round}",
        f"--min_secs={plan.min_seconds / plan.rounds:g}",
        f"--max_secs={plan.max_seconds / plan.rounds:g}",
    ]


def parse_benchmark(name: str, printed: str, *, use_xnnpack: bool) -> Timing:
    """Returns the timing that the tool printed for one file.

    Args:
        name: Name of the file, for messages.
        printed: Output of the tool. The last statistics count, since those of
            the warm-up come first.
        use_xnnpack: Whether the delegate was requested.

    Raises:
        ValueError: If there is no median in it, or the times are none.
    """
    found = _STATISTICS.findall(printed)
    if not found:
        last = printed.strip().splitlines()[-1:] or ["nothing"]
        raise ValueError(
            f"benchmark_model prints no median for {name!r}, but: {last[0]!r}. "
            "Use a build that prints p5, median and p95 (2023 or later)."
        )
    count, *times = found[-1]
    p5_ms, median_ms, p95_ms = (float(time) / 1e3 for time in times)
    if not 0 <= p5_ms <= median_ms <= p95_ms < math.inf:
        raise ValueError(
            f"benchmark_model prints no times for {name!r}, but p5, median and "
            f"p95 of {', '.join(times)} microseconds."
        )
    # It counts whole microseconds, and a file takes some time.
    median_ms = max(HALF_UNIT_MS, median_ms)
    p95_ms = max(median_ms, p95_ms)
    timing = timing_of_percentiles(p5_ms, median_ms, p95_ms, int(count))
    replaced = _REPLACED.search(printed)
    if replaced is None or not use_xnnpack:
        return timing
    return Timing(
        **{
            **vars(timing),
            "num_ops": int(replaced[2]),
            "delegated_ops": int(replaced[1]),
        }
    )


def _devices() -> dict[str, str]:
    """Returns the devices that `adb` sees: state by serial number."""
    lines = _run_adb("devices").splitlines()
    pairs = [line.split("\t") for line in lines if "\t" in line]
    return {serial: state.strip() for serial, state in pairs}


def _choose(devices: Mapping[str, str], serial: str | None) -> str:
    """Returns the serial number of the one device that is ready."""
    if not devices:
        raise ValueError(
            "adb sees no device: connect a phone, switch on USB debugging in "
            "its developer options, and allow this computer on its screen."
        )
    listed = ", ".join(f"{name} ({state})" for name, state in devices.items())
    if serial is None and len(devices) > 1:
        raise ValueError(
            f"adb sees {len(devices)} devices: {listed}. Say which, with "
            "--serial=SERIAL."
        )
    chosen = next(iter(devices)) if serial is None else serial
    if chosen not in devices:
        raise ValueError(f"adb sees no device {chosen!r}, but {listed}.")
    if devices[chosen] != "device":
        raise ValueError(
            f"Device {chosen} is {devices[chosen]}, not ready: unlock it, and "
            "allow this computer on its screen."
        )
    return chosen


def _run_adb(*words: str) -> str:
    """Returns what `adb` prints.

    Raises:
        ValueError: If it fails, or takes more than five minutes.
    """
    command = ("adb", *words)
    return run_tool(command, f"`{' '.join(command)}`", SECONDS_FOR_ONE)
