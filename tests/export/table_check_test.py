"""Predicted against measured, with a backend that knows the truth."""

import dataclasses
import math
import pathlib
from collections.abc import Mapping

import pytest

from nse_tf.costs.tables import CostRow, CostTable, Provenance
from nse_tf.export import (
    TablePlan,
    WholeNetwork,
    check_table,
    require_right,
)
from nse_tf.export.table_plan import Timing
from nse_tf.flags.lut import summary
from tests.costs.strategies import PROVENANCE

TABLE = CostTable(
    provenance=PROVENANCE,
    rows={
        "a": CostRow(
            latency_ms=1.0, p25_ms=1.0, p75_ms=1.0, size_bytes=100, runs=50
        )
    },
    overhead_ms=0.0,
    overhead_bytes=10,
)
# Predicted are 1, 2, 3, 4 and 5 ms.
NETWORKS = [WholeNetwork(["a"] * n, bytes([n])) for n in range(1, 6)]


class KnownBackend:
    """Answers each call with the next list of latencies."""

    def __init__(
        self, *answers: list[float], provenance: Provenance = PROVENANCE
    ) -> None:
        self.answers = list(answers)
        self.given = provenance

    def provenance(self, plan: TablePlan) -> Provenance:
        """Returns what it was given."""
        del plan
        return self.given

    def time(
        self, files: Mapping[str, bytes], plan: TablePlan
    ) -> dict[str, Timing]:
        """Returns the next latencies, in the order of the files."""
        del plan
        return {
            name: Timing(median_ms=ms, p25_ms=ms, p75_ms=ms, runs=1)
            for name, ms in zip(files, self.answers.pop(0), strict=True)
        }


def test_errors_are_held_against_the_lower_of_two_measurements() -> None:
    backend = KnownBackend([1, 2, 3, 4, 12], [1, 2, 3, 5, 10])
    check = check_table(TABLE, NETWORKS, TablePlan(), backend).check
    assert check is not None
    assert check.median_error == 0
    assert check.worst_error == pytest.approx(0.5)
    assert check.kendall_tau == pytest.approx(1)
    assert check.retest_tau == pytest.approx(1)
    assert check.num_networks == 5


def test_two_measurements_that_rank_otherwise_are_reported() -> None:
    backend = KnownBackend([1, 2, 3, 5, 12], [1, 2, 3, 3, 8])
    check = check_table(TABLE, NETWORKS, TablePlan(), backend).check
    assert check is not None
    # In the second the third and the fourth are tied: 9 of 10 pairs agree.
    assert check.retest_tau == pytest.approx(9 / math.sqrt(10 * 9))


def test_networks_that_are_all_as_slow_have_no_order(
    tmp_path: pathlib.Path,
) -> None:
    """As where noise leaves of a fit its overhead alone."""
    backend = KnownBackend([2, 2, 2, 2, 2], [3, 3, 3, 3, 3])
    table = check_table(TABLE, NETWORKS, TablePlan(), backend)
    assert table.check is not None
    assert table.check.kendall_tau is None
    assert table.check.retest_tau is None
    path = tmp_path / "table.json"
    table.save(path)
    assert CostTable.load(path) == table
    lines = summary(table, path)
    assert any("Kendall tau not defined" in line for line in lines)


def test_few_networks_and_other_conditions_are_refused() -> None:
    with pytest.raises(ValueError, match="a check needs 5 or more"):
        check_table(TABLE, NETWORKS[:4], TablePlan(), KnownBackend())
    other = dataclasses.replace(PROVENANCE, num_threads=2)
    with pytest.raises(ValueError, match="num_threads 1 against 2"):
        check_table(
            TABLE, NETWORKS, TablePlan(), KnownBackend(provenance=other)
        )


def test_a_table_that_is_off_is_refused_unless_trusted() -> None:
    backend = KnownBackend(*2 * [[2.0, 4, 6, 8, 10]])
    checked = check_table(TABLE, NETWORKS, TablePlan(), backend)
    with pytest.raises(ValueError, match=r"off by 50\.0% on the median of 5"):
        require_right(checked, 0.25)
    require_right(checked, 0.5)
    require_right(checked, math.inf)


def test_a_table_that_nobody_tested_is_refused() -> None:
    with pytest.raises(ValueError, match="nse_lut --validate=50"):
        require_right(TABLE, 0.25)


def test_a_check_travels_with_the_table() -> None:
    backend = KnownBackend(*2 * [[1.0, 2, 3, 4, 5]])
    checked = check_table(TABLE, NETWORKS, TablePlan(), backend)
    assert CostTable.from_json(checked.to_json()) == checked
    old = TABLE.to_json()
    del old["check"]
    assert CostTable.from_json(old) == TABLE
