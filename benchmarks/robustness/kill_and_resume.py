"""Kills a search at random points and compares its end with a whole run's.

    python benchmarks/robustness/kill_and_resume.py

Every other kill comes by the clock, at a random moment of the search; the
others in the middle of a random write: before the disk is waited for, before a
file gets its name, or before a transaction counts. All are SIGKILL. Space,
trials, decisions and every weight array must be as in the undisturbed run.
"""

import functools
import json
import os
import pathlib
import signal
import sqlite3
import tempfile
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
import small_search
from absl import app, flags

from nse_tf.trials.results_table import ResultsTable

KILLS = flags.DEFINE_integer("kills", 20, "Number of kills.", 1)
SEED = flags.DEFINE_integer("seed", 0, "Seed of the points.", 0)


def count_writes(at: int, path: pathlib.Path | None = None) -> None:
    """Kills this process at its n-th write, or counts them into a file."""
    done = 0

    def passed() -> None:
        nonlocal done
        done += 1
        if path is not None:
            path.write_text(str(done))
        if done == at:
            os.kill(os.getpid(), signal.SIGKILL)

    fsync, replace = os.fsync, pathlib.Path.replace
    commit = ResultsTable.commit

    def counted_fsync(*args: Any) -> None:
        passed()
        fsync(*args)

    def counted_replace(self: pathlib.Path, target: Any) -> pathlib.Path:
        passed()
        return replace(self, target)

    def counted_commit(self: ResultsTable) -> None:
        passed()
        commit(self)

    for owner, counted in (
        (os, counted_fsync),
        (pathlib.Path, counted_replace),
        (ResultsTable, counted_commit),
    ):
        setattr(owner, counted.__name__.removeprefix("counted_"), counted)


def stage_of(folder: pathlib.Path) -> str:
    """Returns the job that was being done when a run was killed."""
    table = folder / "results.sqlite"
    if not table.exists():
        return "before the first job"
    with sqlite3.connect(table) as connection:
        row = connection.execute(
            "SELECT job FROM trials WHERE ended IS NULL"
        ).fetchone()
    connection.close()
    return row[0] if row else "between jobs"


def main(argv: Sequence[str]) -> None:
    """Prints a line a kill, and the count."""
    del argv
    forks = small_search.context()
    rng = np.random.default_rng(SEED.value)
    num_same = num_killed = 0
    with tempfile.TemporaryDirectory() as name:
        root = pathlib.Path(name)
        started = time.monotonic()
        counter = root / "writes"
        whole = small_search.start(
            forks, root / "whole", functools.partial(count_writes, 0, counter)
        )
        whole.join()
        seconds = time.monotonic() - started
        num_writes = int(counter.read_text())
        wanted = json.loads((root / "whole" / "outcome.json").read_text())
        print(
            f"undisturbed: {seconds:.0f} s, {len(wanted['trials'])} trials, "
            f"{num_writes} writes, {len(wanted['weights'])} files of weights",
            flush=True,
        )
        # Where a search was quicker than the clock, another is killed.
        for number in range(2 * KILLS.value):
            if num_killed == KILLS.value:
                break
            folder = root / f"killed_{number}"
            if number % 2:
                at = int(rng.integers(1, num_writes + 1))
                where = f"write {at} of {num_writes}"
                process = small_search.start(
                    forks, folder, functools.partial(count_writes, at)
                )
            else:
                moment = float(rng.uniform(0.05, 0.95)) * seconds
                where = f"{moment:.1f} s"
                process = small_search.start(forks, folder)
                process.join(moment)
                process.kill()
            process.join()
            was_killed = process.exitcode == -signal.SIGKILL
            stage = stage_of(folder)
            again = small_search.start(forks, folder)
            again.join()
            found = small_search.differing(folder, wanted)
            num_killed += was_killed
            num_same += was_killed and not found
            print(
                f"{number + 1:2d}. killed at {where} ({stage}): "
                + ("the same" if not found else f"DIFFERENT: {found}")
                + ("" if was_killed else " (it had ended before)"),
                flush=True,
            )
    print(f"resumed to the same: {num_same} of {num_killed} that were killed")


if __name__ == "__main__":
    app.run(main)
