"""Kills one of four workers at a random moment of a search, again and again.

    python benchmarks/robustness/kill_workers.py

A chief and four workers, each a process of its own, over gRPC, with a lease of
three seconds; a kill is SIGKILL. Jobs are answered by formulas. Every search
must end, evaluate every child once and come to the answer of one worker.
"""

import json
import pathlib
import tempfile
import time
from collections.abc import Sequence
from multiprocessing.context import ForkServerContext, ForkServerProcess

import numpy as np
import small_search
from absl import app, flags
from formula_search import use_formulas

from nse_tf.distribute.roles import VARIABLES

KILLS = flags.DEFINE_integer("kills", 25, "Number of kills.", 1)
WORKERS = flags.DEFINE_integer("workers", 4, "Number of workers.", 2)
SEED = flags.DEFINE_integer("seed", 0, "Seed of the moments.", 0)
LONGEST_SECONDS = 120.0


def start_all(
    forks: ForkServerContext, folder: pathlib.Path, count: int
) -> tuple[ForkServerProcess, list[ForkServerProcess]]:
    """Starts a chief and workers."""
    port = str(small_search.free_port())
    processes = [
        small_search.start(
            forks,
            folder,
            use_formulas,
            dict(zip(VARIABLES, (name, "127.0.0.1", port), strict=True)),
        )
        for name in ("chief", *(f"worker-{index}" for index in range(count)))
    ]
    return processes[0], processes[1:]


def main(argv: Sequence[str]) -> None:
    """Prints a line a kill, and the counts."""
    del argv
    forks = small_search.context()
    rng = np.random.default_rng(SEED.value)
    num_ended = num_same = 0
    with tempfile.TemporaryDirectory() as name:
        root = pathlib.Path(name)
        small_search.start(forks, root / "one", use_formulas).join()
        wanted = json.loads((root / "one" / "outcome.json").read_text())
        del wanted["trials"]  # Several workers have trials of their own.
        children = small_search.evaluated(root / "one")
        started = time.monotonic()
        chief, workers = start_all(forks, root / "all", WORKERS.value)
        chief.join()
        seconds = time.monotonic() - started
        print(f"one worker: {len(children)} children evaluated")
        print(f"{len(workers)} workers, none killed: {seconds:.1f} s")
        for number in range(KILLS.value):
            folder = root / f"killed_{number}"
            chief, workers = start_all(forks, folder, WORKERS.value)
            moment = float(rng.uniform(0.0, 1.0)) * seconds
            victim = int(rng.integers(len(workers)))
            chief.join(moment)
            workers[victim].kill()
            chief.join(LONGEST_SECONDS)
            has_ended = chief.exitcode == 0
            found = small_search.differing(folder, wanted)
            counted = small_search.evaluated(folder)
            if counted != children:
                found.append("children lost or evaluated twice")
            num_ended += has_ended
            num_same += has_ended and not found
            print(
                f"{number + 1:2d}. worker-{victim} killed at {moment:.1f} s: "
                + ("ended" if has_ended else "DID NOT END")
                + (", the same" if not found else f", DIFFERENT: {found}"),
                flush=True,
            )
            for process in (chief, *workers):
                process.join(10.0)
                process.kill()
    print(f"ended: {num_ended} of {KILLS.value}; the same: {num_same}")


if __name__ == "__main__":
    app.run(main)
