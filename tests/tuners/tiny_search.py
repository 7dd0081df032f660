"""Searches over three blocks: by a made-up worker, or trained for seconds."""

import pathlib
import threading
from typing import Any

import keras_tuner
from keras_tuner.engine.trial import Trial, TrialStatus

from nse_tf.costs import CostModel
from nse_tf.evolution import ExplorerConfig
from nse_tf.jobs import Failed, Job, Result
from nse_tf.methods import OneShotConfig
from nse_tf.shrinking import ShrinkSchedule
from nse_tf.spaces import SearchSpace
from nse_tf.training import ChildRecipe, SupernetRecipe
from nse_tf.trials.job_files import read_job, write_result
from nse_tf.tuners import AngleShrinkingOracle, SearchOracle, SupernetTuner
from nse_tf.tuners.hyperparameters import declare
from nse_tf.tuners.search_oracle import metrics_of
from tests.reporting.made_up_run import MadeUpWorker
from tests.supernet.tiny_spaces import tiny_space

SPACE = tiny_space()
TRACEBACK = "Traceback (most recent call last):\n"
# Two trainings that shrink 100 networks to 64 or fewer, one that is explored,
# two generations of two jobs each, and two children trained alone.
CONFIG = OneShotConfig(
    exploring=ExplorerConfig(num_children=12, population=6, num_parents=3),
    shrinking=ShrinkSchedule(
        stop_size=64,
        drop_per_stage=1,
        first_epochs=1,
        other_epochs=1,
        total_epochs=2,
    ),
    search_epochs=1,
    learning_rates=(0.05, 0.01),
    children_per_operator=4,
    calibration_images=20,
    children_per_job=3,
    num_finalists=2,
    child_epochs=2,
    retrain_on_all=False,
)


def make_oracle(folder: pathlib.Path, **changes: Any) -> AngleShrinkingOracle:
    """Returns an oracle whose files go to `folder`, as a tuner would do it."""
    oracle = AngleShrinkingOracle(SPACE, **{"config": CONFIG, **changes})
    oracle._set_project_dir(str(folder.parent), folder.name)
    hp = oracle.get_space()
    declare(SPACE, hp)
    oracle.update_space(hp)
    oracle.verbose = 0
    return oracle


def make_tuner(folder: pathlib.Path, **changes: Any) -> SupernetTuner:
    """Returns a tuner that trains for a second or so in all."""
    return SupernetTuner(
        AngleShrinkingOracle(SPACE, **{"config": CONFIG, **changes}),
        supernet_recipe=SupernetRecipe(batch_size=20),
        child_recipe=ChildRecipe(batch_size=20),
        directory=str(folder.parent),
        project_name=folder.name,
    )


def job_of(trial: keras_tuner.engine.trial.Trial) -> str:
    """Returns the id of a trial's job."""
    job: str = trial.hyperparameters.values["job"]
    return job


def do(
    oracle: SearchOracle, trial: Trial, space: SearchSpace = SPACE
) -> Result:
    """Does a trial's job by arithmetic, as a worker would; ends the trial."""
    job: Job = read_job(oracle.folder, job_of(trial))
    result = MadeUpWorker(CostModel(space)).run(job)
    reference = write_result(oracle.folder, job.id, result)
    trial.hyperparameters.values["result"] = reference
    oracle.update_trial(trial.trial_id, metrics_of(result))
    trial.status = TrialStatus.COMPLETED
    oracle.end_trial(trial)
    assert not isinstance(result, Failed)
    return result


def fail(oracle: SearchOracle, trial: Trial, message: str) -> None:
    """Ends a trial as keras-tuner does after an exception."""
    trial.status = TrialStatus.INVALID
    trial.message = f"{TRACEBACK}  somewhere\n{message}\n"
    oracle.end_trial(trial)


def do_trials(oracle: SearchOracle, count: int = 1000) -> list[Trial]:
    """Does up to `count` trials, or all that there are, one by one."""
    done = []
    for _ in range(count):
        trial = oracle.create_trial("tuner0")
        if trial.status != TrialStatus.RUNNING:
            break
        do(oracle, trial)
        done.append(trial)
    return done


def is_open(oracle: AngleShrinkingOracle) -> bool:
    """Whether another thread gets through keras-tuner's lock."""
    other = threading.Thread(
        target=oracle.create_trial, args=("other",), daemon=True
    )
    other.start()
    other.join(timeout=5)
    return not other.is_alive()
