import pytest

from nse_tf.spaces import PUBLISHED, Identity, published_network


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_published_network_lies_in_its_space(name: str) -> None:
    space, genotype = published_network(name)
    assert genotype in space
    assert space.name == PUBLISHED[name].space


@pytest.mark.parametrize(
    "name",
    [name for name, each in PUBLISHED.items() if -1 in each.genes],
)
def test_minus_one_is_the_identity(name: str) -> None:
    space, genotype = published_network(name)
    for block, index, published in zip(
        space.blocks, genotype.path, PUBLISHED[name].genes, strict=True
    ):
        assert (block.candidates[index] == Identity()) == (published == -1)
        assert published in (-1, index)


def test_an_unknown_network_is_offered_the_nearest() -> None:
    with pytest.raises(ValueError, match=r"'spos_asb'.* mean 'spos_abs'"):
        published_network("spos_asb")
