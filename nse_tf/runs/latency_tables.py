"""Latency tables as files: made for a device, checked, and read."""

import dataclasses
import pathlib
from collections.abc import Sequence

import numpy as np

from nse_tf.costs import DeviceTables
from nse_tf.costs.tables import CostTable
from nse_tf.export import (
    Backend,
    InterpreterBackend,
    TablePlan,
    measure_table,
    require_right,
)
from nse_tf.runs.measuring import fitted_table, table_builders
from nse_tf.spaces import SearchSpace

# How many of the rows that a table lacks a message names.
NUM_NAMED = 3


@dataclasses.dataclass(frozen=True, kw_only=True)
class LutConfig:
    """A latency table to make.

    Attributes:
        space: The space whose ops it has rows for.
        output: The `.json` file; beside it, `….rows.json` keeps the rows as
            measured, from which a process that was killed resumes.
        plan: How to measure.
        num_fitted: Random whole networks that it is fitted to.
        num_checked: Other networks that it is compared with; 0 compares none.
        seed: Seed of both draws.
        device: Name of the device in the table; None leaves the backend's.
    """

    space: SearchSpace
    output: pathlib.Path
    plan: TablePlan
    num_fitted: int
    num_checked: int
    seed: int
    device: str | None = None

    @property
    def rows_file(self) -> pathlib.Path:
        """Where the rows as measured are kept."""
        return self.output.with_suffix(".rows.json")


def make_table(
    config: LutConfig, backend: Backend, *, progress: bool = False
) -> CostTable:
    """Measures a table and writes it, whole or not at all.

    Raises:
        ValueError: If the device or a tool does not do what it should, or the
            space is no chain.
    """
    table = measure_table(
        table_builders(config.space),
        config.plan,
        backend=backend,
        cache_path=config.rows_file,
        progress=progress,
    )
    table = fitted_table(
        table,
        config.space,
        config.plan,
        seed=config.seed,
        num_fitted=config.num_fitted,
        num_checked=config.num_checked,
        backend=backend,
    )
    if config.device is not None:
        given = dataclasses.replace(table.provenance, device=config.device)
        table = dataclasses.replace(table, provenance=given)
    table.save(config.output)
    return table


def given_table(
    path: pathlib.Path, space: SearchSpace, plan: TablePlan, max_error: float
) -> CostTable:
    """Returns the table of a file, if a search may rely on it.

    Raises:
        ValueError: If it lacks rows of the space, was measured for another
            precision or number of threads, or does not predict well enough.
        FileNotFoundError: If there is no such file.
    """
    table = CostTable.load(path)
    _require_like(table, plan, ("precision", "num_threads"), str(path))
    require_rows(table, space, str(path))
    require_right(table, max_error)
    return table


def given_tables(
    paths: Sequence[pathlib.Path],
    space: SearchSpace,
    plan: TablePlan,
    max_error: float,
) -> DeviceTables:
    """Returns the tables of several devices, if a search may rely on them.

    One of them may be of this machine, where networks will be measured whole,
    whatever its table calls it. Other devices run with the threads that their
    tables were measured with.

    Raises:
        ValueError: If two are of one device, or one is not right; see
            `given_table`.
        FileNotFoundError: If there is no such file.
    """
    tables = []
    for path in paths:
        table = CostTable.load(path)
        _require_like(table, plan, ("precision",), str(path))
        require_rows(table, space, str(path))
        try:
            require_right(table, max_error)
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from error
        tables.append(table)
    machine = InterpreterBackend().provenance(plan)
    here = [
        table.provenance.device
        for table in tables
        if not dataclasses.replace(
            table.provenance, device=machine.device
        ).differences(machine)
    ]
    return DeviceTables.of(tables, here[0] if here else None)


def _require_like(
    table: CostTable, plan: TablePlan, names: Sequence[str], path: str
) -> None:
    """Refuses a table that was measured otherwise than a search will."""
    given = table.provenance
    for name in names:
        if getattr(given, name) in ("not stated", 0):  # Published, perhaps.
            continue
        if getattr(given, name) != getattr(plan, name):
            raise ValueError(
                f"{path} is for `{name}` {getattr(given, name)!r}, the search "
                f"for {getattr(plan, name)!r}: measure another table, or "
                f"search with --{name}={getattr(given, name)}."
            )


def require_rows(table: CostTable, space: SearchSpace, name: str) -> None:
    """Refuses a table that lacks rows of a space.

    Args:
        table: The table.
        space: The space whose ops it must have rows for.
        name: Name of the table in messages.

    Raises:
        ValueError: If rows are missing; names how many, and some.
    """
    wanted = table_builders(space)
    missing = table.missing(wanted)
    if missing:
        named = ", ".join(missing[:NUM_NAMED])
        if len(missing) > NUM_NAMED:
            named += f" and {len(missing) - NUM_NAMED} more"
        raise ValueError(
            f"{name} lacks {len(missing)} of the {len(wanted)} rows of space "
            f"{space.name!r}: {named}. It was made for another space: make "
            "one with nse_lut."
        )


def share_within(
    first: CostTable, second: CostTable, tolerance: float = 0.1
) -> float:
    """Returns the share of rows in which two tables as measured agree.

    Rows agree if their latencies, each with its table's overhead, differ by
    less than `tolerance` of the first.

    Raises:
        ValueError: If they were measured under different conditions, or have
            no row in common.
    """
    differences = first.provenance.differences(second.provenance)
    if differences:
        raise ValueError(
            "The tables were measured under different conditions: "
            f"{'; '.join(differences)}."
        )
    keys = [key for key in first.rows if key in second.rows]
    if not keys:
        raise ValueError("The tables have no row in common.")
    one, two = (
        np.array(
            [table.overhead_ms + table.rows[key].latency_ms for key in keys]
        )
        for table in (first, second)
    )
    return float(np.mean(np.abs(two / one - 1) <= tolerance))
