"""What an evaluated child costs beside its evaluation, first to last.

    python benchmarks/speed/bookkeeping.py

An evolution over SPOS's space under keras-tuner, evaluated by a formula, so
that all that is left is breeding, asking, reporting and storing. The time of
the formula is taken off. One worker; a trial evaluates a generation of 50.
"""

import pathlib
import tempfile
import time
from collections.abc import Sequence

import numpy as np
from absl import app, flags
from keras_tuner.engine.trial import Trial, TrialStatus

from nse_tf.costs import CostModel
from nse_tf.evolution import ExplorerConfig
from nse_tf.jobs import Job
from nse_tf.methods import Done, OneShotConfig, Wait
from nse_tf.spaces import SearchSpace, make_preset
from nse_tf.testing import FormulaWorker
from nse_tf.trials.job_files import read_job, write_result
from nse_tf.tuners import AngleShrinkingOracle
from nse_tf.tuners.hyperparameters import declare
from nse_tf.tuners.search_oracle import metrics_of

CHILDREN = flags.DEFINE_integer(
    "children", 50_000, "Number of children.", 2_000
)
POPULATION = 50


def make_oracle(
    space: SearchSpace, folder: pathlib.Path, num_children: int
) -> AngleShrinkingOracle:
    """Returns an oracle that evaluates so many children."""
    config = OneShotConfig(
        exploring=ExplorerConfig(
            num_children=num_children, population=POPULATION
        ),
        shrinking=None,
        search_epochs=1,
        child_epochs=1,
    )
    oracle = AngleShrinkingOracle(space, config=config)
    oracle._set_project_dir(str(folder), "run")
    hp = oracle.get_space()
    declare(space, hp)
    oracle.update_space(hp)
    oracle.verbose = 0
    return oracle


def seconds_of_trial(
    oracle: AngleShrinkingOracle, worker: FormulaWorker, trial: Trial
) -> float:
    """Does a trial; returns how long the formula took."""
    job = read_job(oracle.folder, trial.hyperparameters.values["job"])
    started = time.perf_counter()
    result = worker.run(job)
    seconds = time.perf_counter() - started
    reference = write_result(oracle.folder, job.id, result)
    trial.hyperparameters.values["result"] = reference
    oracle.update_trial(trial.trial_id, metrics_of(result))
    trial.status = TrialStatus.COMPLETED
    oracle.end_trial(trial)
    return seconds


def main(argv: Sequence[str]) -> None:
    """Prints the milliseconds a child of each tenth of the run."""
    del argv
    space = make_preset("spos", num_classes=10)
    worker = FormulaWorker(CostModel(space))
    walls, processes, breeding = [], [], []
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        oracle = make_oracle(space, folder, CHILDREN.value)
        ask, asking = oracle.method.ask, [0.0]

        def timed_ask() -> Job | Wait | Done:
            started = time.process_time()
            asked = ask()
            asking[0] += time.process_time() - started
            return asked

        oracle.method.ask = timed_ask  # type: ignore[method-assign]
        wall, process = time.perf_counter(), time.process_time()
        while True:
            trial = oracle.create_trial("tuner0")
            if trial.status != TrialStatus.RUNNING:
                break
            formula = seconds_of_trial(oracle, worker, trial)
            if trial.hyperparameters.values["job_kind"] == "evaluate_children":
                walls.append(time.perf_counter() - wall - formula)
                processes.append(time.process_time() - process - formula)
                breeding.append(asking[0])
            asking[0] = 0.0
            wall, process = time.perf_counter(), time.process_time()
        print(f"children: {POPULATION * len(walls)}, as the table counts")
        print(f"  {sum(1 for _ in oracle.storage.table.children())}")
        for what, times in (
            ("elapsed", walls),
            ("of CPU", processes),
            ("of CPU for breeding", breeding),
        ):
            tenths = np.array_split(1000 * np.array(times) / POPULATION, 10)
            means = ", ".join(f"{tenth.mean():.2f}" for tenth in tenths)
            print(f"ms a child, {what}, by tenths of the run: {means}")
        oracle.storage.table.close()
        again = make_oracle(space, folder, CHILDREN.value)
        started = time.perf_counter()
        again.reload()
        print(f"reload: {time.perf_counter() - started:.1f} s")


if __name__ == "__main__":
    app.run(main)
