"""How much faster two workers evaluate a generation than one does.

    python benchmarks/robustness/two_workers.py

A chief and its workers, each a process of its own with one thread, over gRPC,
on the embedded digits. What is timed begins when a generation is asked for and
ends when the last of its results lies in the run's folder. Runs of one and of
two workers take turns; both must come to the same.
"""

import collections
import json
import pathlib
import tempfile
from collections.abc import Sequence
from multiprocessing.context import ForkServerContext

import numpy as np
import small_search
from absl import app, flags

from nse_tf.costs import Budget
from nse_tf.distribute.roles import VARIABLES
from nse_tf.distribute.shards import parent_of
from nse_tf.evolution import ExplorerConfig
from nse_tf.methods import OneShotConfig
from nse_tf.spaces import make_preset

ROUNDS = flags.DEFINE_integer("rounds", 3, "Pairs of searches.", 1)

CONFIG = OneShotConfig(
    exploring=ExplorerConfig(num_children=180, population=60),
    shrinking=None,
    search_epochs=2,
    learning_rates=(0.05, 0.01),
    calibration_images=1000,
    child_epochs=1,
)
SPACE = make_preset(
    "spos_tiny", image_size=(8, 8), image_channels=1, num_classes=10
)
NUM_IMAGES = 1000, 400


def seconds_of_generations(
    forks: ForkServerContext, folder: pathlib.Path, num_workers: int
) -> list[float]:
    """Runs a search; returns how long each of its generations took."""
    port = str(small_search.free_port())
    names = ("chief", *(f"worker-{index}" for index in range(num_workers)))
    processes = [
        small_search.start(
            forks,
            folder,
            environment=dict(
                zip(VARIABLES, (name, "127.0.0.1", port), strict=True)
            ),
            config=CONFIG,
            num_images=NUM_IMAGES,
            space=SPACE,
            budget=Budget(),
        )
        for name in names
    ]
    for process in processes:
        process.join()
    return generation_seconds(folder)


def generation_seconds(folder: pathlib.Path) -> list[float]:
    """Returns how long each generation of a run took.

    From when it is asked for to when the last of its results lies there.
    """
    began: dict[str, float] = {}
    ended: dict[str, float] = collections.defaultdict(float)
    for path in (folder / "jobs").glob("*.json"):
        whole, _, _ = parent_of(path.stem)
        asked = path.stat().st_mtime
        began[whole] = min(began.get(whole, asked), asked)
    for path in (folder / "results").glob("*.json"):
        if "accuracies" in json.loads(path.read_text())["result"]:
            whole, _, _ = parent_of(path.stem)
            ended[whole] = max(ended[whole], path.stat().st_mtime)
    return [ended[job] - began[job] for job in sorted(ended)]


def main(argv: Sequence[str]) -> None:
    """Prints a line a pair of searches, and the ratio over all."""
    del argv
    forks = small_search.context()
    seconds = []
    with tempfile.TemporaryDirectory() as name:
        for number in range(ROUNDS.value):
            folders = [
                pathlib.Path(name) / f"{number}_of_{count}" for count in (1, 2)
            ]
            # The first generation of a process compiles.
            one, two = (
                seconds_of_generations(forks, folder, count)[1:]
                for count, folder in enumerate(folders, 1)
            )
            wanted = json.loads((folders[0] / "outcome.json").read_text())
            del wanted["trials"]
            found = small_search.differing(folders[1], wanted)
            seconds.append((sum(one), sum(two)))
            print(
                f"one worker {sum(one):.2f} s, two {sum(two):.2f} s for "
                f"{len(one)} generations: {sum(one) / sum(two):.2f} times as "
                f"fast; " + (f"DIFFERENT: {found}" if found else "the same"),
                flush=True,
            )
    one, two = np.sum(seconds, axis=0)
    print(f"two workers are {one / two:.2f} times as fast as one")


if __name__ == "__main__":
    app.run(main)
