"""Kills one of three Ray nodes at a random moment of a search, repeatedly.

    python benchmarks/robustness/ray_nodes.py

A head and three nodes on this machine, started by `ray.cluster_utils`, with a
worker and one thread each; a kill ends a node with its worker by SIGKILL. A
small space is shrunk, trained and explored on the embedded digits. Every search
must end and come to the answer of one process, bit for bit.
"""

import contextlib
import json
import os
import pathlib
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence

import numpy as np
import small_search
from absl import app, flags
from ray_cluster import Nodes, nodes

from nse_tf.distribute.ray_engine import RayEngine

KILLS = flags.DEFINE_integer("kills", 10, "Number of kills.", 1)
NODES = flags.DEFINE_integer("nodes", 3, "Number of nodes.", 2)
SEED = flags.DEFINE_integer("seed", 0, "Seed of the moments.", 0)


@contextlib.contextmanager
def silence() -> Iterator[None]:
    """Hides what Ray prints of its killed nodes, which is not for the reader.

    It writes to the process's own streams, so that these are replaced.
    """
    kept = [os.dup(stream) for stream in (1, 2)]
    with pathlib.Path(os.devnull).open("w") as nowhere:
        for stream in (1, 2):
            os.dup2(nowhere.fileno(), stream)
    try:
        yield
    finally:
        for stream, former in zip((1, 2), kept, strict=True):
            os.dup2(former, stream)
            os.close(former)


def search(folder: pathlib.Path, engine: RayEngine | None) -> float:
    """Searches to the end; returns the seconds it took."""
    tuner, parts = small_search.make_search(folder)
    tuner.engine = engine
    started = time.monotonic()
    tuner.search(parts[0], validation_data=parts[1], verbose=0)
    seconds = time.monotonic() - started
    found = small_search.outcome(folder, tuner.oracle.method.history, [])
    (folder / "outcome.json").write_text(json.dumps(found))
    return seconds


def killed(
    folder: pathlib.Path, cluster: Nodes, victim: int, moment: float
) -> list[str]:
    """Searches while a node is killed; returns what ended it, if it failed."""
    engine = RayEngine(
        cluster.address, num_workers=NODES.value, compute_threads=1
    )
    timer = threading.Timer(moment, cluster.kill, (victim,))
    timer.start()
    try:
        search(folder, engine)
    except Exception as error:  # Any is a failure of the search.
        return [repr(error)]
    finally:
        timer.join()
        cluster.replace(victim)
    return []


def main(argv: Sequence[str]) -> None:
    """Prints a line a kill, and the counts."""
    del argv
    rng = np.random.default_rng(SEED.value)
    num_ended = num_same = 0
    with tempfile.TemporaryDirectory() as name, nodes(NODES.value) as cluster:
        root = pathlib.Path(name)
        with silence():
            alone = search(root / "one", None)
            wanted = json.loads((root / "one" / "outcome.json").read_text())
            engine = RayEngine(
                cluster.address, num_workers=NODES.value, compute_threads=1
            )
            seconds = search(root / "all", engine)
        found = small_search.differing(root / "all", wanted)
        print(f"one process: {alone:.1f} s")
        print(
            f"{NODES.value} nodes, none killed: {seconds:.1f} s, starts of the "
            f"workers included; {found or 'the same'}",
            flush=True,
        )
        for number in range(KILLS.value):
            folder = root / f"killed_{number}"
            moment = float(rng.uniform(0.0, 1.0)) * seconds
            victim = int(rng.integers(NODES.value))
            with silence():
                failed = killed(folder, cluster, victim, moment)
            found = failed or small_search.differing(folder, wanted)
            num_ended += not failed
            num_same += not found
            print(
                f"{number + 1:2d}. node {victim} killed at {moment:.1f} s: "
                + ("DID NOT END" if failed else "ended")
                + (", the same" if not found else f", DIFFERENT: {found}"),
                flush=True,
            )
    print(f"ended: {num_ended} of {KILLS.value}; the same: {num_same}")


if __name__ == "__main__":
    app.run(main)
