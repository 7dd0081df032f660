"""A small search under a strategy; writes what it came to as JSON.

    python distributed_program.py KIND FOLDER

TensorFlow takes devices and clusters only before its first op, so this is a
program of its own, started once for each process.
"""

import json
import pathlib
import sys

import numpy as np
import tensorflow as tf

from nse_tf.costs import Budget
from nse_tf.datasets import ImageSet
from nse_tf.distribute.strategies import make_strategy
from nse_tf.events import WinnerChosen
from nse_tf.evolution import ExplorerConfig
from nse_tf.methods import OneShotConfig
from nse_tf.training import ChildRecipe, SupernetRecipe
from nse_tf.tuners import AngleShrinkingOracle, SupernetTuner
from tests.tuners.tiny_search import SPACE

CONFIG = OneShotConfig(
    exploring=ExplorerConfig(num_children=4, population=2, num_parents=2),
    shrinking=None,
    search_epochs=2,
    max_trainings=1,
    learning_rates=(0.05, 0.01),
    calibration_images=16,
    child_epochs=2,
)


def noise(count: int, seed: int) -> ImageSet:
    """Returns images that the space takes."""
    skeleton = SPACE.skeleton
    rng = np.random.default_rng(seed)
    shape = (count, *skeleton.image_size, skeleton.image_channels)
    return ImageSet(
        rng.integers(0, 256, shape, np.uint8),
        rng.integers(0, skeleton.num_classes, count).astype(np.int32),
    )


def main(kind: str, folder: pathlib.Path) -> None:
    """Searches, or follows; who decides writes `outcome.json`."""
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    strategy = make_strategy(kind, 2 if kind == "mirrored" else None)
    tuner = SupernetTuner(
        AngleShrinkingOracle(SPACE, Budget(), CONFIG),
        supernet_recipe=SupernetRecipe(batch_size=8),
        child_recipe=ChildRecipe(batch_size=8),
        directory=str(folder),
        project_name="run",
        distribution_strategy=strategy,
    )
    tuner.search(noise(40, 0), validation_data=noise(16, 1), verbose=0)
    if not tuner.oracle.trials:
        return
    (winner,) = tuner.oracle.method.noted(WinnerChosen)
    weights = tuner.get_best_models()[0].get_weights()
    outcome = {
        "path": winner.path,
        "weights": [value.ravel().tolist() for value in weights],
    }
    (folder / "outcome.json").write_text(json.dumps(outcome))


if __name__ == "__main__":
    main(sys.argv[1], pathlib.Path(sys.argv[2]))
