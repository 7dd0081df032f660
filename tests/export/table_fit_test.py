"""The fit of a table to whole networks, on numbers made by hand."""

import dataclasses

import pytest

from nse_tf.costs.tables import CostRow, CostTable
from nse_tf.export import calibrate_table
from tests.costs.strategies import PROVENANCE

TABLE = CostTable(
    provenance=PROVENANCE,
    rows={
        "small": CostRow(
            latency_ms=1.0, p25_ms=0.9, p75_ms=1.1, size_bytes=100, runs=50
        ),
        "large": CostRow(
            latency_ms=4.0, p25_ms=3.9, p75_ms=4.1, size_bytes=400, runs=50
        ),
    },
    overhead_ms=0.1,
    overhead_bytes=10,
)

NETWORKS = [
    ["small"],
    ["small", "small"],
    ["large"],
    ["large", "small"],
    ["large", "large"],
]


def slower(keys: list[str]) -> float:
    """A world where rows take 1.25 times as long, and 0.5 ms are added."""
    return 1.25 * sum(TABLE.row(key).latency_ms for key in keys) + 0.5


def test_scale_and_overhead_are_found() -> None:
    fitted = calibrate_table(TABLE, [(k, slower(k)) for k in NETWORKS])
    assert fitted.fit is not None
    assert fitted.fit.scale == pytest.approx(1.25, rel=1e-4)
    assert fitted.overhead_ms == pytest.approx(0.5, rel=1e-3)
    assert fitted.row("large").latency_ms == pytest.approx(5.0, rel=1e-4)
    assert fitted.row("large").p75_ms == pytest.approx(1.25 * 4.1, rel=1e-4)
    assert fitted.fit.num_networks == 5
    assert fitted.fit.median_error < 1e-4
    # Before: 1.1 for 1.75, 2.1 for 3, 4.1 for 5.5, 5.1 for 6.75, 8.1 for 10.5.
    assert fitted.fit.median_error_before == pytest.approx(1 - 4.1 / 5.5)


def test_bytes_stay_as_they_are() -> None:
    fitted = calibrate_table(TABLE, [(k, slower(k)) for k in NETWORKS])
    assert fitted.predict(["large"])[1] == TABLE.predict(["large"])[1] == 410


def test_one_disturbed_network_does_not_bend_the_fit() -> None:
    measured = [(keys, slower(keys)) for keys in NETWORKS]
    measured.append((["small", "large"], 3 * slower(["small", "large"])))
    fitted = calibrate_table(TABLE, measured)
    latency_ms, _ = fitted.predict(["large", "large"])
    assert latency_ms == pytest.approx(slower(["large", "large"]), rel=0.05)


def test_too_few_networks_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 3 networks"):
        calibrate_table(TABLE, [(["small"], 1.0), (["large"], 4.0)])


def test_a_latency_of_zero_is_refused() -> None:
    measured = [(["small"], 1.0), (["large"], 0.0), (["small"], 1.0)]
    with pytest.raises(ValueError, match="positive latency"):
        calibrate_table(TABLE, measured)


def test_a_fitted_table_is_not_fitted_again() -> None:
    measured = [(keys, slower(keys)) for keys in NETWORKS]
    fitted = calibrate_table(TABLE, measured)
    with pytest.raises(ValueError, match="fitted already"):
        calibrate_table(fitted, measured)


def test_an_unknown_row_is_named() -> None:
    with pytest.raises(KeyError, match="'medium'"):
        calibrate_table(TABLE, [(["medium"], 1.0)] * 3)


def test_the_table_given_is_left_alone() -> None:
    before = dataclasses.replace(TABLE)
    calibrate_table(TABLE, [(k, slower(k)) for k in NETWORKS])
    assert before == TABLE
