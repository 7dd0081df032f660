"""The stand-alone network of a cell."""

import pathlib

import keras
import numpy as np
import pytest

from nse_tf.costs import CostModel
from nse_tf.spaces import make_preset
from nse_tf.supernet import build_child, with_stock_layers
from tests.supernet.tiny_cells import (
    PATHS,
    images_of,
    lively_cells,
    tiny_cells,
)

SPACE = tiny_cells(2)


@pytest.mark.parametrize(
    "path", [(3, 3, 2, 1, 4, 2), (2,) * 6, (1,) * 6, (0,) * 6]
)
def test_a_child_has_as_many_weights_as_the_benchmark_counts(
    path: tuple[int, ...],
) -> None:
    genotype = SPACE.genotype(path)
    child = build_child(SPACE, genotype)
    count = sum(int(np.prod(each.shape)) for each in child.trainable_weights)
    assert count == CostModel(SPACE).costs(genotype)["params"]


def test_a_full_sized_child_counts_as_published() -> None:
    space = make_preset("nb201", depth=0.2)
    genotype = space.genotype([3] * 6)
    child = build_child(space, genotype)
    count = sum(int(np.prod(each.shape)) for each in child.trainable_weights)
    # 1,531,546 with five cells a stage; a cell's six convolutions count
    # 6 * (9 c² + 2 c).
    of_four = sum(4 * 6 * (9 * c * c + 2 * c) for c in (16, 32, 64))
    assert count == 1_531_546 - of_four


def test_stock_layers_say_the_same_and_load_alone(
    tmp_path: pathlib.Path,
) -> None:
    genotype = SPACE.genotype(PATHS[0])
    child = lively_cells(SPACE).cut_out(genotype)
    stock = with_stock_layers(SPACE, genotype, child)
    stock.save(tmp_path / "cell.keras")
    loaded = keras.models.load_model(tmp_path / "cell.keras")
    images = images_of(SPACE)
    wanted = child(images)
    np.testing.assert_allclose(loaded(images), wanted, rtol=1e-4, atol=1e-5)


def test_what_no_output_hears_from_is_left_out() -> None:
    child = build_child(SPACE, SPACE.genotype((3, 0, 0, 1, 0, 0)))
    assert not [each for each in child.layers if "nor_conv" in each.name]


def test_a_seed_is_exact_and_dropout_is_a_layer() -> None:
    genotype = SPACE.genotype(PATHS[1])
    first, again, other = (
        build_child(SPACE, genotype, seed=seed, dropout=0.5).get_weights()
        for seed in (0, 0, 1)
    )
    for one, two in zip(first, again, strict=True):
        np.testing.assert_array_equal(one, two)
    assert (first[0] != other[0]).any()
    layers = build_child(SPACE, genotype, dropout=0.5).layers
    assert "dropout" in [layer.name for layer in layers]
