"""What a space costs on this machine: a latency table, fitted and tested."""

import functools
import logging
import pathlib
import sys
from collections.abc import Callable

import keras
import numpy as np

from nse_tf.costs.models import table_keys
from nse_tf.costs.tables import CostTable
from nse_tf.export import (
    Backend,
    InterpreterBackend,
    TablePlan,
    WholeNetwork,
    calibrate_table,
    check_table,
    convert_untrained,
    made_lively,
    measure_table,
    require_right,
    time_networks,
)
from nse_tf.spaces import (
    ChoiceBlock,
    Genotype,
    SearchSpace,
    every_end,
    every_shape,
)
from nse_tf.supernet import build_child, build_operator, build_stem, build_tail

LOGGER = logging.getLogger("nse_tf")

# Whole networks that a table is fitted to: enough to determine scale and
# overhead, few enough to take seconds.
NUM_FITTED_NETWORKS = 8
# Other networks that it is compared with before a search relies on it.
NUM_CHECKED_NETWORKS = 8
# Most active branches of a cell there; published networks rarely have more.
MOST_OPEN = 4
# Largest median error on those. On a quiet machine it is a few percent; a busy
# one adds noise of ten and more.
MAX_TABLE_ERROR = 0.25


def table_builders(space: SearchSpace) -> dict[str, Callable[[], keras.Model]]:
    """Returns builders of the models of all rows of a space's table.

    Where stages have widths to choose, there is a row for each shape.
    """
    builders: dict[str, Callable[[], keras.Model]] = {}
    for plain in every_end(space):
        stem_key, tail_key = plain.skeleton.cost_keys
        builders[stem_key] = functools.partial(build_stem, plain)
        builders[tail_key] = functools.partial(build_tail, plain)
    for block in every_shape(space):
        for index, op in enumerate(block.candidates):
            if op.name != "identity":
                key = block.cost_key(op.name)
                builders[key] = functools.partial(_operator, block, index)
    return builders


def _operator(block: ChoiceBlock, index: int) -> keras.Model:
    return made_lively(build_operator(block, index))


def whole_networks(
    space: SearchSpace,
    count: int,
    precision: str,
    rng: np.random.Generator,
    child: Callable[[Genotype], keras.Model] | None = None,
) -> list[WholeNetwork]:
    """Returns random networks of a space, by their rows and converted.

    Where cells may have several active branches, their number is drawn evenly
    from the fewest allowed to `MOST_OPEN`.

    Args:
        space: The space.
        count: How many.
        precision: Of the files.
        rng: Draws them.
        child: Builds one; None builds that of a space.
    """
    if child is None:
        child = functools.partial(build_child, space, fast=False)
    genotypes = [random_network(space, rng) for _ in range(count)]
    return [
        WholeNetwork(
            table_keys(space, genotype),
            convert_untrained(child(genotype), precision),
        )
        for genotype in genotypes
    ]


def random_network(space: SearchSpace, rng: np.random.Generator) -> Genotype:
    """Returns a random network of a space; see `whole_networks`."""
    if space.nodes or all(block.max_open == 1 for block in space.blocks):
        return space.sample(rng)
    genes = []
    for block, active in zip(space.blocks, space.active, strict=True):
        most = min(block.max_open, MOST_OPEN, len(active))
        count = int(rng.integers(block.min_open, most + 1))
        chosen = rng.choice(active, count, replace=False)
        genes.append(tuple(sorted(chosen.tolist())))
    return space.genotype(genes)


def fitted_table(
    table: CostTable,
    space: SearchSpace,
    plan: TablePlan,
    *,
    seed: int,
    num_fitted: int = NUM_FITTED_NETWORKS,
    num_checked: int = NUM_CHECKED_NETWORKS,
    backend: Backend | None = None,
    child: Callable[[Genotype], keras.Model] | None = None,
) -> CostTable:
    """Returns a table as measured, fitted to networks and compared with others.

    Args:
        table: Has a row for each op of the space.
        space: The space that networks are drawn from.
        plan: How to measure.
        seed: Seed of the draw.
        num_fitted: How many the table is fitted to; 0 leaves it as it is.
        num_checked: How many others it is compared with; 0 compares none.
        backend: What measures; None takes the interpreter on this machine.
        child: Builds a network; None builds that of a space.
    """
    backend = InterpreterBackend() if backend is None else backend
    rng = np.random.default_rng([seed, 3])
    if num_fitted:
        networks = whole_networks(space, num_fitted, plan.precision, rng, child)
        latencies_ms = time_networks(networks, plan, backend).tolist()
        keys = [network.keys for network in networks]
        table = calibrate_table(
            table, list(zip(keys, latencies_ms, strict=True))
        )
    if num_checked:
        networks = whole_networks(
            space, num_checked, plan.precision, rng, child
        )
        table = check_table(table, networks, plan, backend)
    return table


def measured_table(
    space: SearchSpace,
    plan: TablePlan,
    cache_dir: pathlib.Path,
    seed: int,
    max_error: float = MAX_TABLE_ERROR,
    *,
    backend: Backend | None = None,
) -> CostTable:
    """Returns a table for the space, measured here and fitted to networks.

    Single rows are kept in `cache_dir` between runs; the fit is made again.

    Raises:
        ValueError: If its median error on other networks exceeds `max_error`.
    """
    name = f"{plan.precision}_{plan.num_threads}threads.json"
    builders = table_builders(space)
    LOGGER.info("Measuring %d ops and shapes on this machine", len(builders))
    table = measure_table(
        builders,
        plan,
        backend=backend,
        cache_path=cache_dir / "tables" / name,
        progress=sys.stderr.isatty(),
    )
    table = fitted_table(table, space, plan, seed=seed, backend=backend)
    if table.check is not None:
        LOGGER.info(
            "Latency table: %d rows, median error on %d other networks %.1f %%",
            len(table.rows),
            table.check.num_networks,
            100 * table.check.median_error,
        )
    require_right(table, max_error)
    return table
