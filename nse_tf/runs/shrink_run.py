"""Shrinking as a run of its own: a smaller space, as a file."""

import logging
import pathlib

from nse_tf.costs import CostModel
from nse_tf.methods import SpaceShrinking
from nse_tf.runs.effort_choice import drawn_as_asked, make_effort
from nse_tf.runs.method_loop import finish
from nse_tf.runs.run_folder import RunFolder
from nse_tf.runs.run_inputs import load_data, make_space, networks_for
from nse_tf.runs.scale_run import with_scale
from nse_tf.runs.search_config import SearchConfig
from nse_tf.spaces import SearchSpace, save_space
from nse_tf.training import Worker

LOGGER = logging.getLogger("nse_tf")


def run_shrinking(config: SearchConfig) -> tuple[SearchSpace, pathlib.Path]:
    """Shrinks a space, or resumes it; returns what is left, and its file.

    Every search takes the file as its space: `nse_search --space=FILE.json`, or
    `load_space` and `SpaceHyperModel` for keras-tuner's own tuners.

    Args:
        config: What to shrink and how; settings of later stages are ignored.

    Raises:
        BudgetError: If no network of the space fits the budget.
        FileNotFoundError: If the data are not where they should be.
        SearchError: If the shrinking cannot continue.
        ValueError: If settings do not fit each other, the data or the folder,
            or a limit is on a measured cost.
    """
    if config.budget.needs_table:
        raise ValueError(
            "Shrinking alone knows MACs and parameters: set limits on latency "
            "and size in the search that follows."
        )
    config = with_scale(config)
    folder = RunFolder(config.run_dir)
    settings = {**config.settings(), "task": "shrink"}
    resumes = folder.check(settings)
    data = load_data(config)
    space = make_space(config, data)
    effort = make_effort(config, data).fitted_to(
        space, fixed=dict(config.overrides)
    )
    model = CostModel(space, counts_memory=config.budget.needs_memory)
    method = SpaceShrinking(model, config.budget, effort.search)
    if resumes:
        folder.check_data(data)
    else:
        folder.begin(settings, data, space)
    LOGGER.info("Writing results to %s", folder.path)
    worker = Worker(
        space,
        data,
        folder.path,
        *drawn_as_asked(config, effort.supernet, effort.child),
        networks=networks_for(config, space),
    )
    finish(method, space, worker, data, folder, "all of the shrinking")
    path = folder.path / "space.json"
    save_space(method.left, path)
    return method.left, path
