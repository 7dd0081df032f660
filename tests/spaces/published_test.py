import pytest

from nse_tf.spaces import PUBLISHED, Identity, published_network
from nse_tf.spaces.genotype_text import format_genotype


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


@pytest.mark.parametrize("name", ["nsenet_27", "spos_abs", "darts_abs"])
def test_a_published_network_is_adapted_to_images(name: str) -> None:
    published, genotype = published_network(name)
    space, adapted = published_network(
        name, image_size=(192, 160), image_channels=1, num_classes=5
    )
    assert space.skeleton.image_size == (192, 160)
    assert space.skeleton.image_channels == 1
    assert space.skeleton.num_classes == 5
    assert format_genotype(space, adapted) == format_genotype(
        published, genotype
    )


def test_a_network_that_images_are_too_small_for_is_refused() -> None:
    with pytest.raises(ValueError, match=r"has 22 blocks.* has 17\. Make"):
        published_network("nsenet", image_size=(96, 96))
    with pytest.raises(ValueError, match="'lb_k9_e3_g1x2' in 'stage5_block2'"):
        published_network("nsenet", image_size=(128, 128))
