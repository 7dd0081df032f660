import dataclasses
import json
import pathlib
import sqlite3

import numpy as np
import pytest

from nse_tf.spaces.sealed_files import DamagedError
from nse_tf.trials.results_table import (
    ChildRow,
    ResultRow,
    ResultsTable,
    TrialRow,
)

TRIAL = TrialRow(
    number=0,
    job="00000_evaluate",
    asked="ab",
    runs=1,
    ended=None,
    state=json.dumps({"x": 1 / 3}),
)
CHILD = ChildRow(
    job="00000_evaluate",
    generation=2,
    genes="[[0], [1]]",
    accuracy=0.1,
    macs=7e6,
    params=2e5,
    latency_ms=None,
    size_bytes=None,
)
RESULT = ResultRow(
    job="00000_evaluate", asked='{"asked": 1}', told='{"told": 0.1}'
)


@pytest.fixture
def table(tmp_path: pathlib.Path) -> ResultsTable:
    return ResultsTable(tmp_path / "results.sqlite")


def fill(table: ResultsTable) -> None:
    table.set_fact("seed", {"is": [0, 0.5, None]})
    table.set_trial(TRIAL)
    table.add_result(RESULT, [CHILD, dataclasses.replace(CHILD, accuracy=None)])


def test_what_was_committed_is_bit_exact(table: ResultsTable) -> None:
    fill(table)
    table.commit()
    table.close()
    again = ResultsTable(table.path)
    assert again.facts() == {"seed": {"is": [0, 0.5, None]}}
    assert again.trials() == [TRIAL]
    assert list(again.results()) == [RESULT]
    assert list(again.children()) == [
        CHILD,
        dataclasses.replace(CHILD, accuracy=None),
    ]


def test_what_was_not_committed_never_was(table: ResultsTable) -> None:
    table.set_fact("before", 1)
    table.commit()
    fill(table)
    table.close()
    again = ResultsTable(table.path)
    assert again.facts() == {"before": 1}
    assert again.trials() == []
    assert not again.has_result(RESULT.job)
    assert list(again.children()) == []


def test_a_result_counts_once(table: ResultsTable) -> None:
    for _ in range(2):
        table.add_result(RESULT, [CHILD])
        table.add_result(dataclasses.replace(RESULT, told="other"), [CHILD])
        table.commit()
    assert list(table.results()) == [RESULT]
    assert list(table.children()) == [CHILD]


def test_a_trial_is_replaced_and_keeps_its_place(table: ResultsTable) -> None:
    table.set_trial(TRIAL)
    table.set_trial(dataclasses.replace(TRIAL, number=1, job="00001"))
    ended = dataclasses.replace(TRIAL, ended=0, runs=2)
    table.set_trial(ended)
    assert table.trials() == [
        ended,
        dataclasses.replace(TRIAL, number=1, job="00001"),
    ]


def test_other_tools_can_read_it(table: ResultsTable) -> None:
    fill(table)
    table.commit()
    with sqlite3.connect(table.path) as other:
        (best,) = other.execute("SELECT max(accuracy) FROM children").fetchone()
    other.close()
    assert best == 0.1


def test_a_file_of_no_bytes_is_damaged_and_none_is_new(
    tmp_path: pathlib.Path,
) -> None:
    path = tmp_path / "results.sqlite"
    path.touch()
    with pytest.raises(DamagedError, match=r"results\.sqlite is damaged"):
        ResultsTable(path)
    path.unlink()
    assert ResultsTable(path).facts() == {}


def test_a_number_that_was_changed_is_noticed(table: ResultsTable) -> None:
    fill(table)
    table.commit()
    table.close()
    for column, value in (("accuracy", 0.9), ("generation", 3)):
        with sqlite3.connect(table.path) as other:
            other.execute(f"UPDATE children SET {column} = ?", (value,))
        other.close()
        with pytest.raises(DamagedError, match="'children' is not as it was"):
            ResultsTable(table.path)


def test_no_damage_goes_unnoticed(table: ResultsTable) -> None:
    fill(table)
    table.commit()
    table.close()
    content = table.path.read_bytes()
    rng = np.random.default_rng(0)
    num_refused = 0
    for number in range(120):
        damaged = bytearray(content)
        if number % 3 == 0:
            damaged = damaged[: rng.integers(len(damaged))]
        else:
            damaged[rng.integers(len(damaged))] ^= 1 << rng.integers(8)
        table.path.write_bytes(damaged)
        try:
            again = ResultsTable(table.path)
        except DamagedError:
            num_refused += 1
            continue
        # A bit of the empty part of a page.
        assert next(again.children()) == CHILD
        assert again.trials() == [TRIAL]
        assert list(again.results()) == [RESULT]
        assert again.facts() == {"seed": {"is": [0, 0.5, None]}}
        again.close()
    assert num_refused >= 40
