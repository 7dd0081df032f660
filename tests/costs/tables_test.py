"""Cost tables: sums, nearest keys, and JSON that is checked when read."""

import dataclasses
import json
import pathlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nse_tf.costs.tables import CostRow, CostTable, Provenance, TableFit

PROVENANCE = Provenance(
    device="Linux x86_64",
    cpu="Some Processor",
    runtime="ai-edge-litert",
    runtime_version="2.3.0",
    delegate="XNNPACK",
    num_threads=1,
    precision="int8",
    warmup=10,
    runs=50,
    date="2026-01-02T03:04:05+00:00",
)

TABLE = CostTable(
    provenance=PROVENANCE,
    rows={
        "stem/in:8x8x1": CostRow(
            latency_ms=0.25,
            p25_ms=0.2,
            p75_ms=0.3,
            size_bytes=1000,
            runs=50,
            num_ops=3,
            delegated_ops=3,
        ),
        "mbconv_k3_e6/in:8x8x16": CostRow(
            latency_ms=0.5, p25_ms=0.4, p75_ms=0.6, size_bytes=2000, runs=50
        ),
        "mbconv_k5_e6/in:8x8x16": CostRow(
            latency_ms=1.0, p25_ms=0.9, p75_ms=1.1, size_bytes=4000, runs=50
        ),
    },
    overhead_ms=0.125,
    overhead_bytes=800,
)

counts = st.integers(0, 10**9)
times = st.floats(0, 1e6)
rows = st.builds(
    CostRow,
    latency_ms=times,
    p25_ms=times,
    p75_ms=times,
    size_bytes=counts,
    runs=counts,
    num_ops=st.none() | counts,
)


def test_a_network_costs_the_overhead_and_the_sum_of_its_rows() -> None:
    keys = ["stem/in:8x8x1", *2 * ["mbconv_k3_e6/in:8x8x16"]]
    assert TABLE.predict(keys) == (0.125 + 0.25 + 2 * 0.5, 800 + 1000 + 4000)
    assert TABLE.predict([]) == (0.125, 800)


def test_a_missing_row_names_the_nearest_keys() -> None:
    with pytest.raises(KeyError, match=r"mbconv_k7_e6.*mbconv_k5_e6/in:8x8x16"):
        TABLE.row("mbconv_k7_e6/in:8x8x16")


def test_an_empty_table_says_so() -> None:
    with pytest.raises(KeyError, match="the table is empty"):
        dataclasses.replace(TABLE, rows={}).row("stem")


def test_missing_names_each_key_once_in_order() -> None:
    keys = ["tail", "stem/in:8x8x1", "head", "tail"]
    assert TABLE.missing(keys) == ["tail", "head"]
    assert TABLE.missing(TABLE.rows) == []


def test_more_rows_leave_the_first_table_alone() -> None:
    more = TABLE.with_rows(
        {
            "tail": CostRow(
                latency_ms=1, p25_ms=1, p75_ms=1, size_bytes=1, runs=1
            )
        }
    )
    assert more.missing(["tail"]) == []
    assert TABLE.missing(["tail"]) == ["tail"]


@pytest.mark.parametrize("value", [-0.1, float("nan"), float("inf")])
def test_a_latency_that_is_none_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match="`latency_ms` must be finite"):
        CostRow(latency_ms=value, p25_ms=0, p75_ms=0, size_bytes=0, runs=1)


@given(st.dictionaries(st.text(), rows), times, counts, st.booleans())
def test_json_brings_every_table_back(
    rows: dict[str, CostRow],
    overhead_ms: float,
    overhead_bytes: int,
    is_fitted: bool,
) -> None:
    fit = TableFit(1.1, 6, 0.02, 0.05) if is_fitted else None
    table = CostTable(
        provenance=PROVENANCE,
        rows=rows,
        overhead_ms=overhead_ms,
        overhead_bytes=overhead_bytes,
        fit=fit,
    )
    text = json.dumps(table.to_json(), allow_nan=False)
    assert CostTable.from_json(json.loads(text)) == table


def test_a_file_brings_the_table_back(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "new" / "table.json"
    TABLE.save(path)
    assert CostTable.load(path) == TABLE
    assert [file.name for file in path.parent.iterdir()] == ["table.json"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[]", "schema 'nse_tf.cost_table/1': None"),
        ('{"schema": "nse_tf.cost_table/9"}', "cost_table/9"),
        ('{"schema": "nse_tf.cost_table/1"}', "damaged: 'fit'"),
        ('{"schema": "nse_tf.cost', "Unterminated string"),
    ],
)
def test_a_file_of_something_else_is_refused_by_name(
    text: str, message: str, tmp_path: pathlib.Path
) -> None:
    path = tmp_path / "table.json"
    path.write_text(text)
    with pytest.raises(ValueError, match=r"table\.json: ") as caught:
        CostTable.load(path)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    "change",
    [
        {"rows": {"stem": {"latency_ms": 1.0}}},
        {"rows": {"stem": 3}},
        {"rows": []},
        {"provenance": {"device": "a phone"}},
    ],
)
def test_a_damaged_table_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="damaged"):
        CostTable.from_json({**TABLE.to_json(), **change})


def test_tables_differ_by_what_changes_a_latency() -> None:
    later = dataclasses.replace(PROVENANCE, date="2027-01-01", runs=9, warmup=1)
    assert PROVENANCE.differences(later) == []
    other = dataclasses.replace(PROVENANCE, num_threads=4, delegate="none")
    assert PROVENANCE.differences(other) == [
        "delegate 'XNNPACK' against 'none'",
        "num_threads 1 against 4",
    ]
