"""A search of seconds on real digits, for scripts that kill it.

Processes are forked from one that has imported everything, so that a start
costs no imports; a kill is a real SIGKILL of a real process.
"""

import collections
import hashlib
import json
import multiprocessing
import os
import pathlib
import socket
import sqlite3
import zipfile
from collections.abc import Callable, Sequence
from multiprocessing.context import ForkServerContext, ForkServerProcess
from typing import Any

import numpy as np

from nse_tf.costs import Budget
from nse_tf.events import Entry
from nse_tf.evolution import ExplorerConfig
from nse_tf.methods import OneShotConfig
from nse_tf.shrinking import ShrinkSchedule
from nse_tf.spaces import ChainSkeleton, Identity, MBConv, SearchSpace, Stage
from nse_tf.spaces.chains import chain_space

SPACE = chain_space(
    "small",
    ChainSkeleton(
        image_size=(8, 8),
        image_channels=1,
        num_classes=10,
        stem_channels=8,
        stem_stride=1,
        first_channels=8,
        stages=(Stage(8, 1, 1), Stage(12, 1, 2), Stage(16, 1, 2)),
        tail_channels=24,
    ),
    (MBConv(3, 1), MBConv(5, 3), MBConv(3, 6)),
    (Identity(),),
)
BUDGET = Budget(macs=150_000)
CONFIG = OneShotConfig(
    exploring=ExplorerConfig(num_children=24, population=12, num_parents=4),
    shrinking=ShrinkSchedule(
        stop_size=40, drop_per_stage=1, first_epochs=2, other_epochs=1
    ),
    search_epochs=2,
    learning_rates=(0.05, 0.01),
    children_per_operator=10,
    calibration_images=40,
    child_epochs=3,
)
NUM_IMAGES = 200, 100


def context() -> ForkServerContext:
    """Returns what forks processes that have imported everything."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    found = multiprocessing.get_context("forkserver")
    found.set_forkserver_preload(
        ["nse_tf.tuners.search_oracle", "nse_tf.tuners.supernet_tuner"]
    )
    first = found.Process(target=os.getpid)
    first.start()
    first.join()
    return found


def start(
    forks: ForkServerContext,
    folder: pathlib.Path,
    before: Callable[[], None] | None = None,
    environment: dict[str, str] | None = None,
    config: OneShotConfig = CONFIG,
    num_images: tuple[int, int] = NUM_IMAGES,
    space: SearchSpace = SPACE,
    budget: Budget = BUDGET,
) -> ForkServerProcess:
    """Starts a process that searches in a folder, or resumes there.

    Args:
        forks: See `context`.
        folder: The run's folder.
        before: What the process does first.
        environment: Variables for the process.
        config: The numbers of the search.
        num_images: For training and for validation, at most.
        space: What is searched.
        budget: What the network must fit.
    """
    process = forks.Process(
        target=_search,
        args=(
            folder,
            before,
            environment or {},
            config,
            num_images,
            space,
            budget,
        ),
        daemon=True,
    )
    process.start()
    return process


def _search(
    folder: pathlib.Path,
    before: Callable[[], None] | None,
    environment: dict[str, str],
    config: OneShotConfig,
    num_images: tuple[int, int],
    space: SearchSpace,
    budget: Budget,
) -> None:
    os.environ.update(environment)
    # Nothing that keras-tuner and TensorFlow print is for the reader.
    for stream in (1, 2):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream)
    tuner, parts = make_search(folder, config, num_images, space, budget)
    tuner.lease_seconds = 3.0
    if before is not None:
        before()
    tuner.search(parts[0], validation_data=parts[1], verbose=0)
    if environment.get("KERASTUNER_TUNER_ID", "chief") == "chief":
        oracle = tuner.oracle
        found = outcome(folder, oracle.method.history, _trials(oracle))
        (folder / "outcome.json").write_text(json.dumps(found))


def make_search(
    folder: pathlib.Path,
    config: OneShotConfig = CONFIG,
    num_images: tuple[int, int] = NUM_IMAGES,
    space: SearchSpace = SPACE,
    budget: Budget = BUDGET,
) -> tuple[Any, list[Any]]:
    """Returns a tuner, and the two parts of the images; see `start`."""
    import tensorflow as tf

    from nse_tf import datasets
    from nse_tf.datasets import ImageSet
    from nse_tf.training import ChildRecipe, SupernetRecipe
    from nse_tf.tuners import AngleShrinkingOracle, SupernetTuner

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    data = datasets.load("digits")
    parts = [
        ImageSet(part.images[:count], part.labels[:count])
        for part, count in zip(
            (data.train, data.validation), num_images, strict=True
        )
    ]
    tuner = SupernetTuner(
        AngleShrinkingOracle(space, budget, config),
        supernet_recipe=SupernetRecipe(batch_size=20),
        child_recipe=ChildRecipe(batch_size=20),
        directory=str(folder.parent),
        project_name=folder.name,
    )
    return tuner, parts


def _trials(oracle: Any) -> list[list[str]]:
    """Returns the trials in order: their ids and jobs."""
    return [
        [trial_id, trial.hyperparameters.values["job"]]
        for trial_id, trial in oracle.trials.items()
    ]


def outcome(
    folder: pathlib.Path, history: Sequence[Entry], trials: list[Any]
) -> dict[str, Any]:
    """Returns all that must not differ between runs; times may."""
    import keras

    from nse_tf.training.checkpoints import Checkpoint

    left_out = ("seconds", "model_sha256")
    weights = {
        path.name: Checkpoint.load(path).digest
        for path in sorted((folder / "supernet").glob("*.npz"))
    }
    for path in sorted((folder / "children").glob("*.keras")):
        # A formula's child is no model.
        parts = (
            keras.saving.load_model(path).get_weights()
            if zipfile.is_zipfile(path)
            else [np.frombuffer(path.read_bytes(), np.uint8)]
        )
        content = b"".join(part.tobytes() for part in parts)
        weights[path.name] = hashlib.sha256(content).hexdigest()
    return {
        "history": [
            {k: v for k, v in entry.to_json().items() if k not in left_out}
            for entry in history
        ],
        "spaces": [
            path.read_text() for path in sorted(folder.glob("space_*.json"))
        ],
        "trials": trials,
        "weights": weights,
    }


def differing(folder: pathlib.Path, wanted: dict[str, Any]) -> list[str]:
    """Returns what of a run's outcome is not as wanted; empty if all is."""
    path = folder / "outcome.json"
    if not path.exists():
        return ["it did not come to an end"]
    found = json.loads(path.read_text())
    return [name for name, value in wanted.items() if found[name] != value]


def evaluated(folder: pathlib.Path) -> collections.Counter[tuple[Any, ...]]:
    """Returns how often each child of each generation has which accuracy."""
    with sqlite3.connect(folder / "results.sqlite") as connection:
        rows = connection.execute(
            "SELECT generation, genes, accuracy FROM children"
        ).fetchall()
    connection.close()
    return collections.Counter(rows)


def free_port() -> int:
    """Returns a port that nobody listens at."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
