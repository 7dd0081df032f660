import dataclasses

import pytest

from nse_tf.costs import CostModel, published_macs
from nse_tf.spaces import PUBLISHED, make_preset, published_network


@pytest.mark.parametrize(
    ("name", "millions", "in_the_paper"),
    [
        ("spos_abs", "472.51906", 472),
        ("proxyless_abs", "470.69391", 470),
        ("fairnas_abs", "325.06838", 325),
    ],
)
def test_published_networks_cost_what_was_published(
    name: str, millions: str, in_the_paper: int
) -> None:
    macs = published_macs(*published_network(name))
    assert f"{macs / 1e6:.5f}" == millions
    assert macs // 10**6 == in_the_paper


@pytest.mark.parametrize(
    ("name", "macs", "params"),
    [
        ("spos_abs", 470_792_064, 5_936_776),
        ("proxyless_abs", 468_966_912, 5_955_808),
        ("fairnas_abs", 310_944_320, 3_774_992),
    ],
)
def test_published_networks_by_our_count(
    name: str, macs: int, params: int
) -> None:
    space, genotype = published_network(name)
    costs = CostModel(space).costs(genotype)
    assert costs == {"macs": macs, "params": params}
    assert all(isinstance(value, int) for value in costs.values())


def test_extremes_of_the_spos_chain_are_the_published_ones() -> None:
    space = make_preset("spos")
    most_expensive = space.genotype([5] * 21)
    no_identity = space.genotype([0] * 21)
    assert f"{published_macs(space, no_identity) / 1e6:.2f}" == "462.64"
    assert f"{published_macs(space, most_expensive) / 1e6:.2f}" == "1038.40"


def test_the_published_classifier_multiplies_and_adds_apart() -> None:
    # 2 C - 1 a class: post-processing of 40.0333 M instead of 38.3063 M.
    space, genotype = published_network("spos_abs")
    macs = CostModel(space).costs(genotype)["macs"]
    assert published_macs(space, genotype) - macs == 1727 * 1000
    assert 49 * 432 * 1728 + (2 * 1728 - 1) * 1000 == 40_033_304


def test_the_published_fairnas_table_counts_an_absent_convolution() -> None:
    # 33.7183 M before the first block, where the network itself has 20.8732 M;
    # 312.223 M in all without that.
    space, genotype = published_network("fairnas_abs")
    absent = 112 * 112 * 32 * 32
    assert f"{(20_873_216 + absent) / 1e6:.4f}" == "33.7183"
    real = published_macs(space, genotype) - absent
    assert f"{real / 1e6:.3f}" == "312.223"


@pytest.mark.parametrize("name", PUBLISHED)
def test_an_adapted_space_is_counted_plainly(name: str) -> None:
    space = make_preset(PUBLISHED[name].space, num_classes=10)
    genotype = space.genotype(PUBLISHED[name].genes)
    costs = CostModel(space).costs(genotype)
    assert published_macs(space, genotype) == costs["macs"]


def test_a_genotype_of_another_space_is_refused() -> None:
    _, genotype = published_network("spos_abs")
    with pytest.raises(ValueError, match="belongs to the space of"):
        published_macs(make_preset("fairnas"), genotype)


def test_an_unknown_convention_is_refused_with_those_there_are() -> None:
    space, genotype = published_network("spos_abs")
    odd = dataclasses.replace(space, convention="odd")
    with pytest.raises(ValueError, match=r"'odd'; known .* plain, thop, "):
        published_macs(odd, genotype)
