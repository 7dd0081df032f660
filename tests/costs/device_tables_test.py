"""Tables of several devices: each its own limit, all of which hold."""

import dataclasses
import json

import numpy as np
import pytest

from nse_tf.costs import (
    Budget,
    BudgetError,
    CostModel,
    DeviceTables,
    sample_within,
)
from nse_tf.costs.device_tables import read_tables
from nse_tf.spaces import make_preset
from tests.costs.strategies import made_up_devices, made_up_table

SPACE = make_preset("spos_tiny", image_size=(8, 8), num_classes=10)
DEVICES = made_up_devices(SPACE)
MODEL = CostModel(SPACE, DEVICES)
ON = {device: f"latency_ms@{device}" for device in DEVICES.tables}


def test_each_device_has_the_costs_of_its_own_table() -> None:
    assert MODEL.names == ("macs", "params", *ON.values(), "size_bytes")
    genotype = SPACE.sample(np.random.default_rng(0))
    costs = MODEL.costs(genotype)
    for device, table in DEVICES.tables.items():
        own = CostModel(SPACE, table).costs(genotype)
        assert costs[ON[device]] == own["latency_ms"]
    first = next(iter(DEVICES.tables.values()))
    own = CostModel(SPACE, first).costs(genotype)
    assert costs["size_bytes"] == own["size_bytes"]


def test_tables_come_back_from_json() -> None:
    value = json.loads(json.dumps(DEVICES.to_json()))
    assert read_tables(value) == DEVICES
    table = made_up_table(SPACE)
    assert read_tables(table.to_json()) == table
    with pytest.raises(ValueError, match="The tables are damaged"):
        read_tables({"schema": value["schema"], "tables": 3})
    with pytest.raises(ValueError, match="Not a cost table"):
        read_tables([])


def test_tables_that_contradict_each_other_are_refused() -> None:
    table = made_up_table(SPACE)
    with pytest.raises(ValueError, match="Two tables are of the device 'made"):
        DeviceTables.of([table, table])
    with pytest.raises(ValueError, match="is empty"):
        DeviceTables.of([])
    other = dataclasses.replace(
        table.provenance, device="other", precision="int8"
    )
    with pytest.raises(ValueError, match="'fp32' of made up, 'int8' of other"):
        DeviceTables.of([table, dataclasses.replace(table, provenance=other)])


def test_every_limit_holds_for_what_is_drawn() -> None:
    limits = {device: sum(MODEL.range(name)) / 2 for device, name in ON.items()}
    budget = Budget(latency_ms=limits, macs=1e9)
    assert budget.needs_table
    assert budget.limits == {
        "macs": 1e9,
        **{ON[device]: limit for device, limit in limits.items()},
    }
    assert str(budget) == " and ".join(
        [
            "at most 1,000,000,000 MACs",
            *(
                f"at most {limit:.4g} ms on {device}"
                for device, limit in limits.items()
            ),
        ]
    )
    assert budget.to_json()["latency_ms@pi"] == limits["pi"]
    assert budget.limited_to("latency_ms").limits == {
        ON[device]: limit for device, limit in limits.items()
    }
    paths = sample_within(MODEL, budget, np.random.default_rng(0), 50)
    for device, limit in limits.items():
        assert (MODEL.path_costs(ON[device], paths) <= limit).all()
    with pytest.raises(BudgetError, match=r"at most 0\.001 ms on pi"):
        Budget(latency_ms={"pi": 1e-3}).check_reachable(MODEL)


def test_limits_that_cannot_be_are_refused() -> None:
    with pytest.raises(ValueError, match="`latency_ms@pi` of a budget must be"):
        Budget(latency_ms={"pi": 0})
    with pytest.raises(ValueError, match="is for one device"):
        Budget(latency_ms={"pi": 1, "pixel": 2}, min_latency_ms=1)
