"""The whole supernet: seeds, open branches, no trace for another path."""

import numpy as np
import pytest
import tensorflow as tf

from nse_tf.spaces import Genotype, SearchSpace
from nse_tf.supernet import INACTIVE, Supernet
from tests.supernet.tiny_spaces import (
    every_candidate_once,
    random_images,
    tiny_space,
)


@pytest.fixture(scope="module")
def space() -> SearchSpace:
    return tiny_space()


@pytest.fixture(scope="module")
def supernet(space: SearchSpace) -> Supernet:
    return Supernet(space, seed=0)


def _all_equal(one: Supernet, other: Supernet) -> list[bool]:
    pairs = zip(one.get_weights(), other.get_weights(), strict=True)
    return [np.array_equal(first, second) for first, second in pairs]


def test_equal_seeds_give_equal_weights_and_others_do_not(
    space: SearchSpace, supernet: Supernet
) -> None:
    assert all(_all_equal(supernet, Supernet(space, seed=0)))
    assert not all(_all_equal(supernet, Supernet(space, seed=1)))


def test_initialize_equals_a_new_supernet_of_that_seed(
    space: SearchSpace, supernet: Supernet
) -> None:
    used = Supernet(space, seed=5)
    used.set_weights([value + 1 for value in used.get_weights()])
    used.initialize(0)
    assert all(_all_equal(used, supernet))


def test_a_shrunk_space_has_the_supernet_of_the_full_one(
    space: SearchSpace, supernet: Supernet
) -> None:
    shrunk = space.restrict([(0,), (1, 2), (3,)])
    assert all(_all_equal(Supernet(shrunk, seed=0), supernet))
    rng = np.random.default_rng(0)
    assert supernet.encode(shrunk.sample(rng)).shape == (3, 1)


def test_open_branches_are_padded() -> None:
    supernet = Supernet(tiny_space(max_open=3))
    genotype = supernet.space.genotype([(0, 2), 3, (0, 1, 3)])
    open_branches = supernet.encode(genotype)
    assert open_branches.dtype == np.int32
    assert open_branches.tolist() == [
        [0, 2, INACTIVE],
        [3, INACTIVE, INACTIVE],
        [0, 1, 3],
    ]


def test_a_genotype_of_another_space_is_refused(supernet: Supernet) -> None:
    other = Genotype(((0,), (0,), (0,)), "another space")
    with pytest.raises(ValueError, match="another space"):
        supernet.encode(other)


def test_no_path_needs_a_trace_of_its_own(supernet: Supernet) -> None:
    @tf.function
    def run(images: tf.Tensor, open_branches: tf.Tensor) -> tf.Tensor:
        return supernet(images, open_branches)

    images = tf.constant(random_images(supernet.space, 2))
    for genotype in every_candidate_once(supernet.space):
        open_branches = supernet.encode(genotype)
        eager = supernet(images, open_branches)
        np.testing.assert_allclose(
            run(images, tf.constant(open_branches)), eager, rtol=1e-5, atol=1e-5
        )
    assert run.experimental_get_tracing_count() == 1


def test_images_may_be_whole_numbers(supernet: Supernet) -> None:
    images = random_images(supernet.space, 2)
    open_branches = supernet.encode(every_candidate_once(supernet.space)[0])
    np.testing.assert_array_equal(
        supernet(images, open_branches),
        supernet(images.astype(np.float32), open_branches),
    )
