"""The stand-alone network of DARTS cells."""

import pathlib

import keras
import numpy as np
import pytest

from nse_tf.costs import CostModel
from nse_tf.spaces import SearchSpace, published_network
from nse_tf.supernet import build_child, with_stock_layers
from tests.supernet.tiny_cells import images_of
from tests.supernet.tiny_darts import lively_darts, paths_of, tiny_darts

SPACE = tiny_darts()


def num_trained(child: keras.Model) -> int:
    return sum(int(np.prod(each.shape)) for each in child.trainable_weights)


def macs_of(child: keras.Model) -> int:
    """Returns the multiply-accumulates of a child's layers, as they stand."""
    total = 0
    for layer in child.layers:
        if isinstance(
            layer, keras.layers.DepthwiseConv2D | keras.layers.Conv2D
        ):
            _, height, width, _ = layer.output.shape
            total += height * width * int(np.prod(layer.kernel.shape))
        if isinstance(layer, keras.layers.Dense):
            total += int(np.prod(layer.kernel.shape))
    return total


@pytest.mark.parametrize(
    ("space", "path"),
    [
        (space, path)
        for space in (
            tiny_darts(),
            tiny_darts("darts_shrinking", 4),
            tiny_darts("darts_cifar", 4),
        )
        for path in paths_of(space)[:2]
    ],
)
def test_a_child_has_the_weights_and_macs_of_the_cost_model(
    space: SearchSpace, path: tuple[int, ...]
) -> None:
    genotype = space.genotype(path)
    child = build_child(space, genotype)
    costs = CostModel(space).costs(genotype)
    assert num_trained(child) == costs["params"]
    assert macs_of(child) == costs["macs"]


def _op_numbers(op: str, width: int, stride: int) -> tuple[int, int]:
    """Returns how many numbers an op has in kernels and in affine norms."""
    match op.split("_"):
        case ["skip", _] if stride == 2:
            return width * width, 2 * width
        case ["sep" | "dil" as kind, _, size]:
            repeats = 2 if kind == "sep" else 1
            kernels = int(size[0]) ** 2 * width + width * width
            return repeats * kernels, repeats * 2 * width
        case _:
            return 0, 0


def by_formula(space: SearchSpace, path: tuple[int, ...]) -> dict[str, int]:
    """Returns the costs of a network on DARTS's skeleton for CIFAR-10.

    A kernel's number counts once for each pixel that it makes.
    """
    width, area = space.as_cells().skeleton.channels, 32 * 32
    num_cells = space.as_cells().skeleton.num_cells
    before = last = 3 * width
    params = 9 * 3 * last + 2 * last  # The stem.
    macs = 9 * 3 * last * area
    for cell in range(num_cells):
        reduces = cell in (num_cells // 3, 2 * num_cells // 3)
        width *= 2 if reduces else 1
        # Both inputs are brought to the width by as many numbers, also where
        # the older one is twice as large.
        params += (before + last) * width + 4 * width
        macs += (before + last) * width * area
        area //= 4 if reduces else 1
        kind = "reduce" if reduces else "normal"
        for edge, index in zip(space.as_cells().edges, path, strict=True):
            if edge.kind == kind:
                stride = 2 if reduces and edge.source < 2 else 1
                op = edge.candidates[index].name
                kernels, norms = _op_numbers(op, width, stride)
                params += kernels + norms
                macs += kernels * area
        before, last = last, 4 * width
    return {
        "params": params + 4 * width * 10 + 10,
        "macs": macs + 4 * width * 10,
    }


# As their papers say; those after ABS were published for ImageNet only.
ON_CIFAR = {
    "darts_v2_cifar": 3.3,
    "pdarts_cifar": 3.4,
    "darts_abs_cifar": None,
    "pdarts_abs_cifar": None,
}


@pytest.mark.parametrize("name", ON_CIFAR)
def test_networks_on_cifar_count_as_their_formula_and_their_papers_say(
    name: str,
) -> None:
    space, genotype = published_network(name)
    costs, millions = CostModel(space).costs(genotype), ON_CIFAR[name]
    assert costs == by_formula(space, genotype.path)
    if millions is not None:
        assert round(costs["params"] / 1e6, 1) == millions


@pytest.mark.slow
def test_a_network_on_cifar_has_the_costs_of_its_formula() -> None:
    space, genotype = published_network("darts_v2_cifar")
    child = build_child(space, genotype, fast=False)
    wanted = by_formula(space, genotype.path)
    assert num_trained(child) == wanted["params"]
    assert macs_of(child) == wanted["macs"]
    assert child.output_shape == (None, 10)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "params"), [("darts_abs", 5.590e6), ("pdarts", 4.944e6)]
)
def test_published_networks_count_as_published(
    name: str, params: float
) -> None:
    space, genotype = published_network(name)
    child = build_child(space, genotype, fast=False)
    assert num_trained(child) == pytest.approx(params, abs=1e3)
    assert child.output_shape == (None, 1000)


def test_stock_layers_say_the_same_and_load_alone(
    tmp_path: pathlib.Path,
) -> None:
    genotype = SPACE.genotype(paths_of(SPACE)[0])
    child = build_child(SPACE, genotype, seed=3)
    stock = with_stock_layers(SPACE, genotype, child)
    stock.save(tmp_path / "cells.keras")
    loaded = keras.models.load_model(tmp_path / "cells.keras")
    images = images_of(SPACE)
    wanted = child(images)
    np.testing.assert_allclose(loaded(images), wanted, rtol=1e-4, atol=1e-5)


def test_only_children_of_a_supernet_norm_their_poolings() -> None:
    genotype = SPACE.genotype(paths_of(SPACE)[0])
    inherited = lively_darts(SPACE).cut_out(genotype, fast=False)
    alone = build_child(SPACE, genotype, fast=False)
    names = {each.name for each in alone.layers}
    extra = [each for each in inherited.layers if each.name not in names]
    assert extra
    assert all("_pool_3x3_bn0" in each.name for each in extra)
    assert not any(each.trainable_weights for each in extra)


def test_a_seed_is_exact_and_dropout_is_a_layer() -> None:
    genotype = SPACE.genotype(paths_of(SPACE)[1])
    first, again, other = (
        build_child(SPACE, genotype, seed=seed, dropout=0.5).get_weights()
        for seed in (0, 0, 1)
    )
    for one, two in zip(first, again, strict=True):
        np.testing.assert_array_equal(one, two)
    assert (first[0] != other[0]).any()
    layers = build_child(SPACE, genotype, dropout=0.5).layers
    assert "dropout" in [layer.name for layer in layers]
