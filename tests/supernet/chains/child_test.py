"""Children: inherited or fresh, they are what the supernet computes."""

import pathlib
import subprocess
import sys

import hypothesis
import keras
import numpy as np
import pytest

from nse_tf.spaces import Genotype, MBConv, SearchSpace, make_preset
from nse_tf.supernet import (
    FusedBatchNormalization,
    Supernet,
    build_child,
    build_operator,
    build_stem,
    build_tail,
    with_stock_layers,
)
from nse_tf.supernet.layers.depthwise import FastDepthwiseConv2D
from tests.spaces.strategies import spaces_and_genotypes
from tests.supernet.tiny_spaces import (
    GATED_OPS,
    lively,
    random_images,
    tiny_space,
)

WIDE_KERNELS = (MBConv(7, 1), MBConv(3, 6), MBConv(5, 3))
Genes = list[int | tuple[int, ...]]
CASES: dict[str, tuple[SearchSpace, Genes]] = {
    "kernels and expansions mixed": (tiny_space(), [0, 1, 2]),
    "with an open identity": (tiny_space(), [4, 3, 1]),
    "no identity anywhere": (tiny_space(has_identity=False), [2, 3, 0]),
    "color": (tiny_space(image_channels=3), [1, 2, 3]),
    "odd sizes": (tiny_space((9, 7)), [3, 2, 1]),
    "rectangles": (tiny_space((6, 13), 3, WIDE_KERNELS), [0, 2, 0]),
    "two branches": (tiny_space(max_open=2), [(0, 2), (1, 3), (0, 1)]),
    "three, identity among them": (
        tiny_space((9, 8), max_open=3),
        [(0, 2, 4), (1, 2, 3), (3,)],
    ),
    "gated and of other activations": (
        tiny_space((9, 7), 3, GATED_OPS, max_open=2),
        [(0, 1), (2, 4), (3, 4)],
    ),
    "the ends of MobileNetV3": (
        make_preset("excite_small", image_size=(8, 9), width=0.25, depth=0.25),
        [0, 5, 10],
    ),
    "gated, one at a time": (tiny_space(ops=GATED_OPS), [4, 0, 2]),
    "one branch and the identity": (
        tiny_space(max_open=2, image_channels=3),
        [(1, 4), (0,), (2, 3)],
    ),
}


def _check_agreement(
    supernet: Supernet, genotype: Genotype, child: keras.Model
) -> None:
    """Compares outputs in both modes; statistics move in the second."""
    images = random_images(supernet.space, 4)
    open_branches = supernet.encode(genotype)
    for training in (False, True, False):
        np.testing.assert_allclose(
            supernet(images, open_branches, training=training),
            child(images, training=training),
            rtol=1e-5,
            atol=1e-5,
        )


@pytest.mark.parametrize("case", CASES)
def test_a_cut_out_child_agrees_with_the_supernet(case: str) -> None:
    space, genes = CASES[case]
    genotype = space.genotype(genes)
    supernet = lively(Supernet(space))
    _check_agreement(supernet, genotype, supernet.cut_out(genotype))


@hypothesis.given(drawn=spaces_and_genotypes())
@hypothesis.settings(max_examples=5)
def test_children_of_any_small_space_agree_with_their_supernet(
    drawn: tuple[SearchSpace, Genotype],
) -> None:
    space, genotype = drawn
    supernet = lively(Supernet(space))
    _check_agreement(supernet, genotype, supernet.cut_out(genotype))


def test_copies_of_stock_layers_infer_the_same() -> None:
    space = tiny_space(max_open=2)
    genotype = space.genotype([4, (0, 2), (1, 3)])
    supernet = lively(Supernet(space))
    images = random_images(space, 4)
    outputs = supernet(images, supernet.encode(genotype))
    child = supernet.cut_out(genotype)
    for stock in (
        with_stock_layers(space, genotype, child),
        supernet.cut_out(genotype, fast=False),
    ):
        np.testing.assert_allclose(stock(images), outputs, rtol=1e-5, atol=1e-5)
        assert "nse_tf" not in stock.to_json()
    assert "nse_tf" in child.to_json()


def test_dropout_is_left_behind_by_the_stock_copy() -> None:
    space = tiny_space()
    genotype = space.genotype([0, 1, 2])
    child = build_child(space, genotype, dropout=0.5)
    images = random_images(space, 4)
    assert np.any(child(images, training=True) != child(images, training=True))
    stock = with_stock_layers(space, genotype, child)
    np.testing.assert_allclose(
        stock(images), child(images), rtol=1e-5, atol=1e-5
    )
    assert not [
        each for each in stock.layers if isinstance(each, keras.layers.Dropout)
    ]


LOADING = """
import sys
sys.modules["nse_tf"] = None  # Any import of it fails.
import keras, numpy
model = keras.saving.load_model(sys.argv[1])
numpy.save(sys.argv[3], model.predict(numpy.load(sys.argv[2]), verbose=0))
"""


@pytest.mark.slow
def test_a_saved_child_loads_where_this_package_is_missing(
    tmp_path: pathlib.Path,
) -> None:
    space = tiny_space(max_open=2)
    genotype = space.genotype([4, (0, 2), (1, 3)])
    supernet = lively(Supernet(space))
    images = random_images(space, 4)
    child = supernet.cut_out(genotype)
    with_stock_layers(space, genotype, child).save(tmp_path / "child.keras")
    np.save(tmp_path / "images.npy", images)
    files = ["child.keras", "images.npy", "logits.npy"]
    subprocess.run(
        [sys.executable, "-I", "-c", LOADING, *files], cwd=tmp_path, check=True
    )
    np.testing.assert_allclose(
        np.load(tmp_path / "logits.npy"),
        supernet(images, supernet.encode(genotype)),
        rtol=1e-5,
        atol=1e-5,
    )


def test_fresh_weights_follow_the_seed() -> None:
    space = tiny_space()
    genotype = space.genotype([4, 0, 2])
    one, same, other = (
        build_child(space, genotype, seed=seed).get_weights()
        for seed in (0, 0, 1)
    )
    assert all(map(np.array_equal, one, same))
    assert not all(map(np.array_equal, one, other))


def test_fresh_weights_are_spread_like_those_of_a_supernet() -> None:
    space = tiny_space()
    genotype = space.genotype([2, 2, 2])
    inherited = Supernet(space).cut_out(genotype)
    fresh = build_child(space, genotype)
    for weight in fresh.weights:
        layer, name = weight.path.split("/")
        value = getattr(inherited.get_layer(layer), name).numpy()
        if weight.shape.rank < 2 and layer != "classifier":
            np.testing.assert_array_equal(weight, value)
        else:
            assert weight.numpy().std() == pytest.approx(value.std(), rel=0.6)


def test_fast_layers_are_for_training_only() -> None:
    space = tiny_space()
    genotype = space.genotype([0, 1, 2])
    ours = {
        fast: {
            type(layer)
            for layer in build_child(space, genotype, fast=fast).layers
            if not type(layer).__module__.startswith("keras.")
        }
        for fast in (True, False)
    }
    assert ours[True] == {FusedBatchNormalization, FastDepthwiseConv2D}
    assert ours[False] == set()


def test_a_genotype_of_another_space_is_refused() -> None:
    other = Genotype(((0,), (0,), (0,)), "another space")
    with pytest.raises(ValueError, match="another space"):
        build_child(tiny_space(), other)
    with pytest.raises(ValueError, match="another space"):
        Supernet(tiny_space()).cut_out(other)


def test_parts_alone_have_the_shapes_of_the_chain() -> None:
    space = tiny_space((9, 7), 3)
    shape = (2, 9, 7, 3)
    assert build_stem(space)(np.zeros(shape)).shape == (2, 9, 7, 8)
    for block in space.as_chain().blocks:
        shape = (2, *block.in_size, block.in_channels)
        inputs = np.ones(shape, np.float32)
        for candidate, op in enumerate(block.candidates):
            outputs = build_operator(block, candidate)(inputs)
            assert outputs.shape == (2, *block.out_size, block.out_channels)
            if op.name == "identity":
                np.testing.assert_array_equal(outputs, inputs)
    assert build_tail(space)(np.zeros((2, 5, 4, 12))).shape == (2, 3)
