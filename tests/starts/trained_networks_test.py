"""Networks that are cut out of a trained chain, and what they start from."""

import numpy as np
import pytest

from nse_tf.spaces import space_from_json, space_to_json
from nse_tf.starts import read_chain
from nse_tf.supernet import TrainedNetworks, networks_of
from tests.starts.tiny_trained import features_of, tiny_trained
from tests.supernet.tiny_spaces import random_images

CHAIN = read_chain(tiny_trained(), "tiny")


@pytest.fixture(scope="module")
def networks() -> TrainedNetworks:
    return TrainedNetworks(CHAIN, (8, 8), num_classes=3)


def outputs_without(inner: np.ndarray) -> np.ndarray:
    """Returns the variance that each channel leaves when it is alone.

    By drawing what the depthwise norm says of it, many times.
    """
    values = CHAIN.blocks[0].values
    rng = np.random.default_rng(0)
    drawn = rng.normal(size=(20_000, len(inner)))
    drawn = drawn * values["depthwise_bn", "gamma"][inner]
    drawn = np.clip(drawn + values["depthwise_bn", "beta"][inner], 0, 6)
    kernel = values["project", "kernel"][0, 0, inner]
    variance: np.ndarray = drawn.var(axis=0) * np.square(kernel).sum(axis=1)
    return variance


def test_channels_are_sorted_by_what_they_give_the_output() -> None:
    block, ordered = CHAIN.blocks[0], CHAIN.sorted_by_importance().blocks[0]
    scales = block.values["depthwise_bn", "gamma"]
    order = [
        int(np.flatnonzero(scales == scale)[0])
        for scale in ordered.values["depthwise_bn", "gamma"]
    ]
    assert sorted(order) == list(range(len(scales)))
    variances = outputs_without(np.array(order))
    assert (variances[1:] < 1.05 * variances[:-1]).all()
    assert variances[0] > 2 * variances[-1]
    for key, axis in (("expand", 3), ("depthwise", 2), ("project", 2)):
        np.testing.assert_array_equal(
            ordered.values[key, "kernel"],
            np.take(block.values[key, "kernel"], order, axis),
        )


def test_children_are_cut_out_of_the_chain(networks: TrainedNetworks) -> None:
    """Of 5x5 kernels the middle, of 48 channels the 24 most important."""
    space = networks.space
    block = space.blocks[0]
    index = block.index_of("mbconv_k3_e3")
    child = networks.child(space.genotype([index, -1]), seed=3)
    trained = CHAIN.sorted_by_importance().blocks[0].values
    prefix = "stage0_block0_mbconv_k3_e3"
    kernel = child.get_layer(f"{prefix}_depthwise").get_weights()[0]
    np.testing.assert_array_equal(
        kernel, trained["depthwise", "kernel"][1:4, 1:4, :24]
    )
    for weight, value in zip(
        ("gamma", "beta", "moving_mean", "moving_variance"),
        child.get_layer(f"{prefix}_expand_bn").get_weights(),
        strict=True,
    ):
        np.testing.assert_array_equal(value, trained["expand_bn", weight][:24])
    other = networks.child(space.genotype([index, -1]), seed=4)
    for one, two, name in zip(
        child.get_weights(),
        other.get_weights(),
        [weight.path for weight in child.weights],
        strict=True,
    ):
        assert (one == two).all() == ("classifier" not in name)


def test_a_supernet_starts_as_its_children(networks: TrainedNetworks) -> None:
    space = networks.space
    supernet = networks.supernet(seed=7)
    assert networks.sharing == "nested"
    images = random_images(space, 2)
    for genes in ([0, 0], [4, 1], [5, 2]):
        genotype = space.genotype(genes)
        cut_out = supernet.cut_out(genotype)
        np.testing.assert_array_equal(
            features_of(cut_out, images),
            features_of(networks.child(genotype), images),
        )
    before = [variable.numpy() for variable in supernet.variables]
    for variable in supernet.variables:
        variable.assign(variable + 1.0)
    supernet.initialize(7)
    for variable, value in zip(supernet.variables, before, strict=True):
        np.testing.assert_array_equal(variable, value)


def test_the_space_is_kept_with_what_its_networks_depend_on(
    networks: TrainedNetworks,
) -> None:
    space = networks.space
    read = space_from_json(space_to_json(space))
    assert read == space
    assert read.fingerprint == space.fingerprint
    assert read.skeleton == space.skeleton
    # Without the chain there are its networks, but not its weights.
    genotype = space.genotype([0, 0])
    fresh = networks_of(read, "nested").child(genotype)
    norm = fresh.get_layer("stem_bn")
    assert norm.epsilon == pytest.approx(CHAIN.norm_epsilon)
    assert (norm.get_weights()[0] == 1).all()


def test_kernels_that_see_nothing_more_are_left_out() -> None:
    for size, kernels in (((8, 8), {5, 3}), ((2, 2), {3})):
        _, blocks = CHAIN.space(size, 3).as_chain()
        assert {op.reach for op in blocks[0].candidates} == kernels
    # A map of one pixel has use for a kernel of one.
    assert blocks[1].candidates[0].reach == 1
    with pytest.raises(ValueError, match="Use at least 2 pixels"):
        CHAIN.space((4, 1), 3)
