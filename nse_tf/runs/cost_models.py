"""What the networks of a run cost, by a table where its budget needs one."""

import dataclasses

from nse_tf.costs import CostModel, DeviceTables
from nse_tf.costs.device_tables import read_tables
from nse_tf.costs.tables import CostTable
from nse_tf.events import StageTimed
from nse_tf.export import TablePlan, require_tflite_micro
from nse_tf.runs.latency_tables import given_table, given_tables
from nse_tf.runs.measuring import measured_table
from nse_tf.runs.run_folder import RunFolder
from nse_tf.runs.search_config import SearchConfig
from nse_tf.spaces import SearchSpace
from nse_tf.spaces.sealed_files import read_either, write_twice
from nse_tf.tuners.efforts import Effort


def run_cost_model(
    config: SearchConfig, space: SearchSpace, effort: Effort, folder: RunFolder
) -> CostModel:
    """Returns what networks cost as they are handed over.

    Where the budget limits latency or size, that takes a cost table, which is
    read from the run's folder or the file that is given, or else measured. RAM
    and flash of a microcontroller are predicted.

    Raises:
        BudgetError: If a limit that needs no table cannot be kept.
        ValueError: If networks of the space cannot be trained or resized as the
            effort says, its ops cannot be measured, the table is not right, or
            what RAM is measured by is not installed.
    """
    space.skeleton.require_extras(effort.child.extras)
    if config.budget.needs_memory:
        require_tflite_micro()
    model = CostModel(
        space,
        _table(config, space, folder),
        counts_memory=config.budget.needs_memory,
    )
    return effort.search.final_costs(model)


def _table(
    config: SearchConfig, space: SearchSpace, folder: RunFolder
) -> CostTable | DeviceTables | None:
    """Returns the run's cost table, measured once, if its budget needs one.

    Writes nothing to the run's folder, since the budget may yet be refused.
    """
    if not config.budget.needs_table:
        return None
    if not space.skeleton.measures_blocks:
        raise ValueError(
            "Ops of cells are not measured one by one yet, so latency and size "
            f"cannot bound a search of {space.name!r}: use --max_macs_m or "
            "--max_params_m."
        )
    if folder.cost_table.exists():
        return read_tables(read_either(folder.cost_table))
    if config.inherits_from is not None:
        earlier = RunFolder(config.inherits_from)
        if earlier.cost_table.exists() and earlier.has_table_settings(
            config.settings()
        ):
            return read_tables(read_either(earlier.cost_table))
    dataclasses.replace(
        config.budget, latency_ms=None, size_bytes=None, min_latency_ms=None
    ).check_reachable(
        CostModel(space, counts_memory=config.budget.needs_memory)
    )  # Before minutes are spent.
    plan = TablePlan(precision=config.precision, num_threads=config.num_threads)
    if config.latency_tables is not None:
        return given_tables(
            config.latency_tables, space, plan, config.max_table_error
        )
    if config.latency_table is not None:
        return given_table(
            config.latency_table, space, plan, config.max_table_error
        )
    return measured_table(
        space,
        plan,
        config.cache_folder,
        config.seed,
        config.max_table_error,
    )


def keep_table(
    cost_model: CostModel, folder: RunFolder, measuring_seconds: float
) -> None:
    """Writes a run's cost table into its folder, unless it is there already.

    Args:
        cost_model: May have a table.
        folder: The run's folder.
        measuring_seconds: How long the table took, for the log.
    """
    if cost_model.table is not None and not folder.cost_table.exists():
        write_twice(folder.cost_table, cost_model.table.to_json())
        folder.note(StageTimed(name="cost table", seconds=measuring_seconds))
