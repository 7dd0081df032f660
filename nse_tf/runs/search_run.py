"""A whole search: from a data set and a limit to measured .tflite files."""

import contextlib
import dataclasses
import logging
import pathlib
import tempfile
import time

import tensorflow as tf

from nse_tf.costs import Budget, CostModel
from nse_tf.datasets import ImageData, data_lines, data_warnings
from nse_tf.distribute.dealing import Engine
from nse_tf.distribute.local_workers import LocalWorkers
from nse_tf.distribute.worker_link import await_chief
from nse_tf.events import RunFinished
from nse_tf.export import accuracy_of_file, measure_memory, measure_models
from nse_tf.methods import SearchError
from nse_tf.reporting import write_report
from nse_tf.reporting.run_record import read_record
from nse_tf.reporting.stage_times import stage_lines
from nse_tf.runs.artifacts import export_artifacts
from nse_tf.runs.cost_models import keep_table, run_cost_model
from nse_tf.runs.effort_choice import make_effort
from nse_tf.runs.learned_space import learn_space, searching_learned
from nse_tf.runs.method_choice import METHOD_ROWS
from nse_tf.runs.other_limits import under_other_limits
from nse_tf.runs.run_folder import RunFolder
from nse_tf.runs.run_inputs import load_data as load_data
from nse_tf.runs.run_inputs import make_space as make_space
from nse_tf.runs.run_inputs import networks_for as networks_for
from nse_tf.runs.scale_run import scale_of_chief, with_scale
from nse_tf.runs.search_config import SearchConfig
from nse_tf.spaces import SearchSpace
from nse_tf.training.progress import spoken
from nse_tf.tuners import SupernetTuner
from nse_tf.tuners.efforts import Effort
from nse_tf.tuners.teachers import teacher_for

LOGGER = logging.getLogger("nse_tf")

# What the time left of a run holds for its export, which ends it: a guess.
EXPORT_SECONDS = 20.0


def run_search(
    config: SearchConfig,
    workers: LocalWorkers | None = None,
    strategy: tf.distribute.Strategy | None = None,
    engine: Engine | None = None,
) -> pathlib.Path:
    """Does a whole search, or resumes it; returns the report's path.

    Args:
        config: What to do, and in which folder. Where that holds a finished run
            under other limits, its supernet is searched again, in `limits/`.
        workers: Processes to start as workers. None starts none; a chief by
            keras-tuner's variables works with those that join.
        strategy: Shares each batch of a training; see `make_strategy`.
        engine: Starts workers elsewhere, in place of `workers`.

    Raises:
        BudgetError: If no network of the space fits the budget.
        FileNotFoundError: If the data are not where they should be.
        SearchError: If the search cannot continue.
        ValueError: If settings do not fit each other, the data or the folder.
    """
    config = with_scale(config)
    config = under_other_limits(config) or _with_space(config)
    folder = RunFolder(config.run_dir)
    resumes = folder.check(config.settings())
    if folder.is_finished:
        LOGGER.info("The run in %s is already finished.", folder.path)
        return _reported(config)
    started = time.monotonic()
    data = load_data(config)
    space = make_space(config, data)
    effort = make_effort(config, data)
    if resumes:
        folder.check_data(data)
    elif config.inherits_from is not None:
        RunFolder(config.inherits_from).check_data(data)
    measured_from = time.monotonic()
    cost_model = run_cost_model(config, space, effort, folder)
    measuring_seconds = time.monotonic() - measured_from
    config.budget.check_reachable(cost_model)
    effort = effort.fitted_to(space, fixed=dict(config.overrides))
    _require_suited(config, cost_model, effort)
    _tell_data(data)  # Not where all that is said is a refusal.
    _begin(config, folder, data, space, resumes=resumes)
    keep_table(cost_model, folder, measuring_seconds)
    try:
        with folder.stage("search"), _at_work(workers):
            tuner = make_tuner(config, cost_model, effort, strategy)
            _share(tuner, workers, engine)
            _search(config, tuner, data)
        with folder.stage("export"):
            export_artifacts(config, folder, tuner, cost_model, data)
    except Exception as error:
        folder.note_failure(error)
        raise
    folder.note(RunFinished())
    _log_times(folder, time.monotonic() - started)
    return _reported(config)


def _require_suited(
    config: SearchConfig, cost_model: CostModel, effort: Effort
) -> None:
    """Refuses what does not suit the space while nothing is written yet.

    Raises:
        ValueError: If numbers of the method or a teacher do not.
    """
    row = METHOD_ROWS[config.method]
    method = row.make_oracle(config, cost_model, effort).method
    teaching = cost_model.space, effort.child
    teacher_for(method.get_settings(), config.teacher, *teaching)


def _begin(
    config: SearchConfig,
    folder: RunFolder,
    data: ImageData,
    space: SearchSpace,
    *,
    resumes: bool,
) -> None:
    """Writes down what a run is, unless it resumes; says where it lies."""
    if resumes:
        LOGGER.info("Resuming the run in %s", folder.path)
        return
    folder.begin(config.settings(), data, space)
    LOGGER.info("Writing results to %s", folder.path)
    if config.inherits_from is not None:
        LOGGER.info("Exploring the supernet of %s", config.inherits_from)


def _reported(config: SearchConfig) -> pathlib.Path:
    """Writes a run's report; that of the run it inherits from lists it, too."""
    if config.inherits_from is not None:
        write_report(config.inherits_from)
    return write_report(config.run_dir)


def _with_space(config: SearchConfig) -> SearchConfig:
    """Returns what searches a space, which is learned first if need be."""
    if not METHOD_ROWS[config.method].learns_space:
        return config
    learn_space(config)
    return searching_learned(config)


def _share(
    tuner: SupernetTuner, workers: LocalWorkers | None, engine: Engine | None
) -> None:
    """Tells a run's tuner who does its jobs."""
    tuner.engine = engine
    if workers is not None:
        tuner.watch = workers.watch


def _tell_data(data: ImageData) -> None:
    """Logs what a user should see of data before a search spends hours."""
    for line in data_lines(data):
        LOGGER.info("data: %s", line)
    for line in data_warnings(data):
        LOGGER.warning("data: %s", line)


def _search(
    config: SearchConfig, tuner: SupernetTuner, data: ImageData
) -> None:
    """Does the jobs of a search on a run's data."""
    tuner.later_seconds = EXPORT_SECONDS
    tuner.search(
        data.train,
        validation_data=data.validation,
        class_weight=config.class_weight,
        verbose=0,
    )


def _log_times(folder: RunFolder, seconds: float) -> None:
    for line in stage_lines(read_record(folder.path)):
        LOGGER.info("time: %s", line)
    LOGGER.info("The whole run took %s", spoken(seconds))


def run_replica_worker(
    config: SearchConfig, strategy: tf.distribute.Strategy | None
) -> None:
    """Trains on a share of the batches of the process that leads the search.

    Raises:
        SearchError: If that process ended before its search.
    """
    data = load_data(config)
    effort = make_effort(config, data)
    with tempfile.TemporaryDirectory() as folder:
        own = dataclasses.replace(config, run_dir=pathlib.Path(folder) / "run")
        # A budget decides nothing here, and may need a table to be measured.
        own = dataclasses.replace(own, budget=Budget())
        cost_model = CostModel(make_space(own, data))
        tuner = make_tuner(own, cost_model, effort, strategy)
        try:
            _search(config, tuner, data)
        except tf.errors.OpError as error:
            raise SearchError(
                "The process that leads the search ended or cannot be reached: "
                f"{error.message.splitlines()[0]}"
            ) from error


def run_worker(
    config: SearchConfig, strategy: tf.distribute.Strategy | None = None
) -> None:
    """Does jobs of the chief that runs the same search.

    Raises:
        SearchError: If the chief does not answer.
        ValueError: If the worker does not fit it; names both sides.
    """
    await_chief()
    config = scale_of_chief(config)
    other = under_other_limits(config)
    if other is not None:
        config = other
    elif METHOD_ROWS[config.method].learns_space:
        # The chief serves once its space is learned.
        config = searching_learned(config)
    folder = RunFolder(config.run_dir)
    if not folder.check(config.settings()):
        raise ValueError(
            f"{config.run_dir} holds no run, though the chief's does: chief "
            "and workers must share the run's folder."
        )
    data = load_data(config)
    folder.check_data(data)
    space = make_space(config, data)
    effort = make_effort(config, data)
    cost_model = run_cost_model(config, space, effort, folder)
    tuner = make_tuner(config, cost_model, effort, strategy)
    _search(config, tuner, data)


def _at_work(
    workers: LocalWorkers | None,
) -> contextlib.AbstractContextManager[None]:
    return contextlib.nullcontext() if workers is None else workers.at_work()


def make_tuner(
    config: SearchConfig,
    cost_model: CostModel,
    effort: Effort,
    strategy: tf.distribute.Strategy | None = None,
) -> SupernetTuner:
    """Returns the oracle and tuner of a run, as a script would make them."""
    effort = effort.fitted_to(cost_model.space, fixed=dict(config.overrides))
    row = METHOD_ROWS[config.method]
    return SupernetTuner(
        row.make_oracle(config, cost_model, effort),
        networks_for(config, cost_model.space),
        supernet_recipe=row.supernet(effort),
        child_recipe=effort.child,
        measure=measure_models,
        measure_memory=measure_memory,
        evaluate_file=accuracy_of_file,
        directory=str(config.run_dir.parent),
        project_name=config.run_dir.name,
        distribution_strategy=strategy,
        teacher=config.teacher,
    )
