"""Measured tables: right sums, resumed after a kill, never mixed."""

import dataclasses
import functools
import logging
import math
import pathlib
from collections.abc import Callable, Mapping

import keras
import pytest
from keras import layers

from nse_tf.costs.tables import CostTable
from nse_tf.export import (
    InterpreterBackend,
    TablePlan,
    calibrate_table,
    convert_part,
    measure_table,
)
from nse_tf.export.table_maker import GROUP_SIZE
from nse_tf.export.table_plan import Timing

# How far runs lie apart says the machine, which other tests keep busy.
QUICK = TablePlan(runs=5, min_seconds=0.002, max_spread=math.inf)


def apply(widths: tuple[int, ...]) -> keras.Model:
    """Returns 3x3 convolutions of these widths on 16x16 pixels."""
    x = given = keras.Input((16, 16, 16))
    for width in widths:
        x = layers.Conv2D(width, 3, padding="same", activation="relu")(x)
        x = layers.Conv2D(16, 1)(x)
    return keras.Model(given, x)


class Builders(dict[str, Callable[[], keras.Model]]):
    """Builders by key that count how often each is called."""

    def __init__(self, *widths: int) -> None:
        self.built: list[str] = []
        for width in widths:
            self[f"conv/{width}"] = functools.partial(self.build, width)

    def build(self, width: int) -> keras.Model:
        """Returns the model of one key, and remembers it."""
        self.built.append(f"conv/{width}")
        return apply((width,))


class SizeBackend(InterpreterBackend):
    """A device on which a kilobyte of a file takes a millisecond."""

    def time(
        self, files: Mapping[str, bytes], plan: TablePlan
    ) -> dict[str, Timing]:
        """Returns what the sizes of files say."""
        del plan
        return {
            name: Timing(median_ms=ms, p25_ms=ms, p75_ms=ms, runs=1)
            for name, ms in (
                (name, len(content) / 1e3) for name, content in files.items()
            )
        }


def test_rows_add_up_to_whole_networks() -> None:
    table = measure_table(Builders(16, 64), QUICK, backend=SizeBackend())
    assert table.row("conv/64").latency_ms > table.row("conv/16").latency_ms
    whole = convert_part(apply((16, 64, 64)), "fp32")
    latency_ms, size_bytes = table.predict(["conv/16", "conv/64", "conv/64"])
    assert size_bytes == pytest.approx(len(whole), rel=0.02)
    assert latency_ms == pytest.approx(len(whole) / 1e3, rel=0.02)


def test_an_op_that_does_nothing_costs_nothing() -> None:
    def identity() -> keras.Model:
        given = keras.Input((16, 16, 16))
        return keras.Model(given, given)

    row = measure_table({"identity": identity}, QUICK).row("identity")
    assert row.size_bytes == 0
    assert row.latency_ms < 0.001
    assert row.num_ops == 0


def test_provenance_names_the_conditions() -> None:
    plan = dataclasses.replace(
        QUICK, precision="int8", num_threads=2, use_xnnpack=False
    )
    table = measure_table(Builders(16), plan)
    assert table.provenance.precision == "int8"
    assert table.provenance.num_threads == 2
    assert table.provenance.delegate == "none"
    assert table.row("conv/16").delegated_ops == 0
    assert table.row("conv/16").runs >= 1
    assert table.overhead_ms > 0


def test_only_missing_keys_are_measured(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "table.json"
    first = measure_table(Builders(8, 16), QUICK, cache_path=path)
    more = Builders(8, 16, 24)
    second = measure_table(more, QUICK, cache_path=path)
    assert more.built == ["conv/24"]
    assert second.row("conv/8") == first.row("conv/8")
    assert second.overhead_ms == first.overhead_ms
    assert CostTable.load(path) == second


def test_what_was_measured_before_a_kill_is_kept(
    tmp_path: pathlib.Path,
) -> None:
    path = tmp_path / "table.json"
    builders = Builders(*range(1, GROUP_SIZE + 2))

    def killed() -> keras.Model:
        raise KeyboardInterrupt

    last = f"conv/{GROUP_SIZE + 1}"
    build_last, builders[last] = builders[last], killed
    with pytest.raises(KeyboardInterrupt):
        measure_table(builders, QUICK, cache_path=path)
    assert len(CostTable.load(path).rows) == GROUP_SIZE
    builders.built.clear()
    builders[last] = build_last
    assert len(measure_table(builders, QUICK, cache_path=path).rows) == 13
    assert builders.built == [last]


def test_a_table_of_other_conditions_is_moved_aside(
    tmp_path: pathlib.Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "table.json"
    first = measure_table(Builders(8), QUICK, cache_path=path)
    plan = dataclasses.replace(QUICK, precision="fp16")
    with caplog.at_level(logging.WARNING):
        second = measure_table(Builders(8), plan, cache_path=path)
    assert CostTable.load(tmp_path / "table.json.old-1") == first
    assert CostTable.load(path) == second
    assert "precision 'fp32' against 'fp16'" in caplog.text


def test_a_fitted_table_is_moved_aside(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "table.json"
    table = measure_table(Builders(8), QUICK, cache_path=path)
    calibrate_table(table, [(["conv/8"], 1.0)] * 3).save(path)
    measure_table(Builders(8), QUICK, cache_path=path)
    assert CostTable.load(tmp_path / "table.json.old-1").fit is not None
    assert CostTable.load(path).fit is None


def test_a_file_of_something_else_is_refused_and_kept(
    tmp_path: pathlib.Path,
) -> None:
    path = tmp_path / "notes.json"
    path.write_text('{"schema": "shopping list"}')
    with pytest.raises(ValueError, match=r"notes.json.*'shopping list'"):
        measure_table(Builders(8), QUICK, cache_path=path)
    assert path.read_text() == '{"schema": "shopping list"}'


def test_a_model_that_cannot_be_converted_names_its_key() -> None:
    def open_size() -> keras.Model:
        given = keras.Input((None, None, 3))
        return keras.Model(given, layers.Conv2D(2, 1)(given))

    with pytest.raises(ValueError, match="Key 'conv/open' cannot be measured"):
        measure_table({"conv/open": open_size}, QUICK)


def test_no_builders_are_refused() -> None:
    with pytest.raises(ValueError, match="`builders` is empty"):
        measure_table({}, QUICK)
