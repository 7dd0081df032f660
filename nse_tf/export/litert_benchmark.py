"""Times files with LiteRT's own program `litert-benchmark`, a second opinion.

It runs LiteRT's compiled-model interface, which is newer than the interpreter,
each file in its own process, and prints hundredths of a millisecond. Smaller
rows are taken for half of one, and only networks of several tenths of a
millisecond are measured well.
"""

import json
import pathlib
import shutil
import sys
import tempfile
from collections.abc import Mapping
from typing import Any

from nse_tf.costs.tables import Provenance
from nse_tf.export.machine import describe_machine
from nse_tf.export.table_plan import (
    TablePlan,
    Timing,
    time_in_rounds,
    timing_of_percentiles,
)
from nse_tf.export.tools import run_tool

PROGRAM = "litert-benchmark"
# Half a unit of its last digit.
ROUNDING_MS = 0.005
SECONDS_FOR_ONE = 120


class LiteRTBenchmarkBackend:
    """This machine, through `litert-benchmark`.

    Args:
        program: Path of the program; by default the one beside this Python, or
            on the PATH.

    Raises:
        ValueError: If there is no such program.
    """

    def __init__(self, program: str | None = None) -> None:
        beside = pathlib.Path(sys.executable).with_name(PROGRAM)
        found = program or (
            str(beside) if beside.exists() else shutil.which(PROGRAM)
        )
        if found is None:
            raise ValueError(
                f"{PROGRAM} is not on the PATH; it comes with "
                "`pip install ai-edge-litert`."
            )
        self._program = found

    def provenance(self, plan: TablePlan) -> Provenance:
        """Returns the provenance of rows measured here and now.

        Raises:
            ValueError: If XNNPACK is to be off, which the program cannot do.
        """
        if not plan.use_xnnpack:
            raise ValueError(
                f"{PROGRAM} cannot switch XNNPACK off; measure with the "
                "interpreter (--backend=interpreter)."
            )
        return plan.provenance(
            **{**vars(describe_machine()), "runtime": PROGRAM}
        )

    def time(
        self, files: Mapping[str, bytes], plan: TablePlan
    ) -> dict[str, Timing]:
        """Returns how long one inference of each file takes, by name.

        Raises:
            ValueError: If the program fails; names its last line.
        """
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "model.tflite"

            def run(name: str) -> Timing:
                path.write_bytes(files[name])
                return self._run(name, path, plan)

            return time_in_rounds(files, plan, run)

    def _run(self, name: str, path: pathlib.Path, plan: TablePlan) -> Timing:
        answer = path.with_suffix(".json")
        answer.unlink(missing_ok=True)
        run_tool(
            [
                self._program,
                f"--model={path}",
                f"--num_runs={plan.runs_per_round}",
                f"--warmup_runs={plan.warmup}",
                f"--num_threads={plan.num_threads}",
                f"--result_json={answer}",
            ],
            f"{PROGRAM} for {name!r}",
            SECONDS_FOR_ONE,
        )
        if not answer.exists():
            raise ValueError(f"{PROGRAM} for {name!r} writes no result.")
        return _timing(json.loads(answer.read_text()))


def _timing(result: dict[str, Any]) -> Timing:
    """Returns the timing of the program's JSON, no finer than its rounding."""
    reported = result["latency"]
    median_ms = max(ROUNDING_MS, reported["median_ms"])
    return timing_of_percentiles(
        min(reported["p5_ms"], median_ms - ROUNDING_MS),
        median_ms,
        max(reported["p95_ms"], median_ms + ROUNDING_MS),
        reported["num_runs"],
    )
