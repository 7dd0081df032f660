import dataclasses
import itertools
import json

import hypothesis
import pytest

from nse_tf.costs import (
    CostModel,
    describe_network,
    describe_space,
    published_macs,
)
from nse_tf.spaces import (
    PUBLISHED,
    Genotype,
    SearchSpace,
    make_preset,
    parse_genotype,
    published_network,
)
from tests.spaces.strategies import small_spaces, spaces_and_genotypes


@hypothesis.given(spaces_and_genotypes())
def test_the_parts_of_a_network_sum_to_what_it_costs(
    drawn: tuple[SearchSpace, Genotype],
) -> None:
    space, genotype = drawn
    network = describe_network(space, genotype)
    costs = CostModel(space).costs(genotype)
    assert network.macs == costs["macs"]
    assert network.params == costs["params"]
    assert sum(block.macs for block in network.blocks) == network.macs
    assert sum(block.params for block in network.blocks) == network.params
    assert network.published_macs == published_macs(space, genotype)
    assert parse_genotype(space, network.genotype) == genotype


@hypothesis.given(spaces_and_genotypes())
def test_each_part_takes_what_the_part_before_gives(
    drawn: tuple[SearchSpace, Genotype],
) -> None:
    space, genotype = drawn
    blocks = describe_network(space, genotype).blocks
    assert blocks[0].in_shape == (
        *space.skeleton.image_size,
        space.skeleton.image_channels,
    )
    for before, after in itertools.pairwise(blocks):
        assert before.out_shape == after.in_shape
    assert blocks[-1].out_shape == (space.skeleton.num_classes,)
    assert [block.is_choice for block in blocks] == [
        *[False] * 2,
        *[True] * len(space.blocks),
        *[False] * 2,
    ]


@hypothesis.given(small_spaces())
def test_the_range_of_a_space_holds_all_its_genotypes(
    space: SearchSpace,
) -> None:
    description = describe_space(space)
    model = CostModel(space)
    costs = [model.costs(genotype) for genotype in space.enumerate()]
    for name, found in (
        ("macs", description.macs_range),
        ("params", description.params_range),
    ):
        assert found.lowest == min(each[name] for each in costs)
        assert found.highest == max(each[name] for each in costs)
        for text, cost in (
            (found.cheapest, found.lowest),
            (found.most_expensive, found.highest),
        ):
            assert model.costs(parse_genotype(space, text))[name] == cost


@hypothesis.given(small_spaces())
def test_the_supernet_costs_all_candidates_at_once(space: SearchSpace) -> None:
    description = describe_space(space)
    model = CostModel(space)
    for name, cost in (
        ("macs", description.macs),
        ("params", description.params),
    ):
        every = sum(model.by_operator[name][at] for at in space.operators)
        assert cost == model.backbone[name] + every
    assert description.size == space.size
    assert description.num_blocks == len(description.blocks)
    assert description.num_operators == len(space.operators)


def test_the_spos_space_by_hand() -> None:
    description = describe_space(make_preset("spos"), name="spos")
    assert description.kind == "space"
    assert description.size_text == "221502229807900608"
    assert description.num_operators == 141
    assert description.macs_range.lowest == 182_479_200
    assert description.macs_range.highest == 1_036_673_856
    assert [part.name for part in description.backbone] == [
        "stem",
        "first",
        "tail",
        "classifier",
    ]
    first = description.blocks[0]
    assert (first.in_shape, first.out_shape) == ((112, 112, 24), (56, 56, 32))
    assert [each.op for each in first.candidates][:2] == [
        "mbconv_k3_e3",
        "mbconv_k3_e6",
    ]
    assert f"{first.candidates[0].macs / 1e6:.4f}" == "30.9335"


def test_inactive_candidates_are_not_described() -> None:
    space = make_preset("fairnas").without([(0, 0), (0, 5)])
    first = describe_space(space).blocks[0]
    assert [each.op for each in first.candidates] == [
        "mbconv_k3_e6",
        "mbconv_k5_e3",
        "mbconv_k5_e6",
        "mbconv_k7_e3",
    ]


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_description_survives_json(name: str) -> None:
    space, genotype = published_network(name)
    for description in (
        describe_network(space, genotype, kind="network", name=name),
        describe_space(space),
    ):
        value = dataclasses.asdict(description)
        read = json.loads(json.dumps(value))
        assert list(read) == list(value)
        for key in ("macs", "published_macs", "params"):
            assert type(read[key]) is int
            assert read[key] == value[key]
