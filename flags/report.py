"""Makes the report of a run again, at any time, and tells its answer.

  nse_report runs/digits

It reads the run's folder, of a run that still goes on or that failed as well,
writes report.html there, and prints the answer in a few lines.
"""

import sys
from collections.abc import Sequence
from typing import NoReturn

from nse_tf.flags import binaries
from nse_tf.reporting import summary_text, write_report


def report(folders: Sequence[str]) -> None:
    """Writes the report of the one run that was named, and prints its answer.

    Raises:
        ValueError: If not exactly one folder was named, or see `write_report`.
    """
    if len(folders) != 1:
        raise ValueError(
            f"Name one run's folder, not {len(folders)}: nse_report RUN_DIR."
        )
    path = write_report(folders[0])
    print(summary_text(folders[0]))
    print(f"Report: {path}")


def run() -> NoReturn:
    """Runs the binary `nse_report`; see `binaries.run`."""
    # The other binaries take flags alone, so the folder goes aside first.
    folders = [word for word in sys.argv[1:] if not word.startswith("-")]
    sys.argv[1:] = [word for word in sys.argv[1:] if word.startswith("-")]

    def main(argv: Sequence[str]) -> None:
        del argv
        report(folders)

    binaries.run(main)


if __name__ == "__main__":
    run()
