"""Extra skips beside the mixtures of edges."""

import numpy as np
import pytest
import tensorflow as tf

from nse_tf.spaces import SearchSpace
from nse_tf.supernet import DartsSupernet, ExtraSkips, NB201Supernet
from tests.supernet.tiny_cells import images_of, tiny_cells
from tests.supernet.tiny_darts import tiny_darts

SUPERNETS = {
    "nb201": NB201Supernet(tiny_cells()),
    "darts": DartsSupernet(tiny_darts("darts_cifar")),
}


def skips_of(space: SearchSpace) -> list[int]:
    return [block.index_of("skip_connect") for block in space.blocks]


def own_kernels(supernet: DartsSupernet) -> dict[int, tf.Tensor]:
    """Returns the kernels of the skips that halve, as extra ones."""
    skip, *_ = skips_of(supernet.space)
    found = {}
    for number, packed in enumerate(supernet.cells):
        numbers = packed.row_index[0, :, skip]
        has_row = numbers < len(packed.pieces)
        if has_row.any():
            length = packed.kernel_sizes[numbers[has_row][0]]
            rows = packed.rows.numpy()[numbers[has_row], :length]
            found[number] = tf.constant(rows)
    return found


@pytest.mark.parametrize("name", SUPERNETS)
def test_a_skip_and_an_extra_one_like_it_add_up(name: str) -> None:
    supernet = SUPERNETS[name]
    space = supernet.space
    active = [(skip,) for skip in skips_of(space)]
    shape = (len(space.blocks), space.max_candidates)
    images = tf.constant(images_of(space))
    kernels = own_kernels(supernet) if name == "darts" else {}
    found = supernet.mix(
        images,
        tf.fill(shape, 0.5),
        active,
        extra_skips=ExtraSkips(tf.constant(0.25), kernels),
    )
    wanted = supernet.mix(images, tf.fill(shape, 0.75), active)
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-5)


def test_only_edges_that_halve_have_kernels_and_a_seed_draws_them() -> None:
    assert SUPERNETS["nb201"].new_extra_kernels(0) == {}
    darts = SUPERNETS["darts"]
    kernels, again, other = map(darts.new_extra_kernels, (0, 0, 1))
    # Eight edges leave an input of each reduction; widths are 10 and 20.
    shapes = {number: tuple(each.shape) for number, each in kernels.items()}
    assert shapes == {1: (8, 100), 2: (8, 400)}
    assert np.array_equal(kernels[1], again[1])
    assert not np.array_equal(kernels[1], other[1])
