"""How much faster two Ray nodes evaluate a generation than one does.

    python benchmarks/robustness/two_nodes.py

A head and two nodes on this machine, started by `ray.cluster_utils`, with a
worker and one thread each, on the embedded digits. Timed as in
`two_workers.py`: from when a generation is asked for to when the last of its
results lies in the run's folder. Runs of one and of two workers take turns, and
both must come to the same.
"""

import json
import pathlib
import tempfile
from collections.abc import Sequence

import numpy as np
import small_search
from absl import app, flags
from ray_cluster import nodes
from two_workers import CONFIG, NUM_IMAGES, SPACE, generation_seconds

from nse_tf.costs import Budget
from nse_tf.distribute.ray_engine import RayEngine

ROUNDS = flags.DEFINE_integer("node_rounds", 2, "Pairs of searches.", 1)


def seconds_of_generations(
    folder: pathlib.Path, address: str, num_workers: int
) -> list[float]:
    """Runs a search; returns how long each of its generations took."""
    tuner, parts = small_search.make_search(
        folder, CONFIG, NUM_IMAGES, SPACE, Budget()
    )
    tuner.engine = RayEngine(
        address, num_workers=num_workers, compute_threads=1
    )
    tuner.search(parts[0], validation_data=parts[1], verbose=0)
    found = small_search.outcome(folder, tuner.oracle.method.history, [])
    (folder / "outcome.json").write_text(json.dumps(found))
    return generation_seconds(folder)


def main(argv: Sequence[str]) -> None:
    """Prints a line a pair of searches, and the ratio over all."""
    del argv
    seconds = []
    with tempfile.TemporaryDirectory() as name, nodes(2) as cluster:
        for number in range(ROUNDS.value):
            folders = [
                pathlib.Path(name) / f"{number}_of_{count}" for count in (1, 2)
            ]
            # The first generation of a process compiles.
            one, two = (
                seconds_of_generations(folder, cluster.address, count)[1:]
                for count, folder in enumerate(folders, 1)
            )
            wanted = json.loads((folders[0] / "outcome.json").read_text())
            found = small_search.differing(folders[1], wanted)
            seconds.append((sum(one), sum(two)))
            print(
                f"one node {sum(one):.2f} s, two {sum(two):.2f} s for "
                f"{len(one)} generations: {sum(one) / sum(two):.2f} times as "
                f"fast; " + (f"DIFFERENT: {found}" if found else "the same"),
                flush=True,
            )
    one, two = np.sum(seconds, axis=0)
    print(f"two nodes are {one / two:.2f} times as fast as one")


if __name__ == "__main__":
    app.run(main)
