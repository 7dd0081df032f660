"""Frozen records as JSON, exact both ways.

Jobs, results and events cross processes and outlive versions. So a record is
written without the fields that have their default: a field that is added later
changes neither the JSON nor the digest of what was written before. What is read
is checked: unknown and missing fields and values of another type are refused,
and nothing is coerced but a whole number to a float.
"""

import hashlib
import json
import math
from collections.abc import Mapping
from typing import Any, Generic, TypeVar

import cattrs

Record = TypeVar("Record")


class RecordKinds(Generic[Record]):
    """The kinds of records that travel under one name.

    Args:
        what: What they are, for messages, such as `job`.
        kinds: The class of each kind, a frozen dataclass, by its name in JSON.
    """

    def __init__(self, what: str, kinds: Mapping[str, type[Record]]) -> None:
        self._what = what
        self._kinds = dict(kinds)
        self._names = {kind: name for name, kind in self._kinds.items()}

    def name_of(self, record: Record) -> str:
        """Returns the name of a record's kind."""
        return self._names[type(record)]

    def to_json(self, record: Record) -> dict[str, Any]:
        """Returns a record as a JSON value, without what is default.

        Numbers are exact; NaN and infinities are `{"float": "nan"}`.
        """
        fields = _CONVERTER.unstructure(record)
        return {"kind": self.name_of(record), **fields}

    def from_json(self, value: Any) -> Record:
        """Returns the record that `to_json` wrote.

        Raises:
            ValueError: If it is of no known kind, or a field is missing,
                unknown, of another type or out of range; names kind and field.
        """
        name = value.get("kind") if isinstance(value, dict) else None
        if not isinstance(name, str) or name not in self._kinds:
            raise ValueError(
                f"Not a {self._what} of a known kind: {name!r}; known are "
                f"{', '.join(self._kinds)}."
            )
        fields = {key: each for key, each in value.items() if key != "kind"}
        return _structured(fields, self._kinds[name], f"{self._what} {name!r}")

    def digest(self, record: Record) -> str:
        """Returns a short digest of all that a record says."""
        text = json.dumps(self.to_json(record), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def _structured(fields: Any, kind: type[Record], name: str) -> Record:
    """Returns a record of JSON fields; errors carry the name."""
    try:
        return _CONVERTER.structure(fields, kind)
    except cattrs.BaseValidationError as error:
        reasons = "; ".join(
            cattrs.transform_error(error, format_exception=_why)
        )
        raise ValueError(f"The {name} does not read: {reasons}.") from error


def _why(error: BaseException, kind: type | None) -> str:
    if isinstance(error, cattrs.ForbiddenExtraKeysError):
        return f"unknown fields {', '.join(sorted(error.extra_fields))}"
    if isinstance(error, KeyError):
        return f"the field {error.args[0]!r} is missing"
    return str(error)


def _exact(kind: type) -> Any:
    """Returns what reads values of just this type."""

    def read(value: Any, _: Any) -> Any:
        if type(value) is not kind:
            raise TypeError(f"{value!r} is no {kind.__name__}")
        return value

    return read


def _read_gene(value: Any, _: Any) -> int | tuple[int, ...]:
    """Returns one index, or several: a gene of a path."""
    several = value if isinstance(value, list | tuple) else (value,)
    for index in several:
        if type(index) is not int:
            raise TypeError(f"{index!r} is no int")
    return value if isinstance(value, int) else tuple(several)


def _write_float(value: float) -> Any:
    return value if math.isfinite(value) else {"float": str(value)}


def _read_float(value: Any, _: Any) -> float:
    if isinstance(value, dict) and value.keys() == {"float"}:
        return float(value["float"])
    if type(value) not in (int, float):
        raise TypeError(f"{value!r} is no number")
    return float(value)


def _new_converter() -> cattrs.Converter:
    converter = cattrs.Converter(omit_if_default=True, forbid_extra_keys=True)
    for kind in (bool, int, str):
        converter.register_structure_hook(kind, _exact(kind))
    converter.register_structure_hook(float, _read_float)
    converter.register_structure_hook(int | tuple[int, ...], _read_gene)
    converter.register_unstructure_hook(float, _write_float)
    return converter


_CONVERTER = _new_converter()
