import math
import pathlib

import numpy as np
import pytest

from nse_tf.costs import CostModel
from nse_tf.costs.models import table_keys
from nse_tf.export import TablePlan
from nse_tf.runs.measuring import (
    measured_table,
    table_builders,
    whole_networks,
)
from nse_tf.spaces import Identity, MBConv, make_preset
from tests.costs.strategies import made_up_table
from tests.supernet.tiny_spaces import tiny_space

SPACE = tiny_space(ops=(MBConv(3, 1), MBConv(3, 3)))


def test_every_row_has_a_builder() -> None:
    builders = table_builders(SPACE)
    assert builders.keys() == made_up_table(SPACE).rows.keys()
    rng = np.random.default_rng(0)
    for _ in range(20):
        assert set(table_keys(SPACE, SPACE.sample(rng))) <= builders.keys()


def test_rows_that_the_table_adds_are_those_that_the_cost_model_adds() -> None:
    table = made_up_table(SPACE)
    model = CostModel(SPACE, table)
    rng = np.random.default_rng(0)
    for _ in range(20):
        genotype = SPACE.sample(rng)
        latency_ms, size_bytes = table.predict(table_keys(SPACE, genotype))
        costs = model.costs(genotype)
        assert costs["latency_ms"] == pytest.approx(latency_ms)
        assert costs["size_bytes"] == pytest.approx(size_bytes)


def test_an_identity_has_no_row() -> None:
    # Only the first block keeps its shape, and may be left out.
    assert SPACE.blocks[0].candidates[2] == Identity()
    assert len(table_keys(SPACE, SPACE.genotype([0, 0, 0]))) == 5
    assert len(table_keys(SPACE, SPACE.genotype([2, 0, 0]))) == 4


@pytest.mark.slow
def test_whole_networks_of_multi_branch_cells_open_several_branches() -> None:
    space = make_preset(
        "nse_tiny", image_size=(8, 8), image_channels=1, num_classes=10
    )
    model = CostModel(space, made_up_table(space))
    rng = np.random.default_rng(0)
    networks = whole_networks(space, 4, "fp32", rng)
    counts = [len(network.keys) - 2 for network in networks]
    # Seven cells, three of which may be skipped.
    assert max(counts) > len(space.blocks)
    assert all(4 <= count <= 28 for count in counts)
    assert len(set(counts)) > 1
    low, high = model.range("latency_ms")
    assert model.table is not None
    for network in networks:
        assert low <= model.table.predict(network.keys)[0] <= high


@pytest.mark.slow
def test_a_measured_table_covers_the_space_and_is_kept(
    tmp_path: pathlib.Path,
) -> None:
    plan = TablePlan(runs=5, min_seconds=0.002)
    # How right it is says the machine, which other tests keep busy.
    table = measured_table(SPACE, plan, tmp_path, seed=0, max_error=math.inf)
    assert not table.missing(table_builders(SPACE))
    assert table.fit is not None
    assert table.fit.num_networks >= 4
    cheapest, most_expensive = CostModel(SPACE, table).range("latency_ms")
    assert 0 < cheapest < most_expensive
    (kept,) = tmp_path.rglob("*.json")
    assert kept.name == "fp32_1threads.json"
