import dataclasses
import math
import pathlib

import numpy as np
import pytest

from nse_tf.costs import Budget, CostModel
from nse_tf.costs.models import table_keys
from nse_tf.costs.tables import CostTable
from nse_tf.runs.cost_models import keep_table, run_cost_model
from nse_tf.runs.effort_choice import make_effort
from nse_tf.runs.measuring import table_builders, whole_networks
from nse_tf.runs.run_folder import RunFolder
from nse_tf.runs.search_config import SearchConfig
from nse_tf.spaces import Identity, MBConv, make_preset
from tests.costs.strategies import made_up_table
from tests.spaces.tiny_widths import HALVES
from tests.supernet.tiny_spaces import tiny_space
from tests.training.tiny_data import image_data

SPACE = tiny_space(ops=(MBConv(3, 1), MBConv(3, 3)))


def test_every_row_has_a_builder() -> None:
    builders = table_builders(SPACE)
    assert builders.keys() == made_up_table(SPACE).rows.keys()
    rng = np.random.default_rng(0)
    for _ in range(20):
        assert set(table_keys(SPACE, SPACE.sample(rng))) <= builders.keys()


def test_every_shape_of_widths_has_a_builder() -> None:
    used = {
        key
        for genotype in HALVES.enumerate()
        for key in table_keys(HALVES, genotype)
    }
    assert table_builders(HALVES).keys() == used


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
    assert isinstance(model.table, CostTable)
    for network in networks:
        assert low <= model.table.predict(network.keys)[0] <= high


@pytest.mark.slow
def test_a_run_measures_the_table_that_its_budget_needs(
    tmp_path: pathlib.Path,
) -> None:
    config = SearchConfig(
        run_dir=tmp_path / "run",
        cache_dir=tmp_path / "cache",
        budget=Budget(latency_ms=1e3, size_bytes=1e6),
        # How right it is says the machine, which other tests keep busy.
        max_table_error=math.inf,
    )
    folder = RunFolder(config.run_dir)
    effort = make_effort(config, image_data())
    table = run_cost_model(config, SPACE, effort, folder).table
    assert isinstance(table, CostTable)
    assert not table.missing(table_builders(SPACE))
    assert table.fit is not None
    assert table.fit.num_networks >= 4
    assert table.check is not None
    cheapest, most_expensive = CostModel(SPACE, table).range("latency_ms")
    # Noise may leave of the fit its overhead alone, the same for all.
    assert 0 < cheapest <= most_expensive
    (kept,) = config.cache_dir.rglob("*.json")
    assert kept.name == "fp32_1threads.json"

    # Kept in the folder, it is not measured again.
    keep_table(CostModel(SPACE, table), folder, 1.0)
    again = run_cost_model(
        dataclasses.replace(config, cache_dir=tmp_path / "never_made"),
        SPACE,
        effort,
        folder,
    )
    assert again.table == table
    assert not (tmp_path / "never_made").exists()
