"""Measures a cost table: one small .tflite file per op and shape.

A file of one op costs more than the op inside a network: calling the
interpreter and entering the delegate take 0.6 µs (here), once per file. So an
empty network is measured too, its time and its bytes are subtracted from every
row, and the table adds them once per network. `calibrate_table` fits what
remains (caches, fusing across ops).

On 2 cores a key costs some 0.25 s: 0.04 s to build, 0.13 s to convert (2 s the
usual way, see `tflite`), 0.07 s to time.
"""

import itertools
import logging
import os
import pathlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import keras
import tqdm

from nse_tf.costs.tables import CostRow, CostTable, Provenance
from nse_tf.export.table_plan import (
    Backend,
    InterpreterBackend,
    TablePlan,
    Timing,
)
from nse_tf.export.tflite import convert_part

# Keys that are built, timed in interleaved rounds and saved together. More
# compare better with each other; fewer lose less when the process is killed.
GROUP_SIZE = 12

# Stands for the empty network among keys.
EMPTY = "the empty network"
_LOG = logging.getLogger(__name__)


def measure_table(
    builders: Mapping[str, Callable[[], keras.Model]],
    plan: TablePlan | None = None,
    *,
    backend: Backend | None = None,
    cache_path: str | os.PathLike[str] | None = None,
    progress: bool = False,
) -> CostTable:
    """Returns a table that has a row for every key of `builders`.

    With `cache_path`, rows that were measured there before under the same
    conditions are taken from the file, and the file grows with every group of
    12 keys, so that a process that was killed continues where it stopped. A
    file measured under other conditions (processor, runtime, delegate, threads,
    precision) is renamed to `….old-1`; its rows are not used. Rows whose
    quartiles are far apart are measured again, also those of the file, and the
    calmest measurement is kept.

    Args:
        builders: Functions that build the Keras model of a key, with one input
            of fixed shape and one output; weights do not matter.
        plan: How to measure; by default `TablePlan()`.
        backend: The backend that measures; by default the interpreter on this
            machine.
        cache_path: JSON file to read and to extend.
        progress: Whether to show a progress bar with the time left.

    Raises:
        ValueError: If there are no builders, a key's model cannot be converted
            (names the key), `cache_path` is not a table, or latencies vary too
            much (see `TablePlan.max_spread`).
    """
    if not builders:
        raise ValueError("`builders` is empty: name at least one key.")
    plan = TablePlan() if plan is None else plan
    backend = InterpreterBackend() if backend is None else backend
    path = None if cache_path is None else pathlib.Path(cache_path)
    provenance = backend.provenance(plan)
    table = _cached(path, provenance)
    keys = [key for key in builders if _is_missing(key, table, plan)]
    with _progress_bar(len(keys), progress) as bar:
        for start in range(0, len(keys), GROUP_SIZE):
            group = keys[start : start + GROUP_SIZE]
            # Again in each group: what is subtracted must have been timed under
            # the same load.
            some = {key: builders[key] for key in group}
            files = dict(convert_rows(some, plan.precision))
            bar.update(0.5 * len(group))
            timings = _calm_timings(files, plan, backend)
            sizes = {name: len(content) for name, content in files.items()}
            if table is None:
                table = table_without_rows(provenance, sizes, timings)
            table = table.with_rows(rows_of(group, sizes, timings))
            if path is not None:
                table.save(path)
            bar.update(0.5 * len(group))
    if table is None:
        raise ValueError("No key was measured.")
    return table


def _progress_bar(num_keys: int, is_shown: bool) -> Any:
    return tqdm.tqdm(
        total=num_keys,
        desc="Latency table",
        bar_format="{l_bar}{bar}| {elapsed} so far, {remaining} left",
        disable=not is_shown,
    )


def _is_missing(key: str, table: CostTable | None, plan: TablePlan) -> bool:
    """Whether a row is still to be measured, or to be measured again."""
    if table is None or key not in table.rows:
        return True
    return is_wide(table.rows[key], table, plan)


def table_without_rows(
    provenance: Provenance,
    sizes: Mapping[str, int],
    timings: Mapping[str, Timing],
) -> CostTable:
    """Returns a table of nothing but the costs of the empty network.

    Args:
        provenance: Where and how the files are measured.
        sizes: Bytes of files, by key; has `EMPTY`.
        timings: How long they take; has `EMPTY`, too.
    """
    return CostTable(
        provenance=provenance,
        rows={},
        overhead_ms=timings[EMPTY].median_ms,
        overhead_bytes=sizes[EMPTY],
    )


def _empty_network() -> keras.Model:
    """Returns the smallest network that still enters the delegate."""
    given = keras.Input((1, 1, 1))
    return keras.Model(given, keras.layers.ReLU()(given))


def convert_rows(
    builders: Mapping[str, Callable[[], keras.Model]], precision: str
) -> Iterator[tuple[str, bytes]]:
    """Yields the file of the empty network, as `EMPTY`, and of each key.

    Raises:
        ValueError: If a model cannot be converted; names the key.
    """
    yield EMPTY, _convert(EMPTY, _empty_network, precision)
    for key, build in builders.items():
        yield key, _convert(key, build, precision)


def _convert(
    key: str, build: Callable[[], keras.Model], precision: str
) -> bytes:
    try:
        return convert_part(build(), precision)
    except ValueError as error:
        raise ValueError(f"Key {key!r} cannot be measured: {error}") from error


def rows_of(
    keys: Sequence[str],
    sizes: Mapping[str, int],
    timings: Mapping[str, Timing],
) -> dict[str, CostRow]:
    """Returns rows by key, less the cost of the empty network.

    Args:
        keys: Which rows.
        sizes: Bytes of files, by key; has `EMPTY`.
        timings: How long they take; has `EMPTY`, too.
    """
    empty_ms, empty_bytes = timings[EMPTY].median_ms, sizes[EMPTY]
    return {
        key: CostRow(
            # Noise may put a small op below the empty network.
            latency_ms=max(0.0, timings[key].median_ms - empty_ms),
            p25_ms=max(0.0, timings[key].p25_ms - empty_ms),
            p75_ms=max(0.0, timings[key].p75_ms - empty_ms),
            size_bytes=max(0, sizes[key] - empty_bytes),
            runs=timings[key].runs,
            num_ops=timings[key].num_ops,
            delegated_ops=timings[key].delegated_ops,
        )
        for key in keys
    }


def _calm_timings(
    files: Mapping[str, bytes], plan: TablePlan, backend: Backend
) -> dict[str, Timing]:
    """Returns the calmest timing of each file in up to `1 + retries` tries.

    Raises:
        ValueError: If the latencies of more than half of the files vary too
            much in every try.
    """
    timings = backend.time(files, plan)
    for _ in range(plan.retries):
        wide = [
            name for name in files if _spread(timings[name]) > plan.max_spread
        ]
        if not wide:
            return timings
        _LOG.info("measuring %d of %d files again", len(wide), len(files))
        again = backend.time({name: files[name] for name in wide}, plan)
        for name, timing in again.items():
            timings[name] = min(timings[name], timing, key=_spread)
    require_calm(timings, plan, 1 + plan.retries)
    return timings


def require_calm(
    timings: Mapping[str, Timing], plan: TablePlan, tries: int
) -> None:
    """Refuses timings of which more than half vary too much.

    Args:
        timings: The calmest of each file.
        plan: How much is too much.
        tries: How often each was measured, for the message.

    Raises:
        ValueError: If so; names the worst.
    """
    wide = _wide(timings, plan)
    if len(wide) > len(timings) / 2:
        worst = max(wide, key=lambda name: _spread(timings[name]))
        raise ValueError(
            f"The latencies vary too much: in {tries} tries the "
            f"quartiles of {len(wide)} of {len(timings)} files lay more than "
            f"{plan.max_spread:.0%} of the median apart, those of {worst!r} "
            f"{_spread(timings[worst]):.0%}. The device throttles, or "
            "computes something else: let it cool and idle, or allow a larger "
            "`max_spread`."
        )


def _wide(timings: Mapping[str, Timing], plan: TablePlan) -> list[str]:
    return [
        name
        for name, timing in timings.items()
        if _spread(timing) > plan.max_spread
    ]


def _spread(timing: Timing) -> float:
    """Returns the distance of the quartiles as a share of the median.

    One microsecond is ignored, which clocks cannot resolve.
    """
    distance_ms = timing.p75_ms - timing.p25_ms - 1e-3
    return max(0.0, distance_ms) / timing.median_ms


def is_wide(row: CostRow, table: CostTable, plan: TablePlan) -> bool:
    """Whether a row's quartiles are too far apart to rely on it."""
    # The spread is a share of what was timed, the empty network included.
    timing = Timing(
        median_ms=table.overhead_ms + row.latency_ms,
        p25_ms=table.overhead_ms + row.p25_ms,
        p75_ms=table.overhead_ms + row.p75_ms,
        runs=row.runs,
    )
    return _spread(timing) > plan.max_spread


def _cached(
    path: pathlib.Path | None, provenance: Provenance
) -> CostTable | None:
    """Returns the table to extend; moves one of other conditions away."""
    if path is None or not path.exists():
        return None
    table = CostTable.load(path)
    differences = table.provenance.differences(provenance)
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
        "%s was measured under other conditions (%s); moved to %s.",
        path,
        "; ".join(differences),
        aside.name,
    )
    return None
