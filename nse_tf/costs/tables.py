"""Latency tables: milliseconds and bytes per op and shape, JSON in and out."""

import dataclasses
import hashlib
import json
import math
import os
import pathlib
from collections.abc import Iterable, Mapping
from typing import Any

from nse_tf.costs.cost_names import MEASURED
from nse_tf.spaces.files import write_json
from nse_tf.spaces.naming import nearest_names

SCHEMA = "nse_tf.cost_table/1"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Provenance:
    """Where and how the rows of a table were measured.

    Attributes:
        device: The kind of machine, such as `Linux x86_64` or `Pixel 8`.
        cpu: Name of the processor.
        runtime: What ran the files, such as `ai-edge-litert`.
        runtime_version: Version of the runtime.
        delegate: `XNNPACK`, or `none` for the runtime's built-in kernels.
        num_threads: Threads that one inference may use; 0 if not stated.
        precision: `fp32`, `fp16`, `dynamic` or `int8`, or `not stated`.
        warmup: Untimed runs before the first timed one.
        runs: Fewest timed runs behind a row.
        date: ISO date and time of the first measurement.
        governor: What sets the processor's frequency, where known.
    """

    device: str
    cpu: str
    runtime: str
    runtime_version: str
    delegate: str
    num_threads: int
    precision: str
    warmup: int
    runs: int
    date: str
    governor: str = "unknown"

    def differences(self, other: "Provenance") -> list[str]:
        """Returns what differs so that rows of the two must not be mixed.

        The date and the number of runs may differ: they change how precise a
        row is, not what it means.
        """
        free = ("warmup", "runs", "date")
        return [
            f"{field.name} {mine!r} against {theirs!r}"
            for field in dataclasses.fields(self)
            if field.name not in free
            and (mine := getattr(self, field.name))
            != (theirs := getattr(other, field.name))
        ]


@dataclasses.dataclass(frozen=True, kw_only=True)
class CostRow:
    """What one op at one shape adds to a network.

    Attributes:
        latency_ms: Median, less what an empty network takes.
        p25_ms: Lower quartile, less the same.
        p75_ms: Upper quartile, less the same.
        size_bytes: What it adds to the `.tflite` file.
        runs: Timed runs behind the median.
        num_ops: Operators in the converted file, where known.
        delegated_ops: How many of those the delegate took, where known.
    """

    latency_ms: float
    p25_ms: float
    p75_ms: float
    size_bytes: int
    runs: int
    num_ops: int | None = None
    delegated_ops: int | None = None

    def __post_init__(self) -> None:
        for name in ("latency_ms", "p25_ms", "p75_ms", "size_bytes"):
            value = getattr(self, name)
            if not math.isfinite(value) or value < 0:
                raise ValueError(
                    f"`{name}` must be finite and not negative, got {value}."
                )


@dataclasses.dataclass(frozen=True, kw_only=True)
class TableCheck:
    """How well a table predicts whole networks that it was not fitted to.

    Attributes:
        num_networks: How many were measured.
        median_error: Median of |predicted / measured - 1| over them.
        worst_error: The largest of these.
        kendall_tau: Rank correlation of predicted and measured latencies; None
            if one network is predicted, or measured, as slow as any other.
        retest_tau: Rank correlation of two measurements of the same networks,
            an upper bound for any prediction; None if they were measured once,
            or all as slow as each other.
        date: ISO date and time.
    """

    num_networks: int
    median_error: float
    worst_error: float
    kendall_tau: float | None
    retest_tau: float | None
    date: str


@dataclasses.dataclass(frozen=True)
class TableFit:
    """How a table was fitted to whole networks.

    Attributes:
        scale: What the measured rows were multiplied by.
        num_networks: Whole networks that it was fitted to.
        median_error: Median of |predicted / measured - 1| over them, after.
        median_error_before: The same for the table as measured.
    """

    scale: float
    num_networks: int
    median_error: float
    median_error_before: float


@dataclasses.dataclass(frozen=True, kw_only=True)
class CostTable:
    """Rows by key; a network costs the overhead plus the sum of its rows.

    Attributes:
        provenance: Where and how the rows were measured.
        rows: A row by key; see `DecisionPoint.cost_key`.
        overhead_ms: What a network takes before it has any row.
        overhead_bytes: The same for the `.tflite` file.
        fit: How the rows were scaled to whole networks; None as measured.
        check: How well it predicts other whole networks; None if untested.
    """

    provenance: Provenance
    rows: Mapping[str, CostRow]
    overhead_ms: float
    overhead_bytes: int
    fit: TableFit | None = None
    check: TableCheck | None = None

    @property
    def fingerprint(self) -> str:
        """Names the table by its content."""
        content = json.dumps(self.to_json(), sort_keys=True).encode()
        return hashlib.sha256(content).hexdigest()[:16]

    def row(self, key: str) -> CostRow:
        """Returns the row of `key`.

        Raises:
            KeyError: If there is none; names the nearest keys.
        """
        if key not in self.rows:
            near = nearest_names(key, self.rows) or "none, the table is empty"
            raise KeyError(
                f"The cost table has no row {key!r}; nearest: {near}. "
                "Measure the missing rows first."
            )
        return self.rows[key]

    @property
    def names(self) -> tuple[str, ...]:
        """The costs that the table tells, by `costs.COSTS`."""
        return MEASURED

    @property
    def measured_latency(self) -> str | None:
        """Which latency is that of files that are measured on this machine."""
        return "latency_ms"

    @property
    def overheads(self) -> dict[str, float]:
        """What a network costs before it has any row, by `names`."""
        return {
            "latency_ms": self.overhead_ms,
            "size_bytes": self.overhead_bytes,
        }

    def row_costs(self, key: str) -> dict[str, float]:
        """Returns what a row adds, by `names`.

        Raises:
            KeyError: If there is no such row; names the nearest keys.
        """
        row = self.row(key)
        return {"latency_ms": row.latency_ms, "size_bytes": row.size_bytes}

    def missing(self, keys: Iterable[str]) -> list[str]:
        """Returns the keys without a row, each once, in the order given."""
        return [key for key in dict.fromkeys(keys) if key not in self.rows]

    def predict(self, keys: Iterable[str]) -> tuple[float, int]:
        """Returns milliseconds and bytes of a network of these rows.

        Args:
            keys: One key per part of the network; a part that occurs twice is
                given twice.
        """
        rows = [self.row(key) for key in keys]
        latency_ms = self.overhead_ms + sum(row.latency_ms for row in rows)
        return latency_ms, self.overhead_bytes + sum(
            row.size_bytes for row in rows
        )

    def with_rows(self, rows: Mapping[str, CostRow]) -> "CostTable":
        """Returns the table with more rows; known keys are replaced."""
        return dataclasses.replace(self, rows={**self.rows, **rows})

    def to_json(self) -> dict[str, Any]:
        """Returns the table as a JSON value."""
        return {
            "schema": SCHEMA,
            "provenance": dataclasses.asdict(self.provenance),
            "overhead_ms": self.overhead_ms,
            "overhead_bytes": self.overhead_bytes,
            "fit": None if self.fit is None else dataclasses.asdict(self.fit),
            "check": (
                None if self.check is None else dataclasses.asdict(self.check)
            ),
            "rows": {
                key: dataclasses.asdict(row) for key, row in self.rows.items()
            },
        }

    @classmethod
    def from_json(cls, value: Any) -> "CostTable":
        """Returns the table that `to_json` wrote.

        Raises:
            ValueError: If the value has another type or schema, or is damaged.
        """
        schema = value.get("schema") if isinstance(value, dict) else None
        if schema != SCHEMA:
            raise ValueError(
                f"Not a cost table of schema {SCHEMA!r}: {schema!r}."
            )
        try:
            fit, check = value["fit"], value.get("check")
            return cls(
                provenance=Provenance(**value["provenance"]),
                rows={k: CostRow(**row) for k, row in value["rows"].items()},
                overhead_ms=float(value["overhead_ms"]),
                overhead_bytes=int(value["overhead_bytes"]),
                fit=None if fit is None else TableFit(**fit),
                check=None if check is None else TableCheck(**check),
            )
        except (AttributeError, KeyError, TypeError) as error:
            raise ValueError(f"The cost table is damaged: {error}.") from error

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes the table as JSON, whole or not at all."""
        write_json(pathlib.Path(path), self.to_json())

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> "CostTable":
        """Reads a table that `save` wrote.

        Raises:
            ValueError: If the file holds something else; names the file.
        """
        try:
            return cls.from_json(json.loads(pathlib.Path(path).read_text()))
        except ValueError as error:
            raise ValueError(f"{os.fspath(path)}: {error}") from error
