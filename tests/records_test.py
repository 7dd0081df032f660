import dataclasses
import json
import math
from typing import Any

import hypothesis
import pytest
from hypothesis import strategies as st

from nse_tf.records import RecordKinds


@dataclasses.dataclass(frozen=True, kw_only=True)
class Rule:
    """A record of these tests."""

    name: str = "uniform"
    weights: tuple[tuple[float, ...], ...] = ()


@dataclasses.dataclass(frozen=True, kw_only=True)
class Order:
    """A record of these tests."""

    id: str
    rule: Rule = Rule()
    other: Rule | None = None
    rates: tuple[float, float] = (0.0, 1.0)
    limit: float = 1.0
    costs: dict[str, float] = dataclasses.field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.limit < 0:
            raise ValueError(f"`limit` must be positive, not {self.limit}.")


@dataclasses.dataclass(frozen=True, kw_only=True)
class LaterOrder(Order):
    """A record of these tests."""

    added: int = 7


@dataclasses.dataclass(frozen=True, kw_only=True)
class Other:
    """A record of these tests."""

    count: int = 0


KINDS = RecordKinds[Any]("order", {"order": Order, "other": Other})


def through_text(value: Any) -> Any:
    return json.loads(json.dumps(value, allow_nan=False))


def test_nested_records_come_back_equal() -> None:
    order = Order(
        id="x",
        rule=Rule(name="fair"),
        other=Rule(weights=((0.1 + 0.2, 5e-324), ())),
        costs={"macs": 1e300},
    )
    assert KINDS.from_json(through_text(KINDS.to_json(order))) == order


def test_defaults_are_left_out_at_every_depth() -> None:
    assert KINDS.to_json(Order(id="x", other=Rule())) == {
        "kind": "order",
        "id": "x",
        "other": {},
    }


def test_a_field_that_is_added_later_changes_no_digest() -> None:
    later = RecordKinds[Any]("order", {"order": LaterOrder})
    rates = (0.5, 0.25)
    assert later.digest(LaterOrder(id="x", rates=rates)) == KINDS.digest(
        Order(id="x", rates=rates)
    )
    assert later.digest(LaterOrder(id="x", added=8)) != KINDS.digest(
        Order(id="x")
    )


@hypothesis.given(st.lists(st.floats()))
def test_any_number_is_exact_also_nan(values: list[float]) -> None:
    order = Order(id="x", rule=Rule(weights=(tuple(values),)))
    back = KINDS.from_json(through_text(KINDS.to_json(order)))
    assert repr(back) == repr(order)


def test_what_is_not_finite_crosses_strict_json() -> None:
    order = Order(id="x", limit=math.inf)
    assert KINDS.to_json(order)["limit"] == {"float": "inf"}


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, r"Not a order of a known kind: None; known are order, other"),
        ([], "Not a order"),
        ({"kind": ["order"]}, "Not a order"),
        ({"kind": "order"}, "'order' .* field 'id' is missing"),
        ({"kind": "order", "id": "x", "new": 1}, "'order' .* unknown .* new"),
        ({"kind": "order", "id": 3}, r"3 is no str @ \$\.id"),
        ({"kind": "other", "count": 1.5}, "1.5 is no int"),
        ({"kind": "other", "count": True}, "True is no int"),
        ({"kind": "order", "id": "x", "limit": "1"}, "'1' is no number"),
        ({"kind": "order", "id": "x", "limit": -1.0}, "`limit` .* not -1.0"),
        ({"kind": "order", "id": "x", "rates": [1, 2, 3]}, r"\$\.rates"),
        (
            {"kind": "order", "id": "x", "rule": {"nome": "fair"}},
            r"unknown fields nome @ \$\.rule",
        ),
    ],
)
def test_what_does_not_read_is_named(value: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        KINDS.from_json(value)
