"""What an export came to."""

import dataclasses
import pathlib
from typing import Any

from nse_tf.export.checking import ExportCheck
from nse_tf.export.file_details import FileDetails
from nse_tf.export.latency import Latency


@dataclasses.dataclass(frozen=True, kw_only=True)
class ExportReport:
    """What was exported; every mapping is by precision.

    Attributes:
        output_dir: The folder written to.
        files: The .tflite files.
        sha256: Checksums of the files.
        checks: How they compare to Keras on the test images.
        faults: What is wrong with each, in sentences; empty if nothing.
        latencies: How long one inference takes here.
        other_latencies: The same at another number of threads: 2 instead of 1,
            1 instead of more.
        details: What the files are made of.
        compression: What `export.json` says of a compression; None without.
        failures: Why a precision that was asked for has no file.
    """

    output_dir: pathlib.Path
    files: dict[str, pathlib.Path]
    sha256: dict[str, str]
    checks: dict[str, ExportCheck]
    faults: dict[str, list[str]]
    latencies: dict[str, Latency]
    other_latencies: dict[str, Latency]
    details: dict[str, FileDetails]
    compression: dict[str, Any] | None = None
    failures: dict[str, str] = dataclasses.field(default_factory=dict)

    @property
    def is_faultless(self) -> bool:
        """Whether there are all files, and each passed every check."""
        return not any(self.faults.values()) and not self.failures
