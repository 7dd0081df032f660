"""Compares a cost table with whole networks that it was not fitted to."""

import dataclasses
import math
from collections.abc import Sequence

import numpy as np

from nse_tf.costs.tables import CostTable, TableCheck
from nse_tf.export.machine import now
from nse_tf.export.table_plan import Backend, TablePlan
from nse_tf.rank_correlation import kendall_tau

# A rank correlation of fewer says nothing.
FEWEST_NETWORKS = 5


@dataclasses.dataclass(frozen=True)
class WholeNetwork:
    """A network by its rows and by its file.

    Attributes:
        keys: Keys of its rows in a cost table; a row used twice is listed
            twice.
        tflite: Content of its .tflite file.
    """

    keys: Sequence[str]
    tflite: bytes


def time_networks(
    networks: Sequence[WholeNetwork], plan: TablePlan, backend: Backend
) -> np.ndarray:
    """Returns the median latencies of networks, `(count,)` milliseconds."""
    timings = backend.time(
        {str(index): each.tflite for index, each in enumerate(networks)}, plan
    )
    return np.array([timing.median_ms for timing in timings.values()])


def check_table(
    table: CostTable,
    networks: Sequence[WholeNetwork],
    plan: TablePlan,
    backend: Backend,
) -> CostTable:
    """Returns the table with a `check` of predicted and measured latencies.

    Every network is measured twice; see `compare`.

    Args:
        table: The table, fitted or not.
        networks: Networks that it was not fitted to.
        plan: How to measure; the same as for the table.
        backend: The backend that measured the table.

    Raises:
        ValueError: If there are fewer than 5 networks, or the conditions are
            not those of the table.
    """
    if len(networks) < FEWEST_NETWORKS:
        raise ValueError(
            f"`networks` are {len(networks)}; a check needs "
            f"{FEWEST_NETWORKS} or more."
        )
    differences = table.provenance.differences(backend.provenance(plan))
    if differences:
        raise ValueError(
            "The table would be checked under other conditions than it was "
            f"measured: {'; '.join(differences)}."
        )
    first, second = (time_networks(networks, plan, backend) for _ in range(2))
    predicted = np.array([table.predict(each.keys)[0] for each in networks])
    return dataclasses.replace(table, check=compare(predicted, first, second))


def compare(
    predicted: np.ndarray, first: np.ndarray, second: np.ndarray | None
) -> TableCheck:
    """Returns how well predictions agree with two measurements, or with one.

    They are compared with the lower of the two, since disturbances only add
    time. The rank correlation of the two measurements is an upper bound for
    that of any prediction.

    Args:
        predicted: Predicted milliseconds, `(count,)`.
        first: Measured milliseconds, `(count,)`.
        second: Milliseconds of a second measurement, `(count,)`; None without.
    """
    measured = first if second is None else np.minimum(first, second)
    errors = np.abs(predicted / measured - 1)
    return TableCheck(
        num_networks=len(predicted),
        median_error=float(np.median(errors)),
        worst_error=float(errors.max()),
        kendall_tau=_tau(predicted, measured),
        retest_tau=None if second is None else _tau(first, second),
        date=now(),
    )


def _tau(first: np.ndarray, second: np.ndarray) -> float | None:
    """Returns Kendall's τ; None where either is constant."""
    tau = kendall_tau(first, second)
    return None if math.isnan(tau) else tau


def require_right(table: CostTable, max_error: float) -> None:
    """Refuses a table that is not known to predict well.

    Args:
        table: A table with or without a check.
        max_error: Largest median error, as a share; infinity trusts any table.

    Raises:
        ValueError: If it has no check, or the error is larger.
    """
    if max_error == math.inf:
        return
    if table.check is None:
        raise ValueError(
            "The latency table was never compared with whole networks: "
            "check it with nse_lut --validate=50, or trust it as it is with "
            "--max_table_error=inf."
        )
    if not table.check.median_error <= max_error:
        raise ValueError(
            f"The latency table is off by {table.check.median_error:.1%} on "
            f"the median of {table.check.num_networks} whole networks, more "
            f"than {max_error:.1%}. Measure it again on a quiet machine, or "
            "allow more with --max_table_error."
        )
