"""Writes the report of a run again, at any time, and prints its result.

  nse_report runs/digits
  nse_report runs/shrunk runs/plain --output=comparison.html

It reads the run's folder, also while the run continues or after it failed,
writes report.html there, brings its tensorboard/ up to date, and prints the
result in a few lines. For several runs it writes one page that compares them.
"""

import pathlib
import sys
from collections.abc import Sequence
from typing import NoReturn

from absl import flags

from nse_tf.flags import binaries, logger_flags
from nse_tf.flags.output_file import OUTPUT
from nse_tf.reporting import (
    RunLog,
    comparison_text,
    log_to_mlflow,
    summary_text,
    write_comparison,
    write_report,
    write_scalars,
)
from nse_tf.terminal import say

flags.declare_key_flag(logger_flags.MLFLOW.name)
flags.declare_key_flag(OUTPUT.name)
# Where several runs are compared, unless --output says so.
COMPARISON = "comparison.html"


def report(folders: Sequence[str]) -> None:
    """Writes the report of a run, or the comparison of several.

    Raises:
        ValueError: If no folder was named, or see `write_report` and
            `write_comparison`.
    """
    match folders:
        case []:
            raise ValueError("Name a run's folder: nse_report RUN_DIR.")
        case [folder]:
            path = write_report(folder)
            log = RunLog(pathlib.Path(folder) / "log.jsonl")
            write_scalars(folder, [entry.event for entry in log.read()])
            say(summary_text(folder))
            say(f"Report: {path}")
            if logger_flags.MLFLOW.value is not None:
                run_id = log_to_mlflow(folder, logger_flags.MLFLOW.value)
                say(f"MLflow: run {run_id}")
        case _:
            path = write_comparison(folders, OUTPUT.value or COMPARISON)
            say(comparison_text(folders))
            say(f"Comparison: {path}")


def run() -> NoReturn:
    """Runs the binary `nse_report`; see `binaries.run`."""
    # The other binaries take flags alone, so the folders go aside first.
    folders = [word for word in sys.argv[1:] if not word.startswith("-")]
    sys.argv[1:] = [word for word in sys.argv[1:] if word.startswith("-")]

    def main(argv: Sequence[str]) -> None:
        del argv
        report(folders)

    binaries.run(main)


if __name__ == "__main__":
    run()
