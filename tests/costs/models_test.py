import json

import hypothesis
import numpy as np
import pytest

from nse_tf.costs import COSTS, CostModel, backbone_parts, op_part
from nse_tf.costs.cost_names import MICRO
from nse_tf.spaces import (
    Genotype,
    MBConv,
    SearchSpace,
    make_preset,
    published_network,
)
from nse_tf.spaces.space_json import space_from_json, space_to_json
from tests.costs.strategies import made_up_table
from tests.spaces.strategies import small_spaces, spaces_and_genotypes

TINY = make_preset("spos_tiny", image_size=(8, 8), num_classes=10)


@hypothesis.given(spaces_and_genotypes())
def test_a_genotype_costs_the_sum_of_its_parts(
    drawn: tuple[SearchSpace, Genotype],
) -> None:
    space, genotype = drawn
    parts = list(backbone_parts(space.skeleton))
    for block, gene in zip(space.blocks, genotype.genes, strict=True):
        parts += [op_part(block.candidates[index], block) for index in gene]
    assert CostModel(space).costs(genotype) == {
        "macs": sum(part.macs for part in parts),
        "params": sum(part.params for part in parts),
    }


def test_an_op_that_no_machine_computes_is_refused() -> None:
    """Before numbers leave 64 bits, as a space file can have it."""
    text = json.dumps(space_to_json(TINY))
    value = json.loads(text.replace("mbconv_k3_e3", f"mbconv_k3_e{10**18}"))
    del value["fingerprint"]
    model = CostModel(space_from_json(value))
    with pytest.raises(ValueError, match=r"e10+' of block .* no machine"):
        model.costs(model.space.genotype((0,) * len(TINY.blocks)))


@hypothesis.given(small_spaces())
def test_many_paths_cost_what_each_costs(space: SearchSpace) -> None:
    model = CostModel(space, made_up_table(space), counts_memory=True)
    paths = space.sample_paths(np.random.default_rng(0), 20)
    for name in COSTS:
        one_by_one = [
            model.costs(space.genotype(path.tolist()))[name] for path in paths
        ]
        assert model.path_costs(name, paths).tolist() == one_by_one


@hypothesis.given(small_spaces())
def test_no_network_of_a_space_costs_less_or_more_than_its_extremes(
    space: SearchSpace,
) -> None:
    model = CostModel(space, made_up_table(space), counts_memory=True)
    genotypes = list(space.enumerate())
    is_single = all(block.max_open == 1 for block in space.blocks)
    for name in COSTS:
        costs = [model.costs(each)[name] for each in genotypes]
        if is_single or name not in MICRO:
            assert model.range(name) == (min(costs), max(costs))
        else:  # A mean of several branches has kernels of its own.
            assert model.range(name)[0] <= min(costs)


def test_costs_are_given_as_far_as_they_are_known() -> None:
    genotype = TINY.sample(np.random.default_rng(0))
    assert tuple(CostModel(TINY).costs(genotype)) == ("macs", "params")
    assert CostModel(TINY).names == ("macs", "params")
    model = CostModel(TINY, made_up_table(TINY), counts_memory=True)
    assert tuple(model.costs(genotype)) == COSTS == model.names
    model = CostModel(TINY, counts_memory=True)
    assert model.names == ("macs", "params", "ram_bytes", "flash_bytes")


def test_a_table_has_overhead_backbone_and_every_open_candidate() -> None:
    table = made_up_table(TINY)
    model = CostModel(TINY, table)
    genotype = TINY.genotype([0, -1, -1, -1, -1, -1, 0, -1, -1, 0])
    keys = [
        *TINY.skeleton.cost_keys,
        *(TINY.blocks[i].cost_key(MBConv(3, 3).name) for i in (0, 6, 9)),
    ]
    latency_ms, size_bytes = table.predict(keys)
    costs = model.costs(genotype)
    assert costs["latency_ms"] == latency_ms
    assert costs["size_bytes"] == size_bytes


def test_blocks_of_equal_shape_share_a_row() -> None:
    op = MBConv(3, 3)
    keys = [block.cost_key(op.name) for block in make_preset("spos").blocks]
    assert keys[0] == "mbconv_k3_e3/in:112x112x24/out:56x56x32"
    assert keys[1] == "mbconv_k3_e3/in:56x56x32/out:56x56x32/shortcut"
    assert keys[1] == keys[2] == keys[3]
    assert len(set(keys)) == 11


def test_rows_of_the_backbone_name_every_number_that_shapes_them() -> None:
    assert make_preset("spos", num_classes=10).skeleton.cost_keys == (
        "stem_s2/in:224x224x3/stem:40/out:24",
        "tail/in:7x7x432/tail:1728/classes:10",
    )


def test_a_table_without_a_row_says_which() -> None:
    model = CostModel(make_preset("spos"), made_up_table(TINY))
    with pytest.raises(KeyError, match=r"no row 'stem_s2/in:224x224x3"):
        _ = model.backbone


def test_the_cost_of_an_inactive_candidate_is_not_in_the_range() -> None:
    space = TINY.without([(0, 5), (0, 4), (0, 3), (0, 2), (0, 1)])
    assert CostModel(space).range("macs")[1] < CostModel(TINY).range("macs")[1]


def test_a_genotype_of_another_space_is_not_counted() -> None:
    genotype = make_preset("spos").genotype([0] * 21)
    with pytest.raises(ValueError, match="belongs to the space of"):
        CostModel(TINY).costs(genotype)


def test_what_is_handed_over_costs_what_the_published_network_does() -> None:
    small, deep = make_preset("darts_cifar"), make_preset("darts_cifar_deep")
    model = CostModel(small, final=small.resized(20, 36))
    assert model.priced.fingerprint == deep.fingerprint
    published, genotype = published_network("darts_v2_cifar")
    costs = model.costs(small.genotype(genotype.genes))
    assert costs == CostModel(published).costs(genotype)
    assert 3.3e6 < costs["params"] < 3.4e6
    paths = small.sample_paths(np.random.default_rng(0), 5)
    for name in ("macs", "params"):
        assert np.array_equal(
            model.path_costs(name, paths),
            CostModel(deep).path_costs(name, paths),
        )
    assert model.range("macs") == CostModel(deep).range("macs")


def test_what_is_handed_over_has_the_same_candidates() -> None:
    with pytest.raises(ValueError, match="`final` 'nb201' has other candidate"):
        CostModel(make_preset("darts"), final=make_preset("nb201"))
