"""What networks cost on this machine, from Python: also of a `Choice` model."""

import dataclasses
import functools
import pathlib
import sys
import tempfile
from collections.abc import Callable, Sequence

import keras

from nse_tf.costs import CostModel
from nse_tf.costs.tables import CostTable
from nse_tf.export import (
    Backend,
    TablePlan,
    made_lively,
    measure_table,
    require_right,
)
from nse_tf.runs.measuring import (
    MAX_TABLE_ERROR,
    fitted_table,
    measured_table,
)
from nse_tf.spaces import Genotype, SearchSpace
from nse_tf.supernet import Networks, networks_of
from nse_tf.supernet.user_models.candidate_models import (
    candidate_models,
    candidate_names,
)


def measured_costs(
    searched: SearchSpace | keras.Model,
    *,
    precision: str = "fp32",
    num_threads: int = 1,
    seed: int = 0,
    cache_dir: str | pathlib.Path | None = None,
    max_table_error: float = MAX_TABLE_ERROR,
    backend: Backend | None = None,
) -> CostModel:
    """Measures latencies and sizes of networks, for limits on them.

    The table is the `table` of what is returned; its `save` keeps it, and
    `CostModel(networks_of(searched).space, CostTable.load(FILE))` has it back.

    Args:
        searched: A space of chains, or a Keras model with `Choice` layers.
        precision: Of the files, one of `PRECISIONS`.
        num_threads: Threads that one inference may use.
        seed: Seed of the networks that the table is fitted to and tested on.
        cache_dir: Folder that keeps what was measured between runs; None keeps
            nothing.
        max_table_error: Largest median error of the table on other whole
            networks, as a share; infinity trusts any.
        backend: What measures; None takes the interpreter on this machine.

    Raises:
        ValueError: If a network cannot be converted, the machine is too busy,
            or the table is not right.
    """
    networks = networks_of(searched)
    plan = TablePlan(precision=precision, num_threads=num_threads)
    with tempfile.TemporaryDirectory() as folder:
        cache = pathlib.Path(cache_dir or folder)
        if isinstance(searched, keras.Model):
            table = model_table(
                searched, networks, plan, cache, seed=seed, backend=backend
            )
            require_right(table, max_table_error)
        else:
            table = measured_table(
                networks.space,
                plan,
                cache,
                seed,
                max_table_error,
                backend=backend,
            )
    return CostModel(networks.space, table)


def model_table(
    model: keras.Model,
    networks: Networks,
    plan: TablePlan,
    cache_dir: pathlib.Path,
    *,
    seed: int,
    backend: Backend | None = None,
) -> CostTable:
    """Returns the table of a user's model, fitted and compared with others.

    Each distinct candidate is measured alone. What is left of a whole network,
    the one of fewest MACs, is what all networks share.

    Args:
        model: The model.
        networks: Makes its networks.
        plan: How to measure.
        cache_dir: Keeps what was measured.
        seed: Seed of the networks that it is fitted to and compared with.
        backend: What measures; None takes the interpreter on this machine.
    """
    space = networks.space
    (shared,) = space.skeleton.cost_keys
    reference, _ = CostModel(space).extremes("macs")
    child = functools.partial(networks.child, fast=False)
    builders: dict[str, Callable[[], keras.Model]] = {
        shared: functools.partial(child, reference),
        **candidate_models(model),
    }
    file = f"models_{plan.precision}_{plan.num_threads}threads.json"
    measured = measure_table(
        {key: _Lively(build) for key, build in builders.items()},
        plan,
        backend=backend,
        cache_path=cache_dir / "tables" / file,
        progress=sys.stderr.isatty(),
    )
    return fitted_table(
        by_candidate(space, candidate_names(model), reference, measured),
        space,
        plan,
        seed=seed,
        backend=backend,
        child=child,
    )


@dataclasses.dataclass(frozen=True)
class _Lively:
    """Builds a model with weights as trained ones have; see `made_lively`."""

    build: Callable[[], keras.Model]

    def __call__(self) -> keras.Model:
        return made_lively(self.build())


def by_candidate(
    space: SearchSpace,
    names: Sequence[Sequence[str]],
    reference: Genotype,
    measured: CostTable,
) -> CostTable:
    """Returns a table with a row for each candidate where it stands.

    Args:
        space: The model's space.
        names: Key of each candidate's row, `(num_blocks, …)`.
        reference: A network.
        measured: Rows of the candidates and, by the key of what all networks
            share, of that network as a whole.
    """
    rows = {
        block.cost_key(op.name): measured.row(name)
        for block, own in zip(space.blocks, names, strict=True)
        for op, name in zip(block.candidates, own, strict=True)
    }
    (shared,) = space.skeleton.cost_keys
    whole = measured.row(shared)
    inside = [
        rows[block.cost_key(block.candidates[index].name)]
        for block, index in zip(space.blocks, reference.path, strict=True)
    ]
    left_ms = whole.latency_ms - sum(row.latency_ms for row in inside)
    left_bytes = whole.size_bytes - sum(row.size_bytes for row in inside)
    base = dataclasses.replace(
        whole,
        latency_ms=max(0.0, left_ms),
        # As far from it as those of the whole network.
        p25_ms=max(0.0, left_ms - whole.latency_ms + whole.p25_ms),
        p75_ms=max(0.0, left_ms - whole.latency_ms + whole.p75_ms),
        size_bytes=max(0, left_bytes),
    )
    return dataclasses.replace(measured, rows={shared: base, **rows})
