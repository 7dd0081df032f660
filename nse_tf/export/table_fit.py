"""Fits a cost table to whole networks, and reports how well it predicts."""

import dataclasses
from collections.abc import Sequence

import numpy as np
from scipy import optimize

from nse_tf.costs.tables import CostRow, CostTable, TableFit


def calibrate_table(
    table: CostTable, networks: Sequence[tuple[Sequence[str], float]]
) -> CostTable:
    """Returns the table with its milliseconds fitted to whole networks.

    All rows are multiplied by one scale and the overhead is replaced, by least
    squares of the relative errors. An error above 5 % counts linearly, so that
    one disturbed measurement does not distort the fit. The field `fit` holds
    the scale and the errors before and after. Bytes stay the same.

    Args:
        table: The table as measured.
        networks: For some whole networks, the keys of their rows and their
            measured median latency in milliseconds. They should differ in
            size, or scale and overhead cannot be separated.

    Raises:
        ValueError: If there are fewer than 3 networks, a latency is not
            positive, or the table was fitted before.
        KeyError: If a key has no row.
    """
    if table.fit is not None:
        raise ValueError(
            "`table` is fitted already; fit the table as it was measured."
        )
    measured = np.array([latency_ms for _, latency_ms in networks])
    if len(networks) < 3 or not np.all(measured > 0):
        raise ValueError(
            "`networks` must be at least 3 networks with a positive latency, "
            f"got latencies {measured.tolist()}."
        )
    rows_ms = np.array(
        [table.predict(keys)[0] - table.overhead_ms for keys, _ in networks]
    )

    start = np.array([1.0, table.overhead_ms])
    found = optimize.least_squares(
        _relative_errors,
        start,
        args=(rows_ms, measured),
        bounds=(0, np.inf),
        loss="soft_l1",
        f_scale=0.05,
    ).x
    scale, overhead_ms = found.tolist()
    return dataclasses.replace(
        table,
        rows={key: _scaled(row, scale) for key, row in table.rows.items()},
        overhead_ms=overhead_ms,
        fit=TableFit(
            scale=scale,
            num_networks=len(networks),
            median_error=_median_error(found, rows_ms, measured),
            median_error_before=_median_error(start, rows_ms, measured),
        ),
    )


def _scaled(row: CostRow, scale: float) -> CostRow:
    return dataclasses.replace(
        row,
        latency_ms=scale * row.latency_ms,
        p25_ms=scale * row.p25_ms,
        p75_ms=scale * row.p75_ms,
    )


def _relative_errors(
    fit: np.ndarray, rows_ms: np.ndarray, measured_ms: np.ndarray
) -> np.ndarray:
    """Returns predicted / measured - 1 for a fit `(scale, overhead_ms)`."""
    errors: np.ndarray = (fit[0] * rows_ms + fit[1]) / measured_ms - 1
    return errors


def _median_error(
    fit: np.ndarray, rows_ms: np.ndarray, measured_ms: np.ndarray
) -> float:
    errors = _relative_errors(fit, rows_ms, measured_ms)
    return float(np.median(np.abs(errors)))
