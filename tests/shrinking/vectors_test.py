"""Lengths of weight vectors, and which weights of the backbone count."""

import numpy as np
import pytest

from nse_tf.shrinking import (
    BACKBONE_KERNELS,
    EVERY_BACKBONE_WEIGHT,
    NO_BACKBONE,
    BackboneParts,
    vector_length,
)
from nse_tf.shrinking.vectors import pooling_sums
from nse_tf.spaces import make_preset, published_network

NB201 = make_preset("nb201")
BY_WEIGHT = {
    "stem/kernel": np.array([1.0, 4.0, 9.0]),
    "stem_bn/gamma": np.array([10.0, 40.0, 90.0]),
    "classifier/kernel": np.array([2.0, 5.0, 1.0]),
    "classifier/bias": np.array([100.0, 400.0, 900.0]),
}


@pytest.mark.parametrize(
    ("op", "length"),
    [(0, 73_306), (1, 73_306), (3, 2_008_666), (4, 113_626)],
)
def test_vectors_of_uniform_cells(op: int, length: int) -> None:
    assert vector_length(NB201, (op,) * 6, EVERY_BACKBONE_WEIGHT) == length


def test_a_weight_on_two_paths_counts_twice() -> None:
    # Kernels of 3x3 in 15 cells: 9 * 5 * (16² + 32² + 64²).
    kernels = 241_920
    path = (3, 1, 1, 1, 1, 1)
    assert vector_length(NB201, path, NO_BACKBONE) == 2 * kernels
    broken = (3, 1, 0, 1, 0, 1)
    assert vector_length(NB201, broken, NO_BACKBONE) == 0


@pytest.mark.parametrize(
    ("name", "length"),
    [
        ("spos_abs", 5_896_560),
        ("proxyless_abs", 5_915_256),
        ("fairnas_abs", 3_742_760),
    ],
)
def test_vectors_of_published_chains(name: str, length: int) -> None:
    space, genotype = published_network(name)
    assert vector_length(space, genotype.path) == length


def test_a_halving_skip_adds_nothing_though_it_has_kernels() -> None:
    space = make_preset("darts_shrinking")
    skips = vector_length(space, (3,) * 14, NO_BACKBONE)
    nothing = vector_length(space, (0,) * 14, NO_BACKBONE)
    assert skips == nothing == 0


def test_pooling_constants_by_hand() -> None:
    sums = pooling_sums(NB201)
    # 9 constants of 1/9 squared, for 5 * (16 + 32 + 64) channels.
    np.testing.assert_allclose(sums[:, 4], 560 / 9)
    assert not sums[:, :4].any()


@pytest.mark.parametrize(
    ("backbone", "expected"),
    [
        (EVERY_BACKBONE_WEIGHT, [113.0, 449.0, 1000.0]),
        (BACKBONE_KERNELS, [3.0, 9.0, 10.0]),
        (NO_BACKBONE, [0.0, 0.0, 0.0]),
        (
            BackboneParts(("kernel", "bias"), ("classifier",)),
            [102.0, 405.0, 901.0],
        ),
        (BackboneParts(layers=("stem",), at_angle_zero=True), [6.0, 4.0, 9.0]),
    ],
)
def test_what_counts_of_the_backbone(
    backbone: BackboneParts, expected: list[float]
) -> None:
    np.testing.assert_allclose(backbone.sums(BY_WEIGHT), expected)


def test_an_unknown_layer_is_refused_with_those_there_are() -> None:
    with pytest.raises(ValueError, match=r"names head; .* stem, stem_bn, cla"):
        BackboneParts(layers=("head",)).sums(BY_WEIGHT)
