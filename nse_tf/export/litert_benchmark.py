"""Times files with LiteRT's own program `litert-benchmark`, a second opinion.

It runs LiteRT's compiled-model interface where the interpreter is the older
one, each file in a process of its own, and prints hundredths of a millisecond:
rows below that are read as half of one, and only networks of several tenths of
a millisecond are told well.
"""

import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from typing import Any

from nse_tf.costs.tables import Provenance
from nse_tf.export.machine import describe_machine, now
from nse_tf.export.table_plan import (
    TablePlan,
    Timing,
    calmest,
    timing_of_percentiles,
)

PROGRAM = "litert-benchmark"
# Half of what its last digit stands for.
ROUNDING_MS = 0.005
SECONDS_FOR_ONE = 120


class LiteRTBenchmarkBackend:
    """This machine, through `litert-benchmark`.

    Args:
        program: Where the program lies; by default beside this Python, or on
            the PATH.

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
        """Returns what a table measured here and now says of itself.

        Raises:
            ValueError: If XNNPACK is to be off: the program has no such switch.
        """
        if not plan.use_xnnpack:
            raise ValueError(
                f"{PROGRAM} cannot switch XNNPACK off; measure with the "
                "interpreter (--backend=interpreter)."
            )
        machine = describe_machine()
        return Provenance(
            device=machine.device,
            cpu=machine.cpu,
            governor=machine.governor,
            runtime=PROGRAM,
            runtime_version=machine.runtime_version,
            delegate="XNNPACK",
            num_threads=plan.num_threads,
            precision=plan.precision,
            warmup=plan.warmup,
            runs=plan.runs,
            date=now(),
        )

    def time(
        self, files: Mapping[str, bytes], plan: TablePlan
    ) -> dict[str, Timing]:
        """Returns how long one inference of each file takes, by name.

        Raises:
            ValueError: If the program fails; carries its last line.
        """
        timed: dict[str, list[Timing]] = {name: [] for name in files}
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "model.tflite"
            for _ in range(plan.rounds):
                for name, content in files.items():
                    path.write_bytes(content)
                    timed[name].append(self._run(name, path, plan))
        return {name: calmest(timings) for name, timings in timed.items()}

    def _run(self, name: str, path: pathlib.Path, plan: TablePlan) -> Timing:
        answer = path.with_suffix(".json")
        answer.unlink(missing_ok=True)
        try:
            done = subprocess.run(
                [
                    self._program,
                    f"--model={path}",
                    f"--num_runs={max(1, plan.runs // plan.rounds)}",
                    f"--warmup_runs={plan.warmup}",
                    f"--num_threads={plan.num_threads}",
                    f"--result_json={answer}",
                ],
                capture_output=True,
                text=True,
                check=False,
                timeout=SECONDS_FOR_ONE,
            )
        except subprocess.TimeoutExpired as error:
            raise ValueError(
                f"{PROGRAM} takes more than {SECONDS_FOR_ONE} s for {name!r}."
            ) from error
        if done.returncode or not answer.exists():
            said = (done.stderr.strip() or done.stdout.strip()).splitlines()
            raise ValueError(
                f"{PROGRAM} fails on {name!r} with exit code "
                f"{done.returncode}: {said[-1] if said else 'no message'}"
            )
        return _timing(json.loads(answer.read_text()))


def _timing(result: dict[str, Any]) -> Timing:
    """Returns what the program's JSON says, no finer than its rounding."""
    told = result["latency"]
    median_ms = max(ROUNDING_MS, told["median_ms"])
    return timing_of_percentiles(
        min(told["p5_ms"], median_ms - ROUNDING_MS),
        median_ms,
        max(told["p95_ms"], median_ms + ROUNDING_MS),
        told["num_runs"],
    )
