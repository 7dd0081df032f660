"""Latency tables as files: what a search takes up, and what it refuses."""

import dataclasses
import math
import pathlib

import pytest

from nse_tf.costs.published_tables import nse_table
from nse_tf.costs.tables import CostTable, TableCheck
from nse_tf.export import InterpreterBackend, TablePlan
from nse_tf.runs.latency_tables import (
    LutConfig,
    given_table,
    given_tables,
    make_table,
    require_rows,
    share_within,
)
from nse_tf.spaces import MBConv, make_preset
from tests.costs.strategies import made_up_table
from tests.shared_data import NSE_CSV, needs_tables
from tests.supernet.tiny_spaces import tiny_space

SPACE = tiny_space(ops=(MBConv(3, 1), MBConv(3, 3)))
LARGER = tiny_space(ops=(MBConv(3, 1), MBConv(3, 3), MBConv(5, 3)))
GOOD = TableCheck(
    num_networks=50,
    median_error=0.02,
    worst_error=0.1,
    kendall_tau=0.95,
    retest_tau=0.97,
    date="2026-01-01",
)


@pytest.fixture
def table_file(tmp_path: pathlib.Path) -> pathlib.Path:
    path = tmp_path / "table.json"
    dataclasses.replace(made_up_table(SPACE), check=GOOD).save(path)
    return path


def test_a_table_of_the_space_is_taken_up(table_file: pathlib.Path) -> None:
    table = given_table(table_file, SPACE, TablePlan(), 0.25)
    assert table == CostTable.load(table_file)


def test_a_table_for_other_files_is_refused(table_file: pathlib.Path) -> None:
    with pytest.raises(ValueError, match="for `precision` 'fp32', the search"):
        given_table(table_file, SPACE, TablePlan(precision="int8"), 0.25)
    with pytest.raises(ValueError, match="search with --num_threads=1"):
        given_table(table_file, SPACE, TablePlan(num_threads=2), 0.25)


def test_tables_of_several_devices_are_taken_up(
    tmp_path: pathlib.Path,
) -> None:
    machine = InterpreterBackend().provenance(TablePlan())
    paths = []
    # A phone with four threads, and this machine by another name.
    for given in (
        dataclasses.replace(machine, device="Pixel 8", cpu="G3", num_threads=4),
        dataclasses.replace(machine, device="desk"),
    ):
        table = dataclasses.replace(
            made_up_table(SPACE), provenance=given, check=GOOD
        )
        paths.append(tmp_path / f"{given.device}.json")
        table.save(paths[-1])
    tables = given_tables(paths, SPACE, TablePlan(), 0.25)
    assert list(tables.tables) == ["Pixel 8", "desk"]
    assert tables.here == "desk"
    assert given_tables(paths[:1], SPACE, TablePlan(), 0.25).here is None
    with pytest.raises(ValueError, match="Two tables are of the device 'desk'"):
        given_tables([*paths, paths[1]], SPACE, TablePlan(), 0.25)
    with pytest.raises(ValueError, match=r"8\.json lacks 3 of the 11 rows"):
        given_tables(paths, LARGER, TablePlan(), 0.25)
    with pytest.raises(ValueError, match=r"8\.json: The latency table is off"):
        given_tables(paths, SPACE, TablePlan(), 0.01)
    with pytest.raises(ValueError, match="for `precision` 'fp32', the search"):
        given_tables(paths, SPACE, TablePlan(precision="int8"), 0.25)
    with pytest.raises(FileNotFoundError):
        given_tables([tmp_path / "none.json"], SPACE, TablePlan(), 0.25)


def test_a_table_of_another_space_says_what_it_lacks(
    table_file: pathlib.Path,
) -> None:
    with pytest.raises(
        ValueError, match=r"table\.json lacks 3 of the 11 rows .*mbconv_k5_e3"
    ):
        given_table(table_file, LARGER, TablePlan(), 0.25)


@needs_tables
def test_a_published_table_that_does_not_cover_a_space_says_so() -> None:
    space = make_preset("nse_27")
    with pytest.raises(
        ValueError, match=r"NSE lacks 310 of the 326 rows of space 'nse_27'"
    ):
        require_rows(nse_table(NSE_CSV, space), space, "NSE")
    space = make_preset("nse_gpu")
    require_rows(nse_table(NSE_CSV, space), space, "NSE")


def test_the_gate_is_honored(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "table.json"
    made_up_table(SPACE).save(path)
    with pytest.raises(ValueError, match="never compared with whole networks"):
        given_table(path, SPACE, TablePlan(), 0.25)
    assert given_table(path, SPACE, TablePlan(), math.inf)


def test_rows_agree_within_a_tenth() -> None:
    first = made_up_table(SPACE)
    key = next(iter(first.rows))
    row = first.rows[key]
    for factor, share in ((1.1, 1.0), (1.5, 1 - 1 / len(first.rows))):
        changed = dataclasses.replace(row, latency_ms=factor * row.latency_ms)
        second = first.with_rows({key: changed})
        assert share_within(first, second) == pytest.approx(share)
    other = dataclasses.replace(
        first, provenance=dataclasses.replace(first.provenance, cpu="other")
    )
    with pytest.raises(ValueError, match="cpu 'none' against 'other'"):
        share_within(first, other)


@pytest.mark.slow
def test_a_table_is_made_tested_and_gone_on_with(
    tmp_path: pathlib.Path,
) -> None:
    config = LutConfig(
        space=SPACE,
        output=tmp_path / "table.json",
        plan=TablePlan(min_seconds=0.01, max_spread=10),
        num_fitted=4,
        num_checked=5,
        seed=0,
    )
    table = make_table(config, InterpreterBackend())
    assert table.fit is not None
    assert table.check is not None
    assert table.fit.num_networks == 4
    assert table.check.num_networks == 5
    assert CostTable.load(config.output) == table
    rows = CostTable.load(config.rows_file)
    assert rows.fit is None
    again = make_table(config, InterpreterBackend())
    assert CostTable.load(config.rows_file) == rows
    assert again.provenance == table.provenance
