"""Costs of chains with widths by stage: those of the plain networks."""

import dataclasses
import functools

import numpy as np
import pytest

from nse_tf.costs import (
    Budget,
    BudgetError,
    CostModel,
    describe_network,
    describe_space,
    published_macs,
    sample_within,
)
from nse_tf.costs.micro import live_memory
from nse_tf.costs.models import table_keys
from nse_tf.spaces import (
    Stage,
    every_shape,
    parse_genotype,
    realized,
    with_stage_widths,
)
from tests.costs.strategies import shaped_table
from tests.spaces.tiny_widths import GENES, HALVES, chain

NAMES = (
    *("macs", "params", "latency_ms", "size_bytes"),
    *("ram_bytes", "flash_bytes"),
)

# Where stage 1 is narrow it is as wide as all of stage 0: it has a shortcut.
SPACE = with_stage_widths(
    chain([Stage(24, 2, 2), Stage(48, 2, 1)]), (0.34, 0.5, 1)
)


@functools.cache
def model() -> CostModel:
    return CostModel(SPACE, shaped_table(SPACE), counts_memory=True)


@functools.cache
def paths() -> np.ndarray:
    return SPACE.sample_valid(np.random.default_rng(0), 40)


def test_costs_are_those_of_the_plain_network() -> None:
    found = {name: model().path_costs(name, paths()) for name in model().names}
    assert tuple(found) == NAMES
    for number, path in enumerate(paths().tolist()):
        genotype = SPACE.genotype(path)
        plain, own = realized(SPACE, genotype)
        wanted = CostModel(plain, model().table, counts_memory=True).costs(own)
        assert model().costs(genotype) == pytest.approx(wanted, rel=1e-12)
        for name, cost in wanted.items():
            assert found[name][number] == pytest.approx(cost, rel=1e-12)
        for name in ("macs", "params"):
            assert type(model().costs(genotype)[name]) is int
        assert table_keys(SPACE, genotype) == table_keys(plain, own)
        assert published_macs(SPACE, genotype) == published_macs(plain, own)
        assert live_memory(SPACE, genotype) == live_memory(plain, own)


def test_some_networks_have_a_shortcut_by_their_widths() -> None:
    shortcuts = [
        block.has_shortcut
        for block in every_shape(SPACE)
        if block.name == "stage1_block0"
    ]
    assert sum(shortcuts) == 2
    assert not shortcuts[-1]


@pytest.mark.parametrize("name", NAMES)
def test_extremes_are_those_of_all_networks(name: str) -> None:
    everything = np.array(
        [genotype.path for genotype in HALVES.enumerate()], np.int64
    )
    halves = CostModel(HALVES, shaped_table(HALVES), counts_memory=True)
    costs = halves.path_costs(name, everything)
    found = [halves.costs(each)[name] for each in halves.extremes(name)]
    assert found == pytest.approx([costs.min(), costs.max()], rel=1e-12)
    assert halves.range(name) == tuple(found)


def test_extremes_keep_to_what_is_active() -> None:
    active = [list(indices) for indices in HALVES.active]
    active[0], active[3] = [1], [0]
    halves = CostModel(HALVES.restrict(active), counts_memory=True)
    for name in halves.names:
        for genotype in halves.extremes(name):
            assert genotype.path[0] == 1
            assert genotype.path[3] == 0


def test_networks_within_a_limit_are_found() -> None:
    low, high = model().range("macs")
    budget = Budget(
        macs=low + 0.05 * (high - low), ram_bytes=model().range("ram_bytes")[1]
    )
    found = sample_within(model(), budget, np.random.default_rng(0), 30)
    assert (budget.path_excess(model(), found) == 0).all()
    tight = dataclasses.replace(budget, macs=1.001 * low)
    assert len(sample_within(model(), tight, np.random.default_rng(0), 5)) == 5
    with pytest.raises(BudgetError, match="the cheapest costs"):
        Budget(macs=0.9 * low).check_reachable(model())


def test_descriptions_name_the_widths() -> None:
    genotype = parse_genotype(HALVES, GENES)
    network = describe_network(HALVES, genotype, counts_memory=True)
    assert network.genotype == GENES
    shapes = [part.out_shape[-1] for part in network.blocks if part.is_choice]
    assert shapes == [8, 8, 32]
    costs = CostModel(HALVES, counts_memory=True).costs(genotype)
    assert network.macs == costs["macs"]
    assert network.params == costs["params"]
    assert network.ram_bytes == costs["ram_bytes"]
    space = describe_space(HALVES)
    assert space.blocks[0].name == "stage0_width"
    assert [each.op for each in space.blocks[0].candidates] == [
        *("width_0.5", "width_1")
    ]
    plain = describe_space(chain())
    # The supernet is that of the widest network, and no width adds to it.
    assert (space.macs, space.params) == (plain.macs, plain.params)
    assert space.macs_range.highest == plain.macs_range.highest
    assert space.macs_range.lowest < plain.macs_range.lowest
