"""The cost tables of several devices as one, with a latency on each."""

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any

from nse_tf.costs.cost_names import latency_on
from nse_tf.costs.tables import CostTable

SCHEMA = "nse_tf.device_tables/1"


@dataclasses.dataclass(frozen=True)
class DeviceTables:
    """Tables by the name of their device; see `CostTable`.

    Sizes are those of the first table: a file is the same on every device.

    Attributes:
        tables: A table by device.
        here: The device that is this machine, where networks are measured
            whole; None if none of them is.

    Raises:
        ValueError: If there is no table, or they are not of one precision.
    """

    tables: Mapping[str, CostTable]
    here: str | None = None

    def __post_init__(self) -> None:
        if not self.tables:
            raise ValueError("`tables` is empty: give one at least.")
        found = {
            device: table.provenance.precision
            for device, table in self.tables.items()
        }
        if len(set(found.values())) > 1:
            listed = ", ".join(
                f"{each!r} of {name}" for name, each in found.items()
            )
            raise ValueError(
                f"The tables are of several precisions, {listed}; a search "
                "is for files of one."
            )

    @classmethod
    def of(
        cls, tables: Iterable[CostTable], here: str | None = None
    ) -> "DeviceTables":
        """Returns tables by the names of their devices.

        Args:
            tables: One or more.
            here: See the attribute.

        Raises:
            ValueError: If two are of one device; or see the class.
        """
        by_device: dict[str, CostTable] = {}
        for table in tables:
            device = table.provenance.device
            if device in by_device:
                raise ValueError(
                    f"Two tables are of the device {device!r}, so that a limit "
                    "on it means neither: leave out one, or name one otherwise "
                    "(nse_lut --device=NAME)."
                )
            by_device[device] = table
        return cls(by_device, here)

    @property
    def names(self) -> tuple[str, ...]:
        """The costs that the tables tell."""
        return (*map(latency_on, self.tables), "size_bytes")

    @property
    def measured_latency(self) -> str | None:
        """Which latency is that of files that are measured on this machine."""
        return None if self.here is None else latency_on(self.here)

    @property
    def overheads(self) -> dict[str, float]:
        """What a network costs before it has any row, by `names`."""
        return self._joined(table.overheads for table in self.tables.values())

    def row_costs(self, key: str) -> dict[str, float]:
        """Returns what a row adds, by `names`.

        Raises:
            KeyError: If a table has no such row; names the nearest keys.
        """
        return self._joined(t.row_costs(key) for t in self.tables.values())

    def _joined(self, costs: Iterable[Mapping[str, float]]) -> dict[str, float]:
        """Returns costs by device as one, from those of each table."""
        each = list(costs)
        joined = {
            latency_on(device): own["latency_ms"]
            for device, own in zip(self.tables, each, strict=True)
        }
        return joined | {"size_bytes": each[0]["size_bytes"]}

    def to_json(self) -> dict[str, Any]:
        """Returns the tables as a JSON value."""
        return {
            "schema": SCHEMA,
            "here": self.here,
            "tables": {
                device: table.to_json() for device, table in self.tables.items()
            },
        }


def read_tables(value: Any) -> CostTable | DeviceTables:
    """Returns what `to_json` of either wrote.

    Raises:
        ValueError: If the value has another type or schema, or is damaged.
    """
    schema = value.get("schema") if isinstance(value, dict) else None
    if schema != SCHEMA:
        return CostTable.from_json(value)
    try:
        tables, here = dict(value["tables"]), value["here"]
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"The tables are damaged: {error}.") from error
    return DeviceTables(
        {device: CostTable.from_json(each) for device, each in tables.items()},
        here,
    )
