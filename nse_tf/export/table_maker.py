"""Measures a cost table: one small .tflite file per op and shape.

A file of one op is not what the op costs inside a network: calling the
interpreter and entering the delegate take 0.6 µs (here) whatever the file
holds, once per file. So a file that holds a single addition is measured along,
its time and its bytes are taken off every row, and the table adds them once per
network. What is left (caches, fusing across ops) `calibrate_table` fits.

On 2 cores a key costs some 0.25 s: 0.04 s to build, 0.13 s to convert (2 s the
usual way, see `tflite`), 0.07 s to time.
"""

import dataclasses
import itertools
import logging
import os
import pathlib
from collections.abc import Callable, Mapping, Sequence

import keras
import tqdm

from nse_tf.costs.tables import CostRow, CostTable, Provenance
from nse_tf.export.latency import Latency, measure_together
from nse_tf.export.machine import describe_machine, now
from nse_tf.export.tflite import convert_part

# Keys that are built, timed in interleaved rounds and saved together. More
# compare better with each other; fewer lose less when the process is killed.
GROUP_SIZE = 12

_EMPTY = "the empty network"
_LOG = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class TablePlan:
    """How the rows of a table are measured.

    Attributes:
        precision: One of `PRECISIONS`.
        num_threads: Threads that one inference may use.
        use_xnnpack: Whether XNNPACK may take the operators that it knows.
        warmup: Untimed runs of each file.
        runs: Fewest timed runs of each file, over all rounds.
        rounds: Interleaved rounds; the calmer half is kept.
        min_seconds: Shortest time of each file, over all rounds.
        max_seconds: Longest time of each file.
        seed: Of inputs and orders.
    """

    precision: str = "fp32"
    num_threads: int = 1
    use_xnnpack: bool = True
    warmup: int = 10
    runs: int = 30
    rounds: int = 5
    min_seconds: float = 0.05
    max_seconds: float = 2.0
    seed: int = 0

    def provenance(self) -> Provenance:
        """Returns what a table measured here and now says of itself."""
        machine = describe_machine()
        return Provenance(
            device=machine.device,
            cpu=machine.cpu,
            runtime=machine.runtime,
            runtime_version=machine.runtime_version,
            delegate="XNNPACK" if self.use_xnnpack else "none",
            num_threads=self.num_threads,
            precision=self.precision,
            warmup=self.warmup,
            runs=self.runs,
            date=now(),
        )

    def time(self, files: Mapping[str, bytes]) -> dict[str, Latency]:
        """Returns the latency of each file."""
        return measure_together(
            files,
            num_threads=self.num_threads,
            use_xnnpack=self.use_xnnpack,
            warmup=self.warmup,
            runs=self.runs,
            rounds=self.rounds,
            min_seconds=self.min_seconds,
            max_seconds=self.max_seconds,
            seed=self.seed,
        )


def measure_table(
    builders: Mapping[str, Callable[[], keras.Model]],
    plan: TablePlan | None = None,
    *,
    cache_path: str | os.PathLike[str] | None = None,
    progress: bool = False,
) -> CostTable:
    """Returns a table that has a row for every key of `builders`.

    With `cache_path`, rows that were measured there before under the same
    conditions are taken from the file, and the file grows with every group of
    12 keys: a process that is killed goes on where it was. A file measured
    under other conditions (processor, runtime, delegate, threads, precision) is
    renamed to `….old-1`, never mixed with.

    Args:
        builders: What makes the Keras model of a key. One input of fixed shape,
            one output; weights do not matter.
        plan: How to measure; by default `TablePlan()`.
        cache_path: JSON file to read, to grow and to keep.
        progress: Whether to show a progress bar with the time left.

    Raises:
        ValueError: If there are no builders, a key's model cannot be converted
            (names the key), or `cache_path` holds something else.
    """
    if not builders:
        raise ValueError("`builders` is empty: name at least one key.")
    plan = TablePlan() if plan is None else plan
    path = None if cache_path is None else pathlib.Path(cache_path)
    table = _cached(path, plan)
    keys = list(builders) if table is None else table.missing(builders)
    with tqdm.tqdm(
        total=len(keys),
        desc="Latency table",
        bar_format="{l_bar}{bar}| {elapsed} so far, {remaining} left",
        disable=not progress,
    ) as bar:
        for start in range(0, len(keys), GROUP_SIZE):
            group = keys[start : start + GROUP_SIZE]
            files = {_EMPTY: _convert(_EMPTY, _empty_network, plan.precision)}
            for key in group:
                files[key] = _convert(key, builders[key], plan.precision)
                bar.update(0.5)
            latencies = plan.time(files)
            if table is None:
                table = CostTable(
                    provenance=plan.provenance(),
                    rows={},
                    overhead_ms=latencies[_EMPTY].median_ms,
                    overhead_bytes=len(files[_EMPTY]),
                )
            table = table.with_rows(_rows(group, files, latencies))
            if path is not None:
                table.save(path)
            bar.update(0.5 * len(group))
    if table is None:
        raise ValueError("No key was measured.")
    return table


def _empty_network() -> keras.Model:
    """Returns the smallest network that still enters the delegate."""
    given = keras.Input((1, 1, 1))
    return keras.Model(given, keras.layers.ReLU()(given))


def _convert(
    key: str, build: Callable[[], keras.Model], precision: str
) -> bytes:
    try:
        return convert_part(build(), precision)
    except ValueError as error:
        raise ValueError(f"Key {key!r} cannot be measured: {error}") from error


def _rows(
    keys: Sequence[str],
    files: Mapping[str, bytes],
    latencies: Mapping[str, Latency],
) -> dict[str, CostRow]:
    """Returns the rows of a group, less what the empty network costs."""
    empty_ms, empty_bytes = latencies[_EMPTY].median_ms, len(files[_EMPTY])
    return {
        key: CostRow(
            latency_ms=max(0.0, latencies[key].median_ms - empty_ms),
            p25_ms=max(0.0, latencies[key].p25_ms - empty_ms),
            p75_ms=max(0.0, latencies[key].p75_ms - empty_ms),
            size_bytes=max(0, len(files[key]) - empty_bytes),
            runs=latencies[key].runs,
            num_ops=latencies[key].num_ops,
            delegated_ops=latencies[key].delegated_ops,
        )
        for key in keys
    }


def _cached(path: pathlib.Path | None, plan: TablePlan) -> CostTable | None:
    """Returns the table to go on with; one of other conditions is moved."""
    if path is None or not path.exists():
        return None
    table = CostTable.load(path)
    differences = table.provenance.differences(plan.provenance())
    if table.fit is not None:
        differences.append("its rows are scaled to whole networks")
    if not differences:
        return table
    names = (f"{path.name}.old-{number}" for number in itertools.count(1))
    aside = next(
        free for name in names if not (free := path.with_name(name)).exists()
    )
    path.rename(aside)
    _LOG.warning(
        "%s is a cost table of other conditions (%s); moved to %s.",
        path,
        "; ".join(differences),
        aside.name,
    )
    return None
