"""A run whose cells evolve first, and whose space others then search."""

import dataclasses
import logging
import pathlib

from nse_tf.events import RunFinished
from nse_tf.methods import AutoSpace
from nse_tf.reporting import write_report
from nse_tf.reporting.run_record import CELLS
from nse_tf.runs.cost_models import keep_table, run_cost_model
from nse_tf.runs.effort_choice import drawn_as_asked, make_effort
from nse_tf.runs.method_choice import METHOD_ROWS
from nse_tf.runs.method_loop import finish
from nse_tf.runs.run_folder import RunFolder
from nse_tf.runs.run_inputs import load_data, make_space
from nse_tf.runs.search_config import CELL_OVERRIDES, SearchConfig
from nse_tf.spaces import save_space
from nse_tf.supernet import networks_of
from nse_tf.training import Worker
from nse_tf.tuners.teachers import require_teacher

LOGGER = logging.getLogger("nse_tf")

# What progress is told of; the time of the search afterwards is not known yet.
NAME = "the evolution of cells, before the search,"


def learned_file(config: SearchConfig) -> pathlib.Path:
    """Returns the file of the space that a run learns."""
    return config.run_dir / CELLS / "space.json"


def searching_learned(config: SearchConfig) -> SearchConfig:
    """Returns what searches the space that a run learns.

    Args:
        config: A run of --method=autospace.
    """
    return dataclasses.replace(
        config,
        method=config.then or "spos",
        space=str(learned_file(config)),
        width=None,
        depth=None,
        then=None,
        fitness=None,
        reference=None,
        cell_start=None,
        overrides=tuple(
            (name, value)
            for name, value in config.overrides
            if name not in CELL_OVERRIDES
        ),
    )


def learn_space(config: SearchConfig) -> pathlib.Path:
    """Evolves the cells of a space, or resumes it; returns the space's file.

    All that belongs to it lies in a folder of its own within the run's: its
    events, its report, and the file. Every search takes that as its space.

    Args:
        config: A run of --method=autospace.

    Raises:
        BudgetError: If no network of cells has the cost that is aimed at.
        FileNotFoundError: If the data are not where they should be.
        SearchError: If the evolution cannot continue.
        ValueError: If settings do not fit each other, the data or the folder.
    """
    path = learned_file(config)
    # What cannot be searched here afterwards is refused before work.
    RunFolder(config.run_dir).check(searching_learned(config).settings())
    folder = RunFolder(path.parent)
    settings = {**config.settings(), "task": "learn a space"}
    resumes = folder.check(settings)
    if path.exists():
        return path
    data = load_data(config)
    space = make_space(config, data)
    effort = make_effort(config, data)
    cost_model = run_cost_model(config, space, effort, folder)
    config.budget.check_reachable(cost_model)
    oracle = METHOD_ROWS[config.method].make_oracle(config, cost_model, effort)
    # That of the search that follows, which is refused now, not then.
    require_teacher(config.teacher, space, config.teacher_pixels)
    method = oracle.method
    if not isinstance(method, AutoSpace):
        raise ValueError(f"--method={config.method} learns no space.")
    if resumes:
        folder.check_data(data)
    else:
        folder.begin(settings, data, space)
    LOGGER.info("Evolving cells; results go to %s", folder.path)
    keep_table(cost_model, folder, 0.0)
    worker = Worker(
        method.slots,
        data,
        folder.path,
        *drawn_as_asked(
            config, METHOD_ROWS[config.method].supernet(effort), effort.child
        ),
        networks=networks_of(method.slots),
    )
    try:
        with folder.stage("evolution of cells"):
            finish(method, method.slots, worker, data, folder, NAME)
    except Exception as error:
        folder.note_failure(error)
        raise
    folder.note(RunFinished())
    save_space(method.learned, path)
    write_report(folder.path)
    return path
