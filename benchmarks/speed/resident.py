"""How much memory this process has."""

import pathlib


def resident_mb(line: str = "VmRSS") -> float:
    """Returns resident memory, now or (`VmHWM`) at its highest, in MB."""
    status = pathlib.Path("/proc/self/status").read_text()
    found = next(row for row in status.splitlines() if row.startswith(line))
    return int(found.split()[1]) / 1024
