"""Networks of DARTS cells, from supernet to .tflite."""

from typing import Any

import numpy as np
import pytest

from nse_tf.export import convert, predict
from nse_tf.spaces import make_preset, published_network
from nse_tf.supernet import Calibrator, build_child, with_stock_layers
from nse_tf.training import ChildRecipe
from nse_tf.training.child_trainer import child_step
from tests.supernet.tiny_cells import images_of
from tests.supernet.tiny_darts import lively_darts, paths_of, tiny_darts

SPACE = tiny_darts()
IMAGES = images_of(SPACE, 20)


@pytest.mark.slow
@pytest.mark.parametrize("path", paths_of(SPACE))
@pytest.mark.parametrize(
    ("precision", "tolerance"), [("fp32", 1e-5), ("int8", 0.3)]
)
def test_a_file_says_what_the_child_says(
    path: tuple[int, ...], precision: str, tolerance: float
) -> None:
    supernet, genotype = lively_darts(SPACE), SPACE.genotype(path)
    # Without a child's own statistics, integers of some layers are all zero.
    Calibrator(supernet).calibrate(supernet.encode(genotype), [IMAGES])
    child = supernet.cut_out(genotype, fast=False)
    found = predict(convert(child, precision, IMAGES), IMAGES)
    wanted = child(IMAGES).numpy()
    # Int8 by 256 steps, in a network that was never trained.
    assert np.abs(found - wanted).max() <= tolerance * np.ptp(wanted)


@pytest.mark.parametrize(
    "size",
    [
        pytest.param(
            {"width": 4 / 36, "depth": 3 / 20},
            marks=pytest.mark.slow,
            id="narrow",
        ),
        pytest.param({}, marks=pytest.mark.long, id="whole"),
    ],
)
def test_a_published_network_on_cifar_trains_and_runs_as_int8(
    size: dict[str, Any],
) -> None:
    _, published = published_network("pdarts_abs_cifar")
    space = make_preset("darts_cifar_deep", **size)
    genotype = space.genotype(published.path)
    child = build_child(space, genotype)
    images = np.random.default_rng(0).integers(0, 256, (8, 32, 32, 3), np.uint8)
    step = child_step(child, ChildRecipe(batch_size=8))
    nothing = np.zeros((0, 1), np.int32)
    before = child.get_weights()
    loss = step(images, np.arange(8, dtype=np.int32), nothing, 0.05, (0, 0))
    assert np.isfinite(float(loss))
    moved = [
        (old != new).any()
        for old, new in zip(before, child.get_weights(), strict=True)
        if old.ndim > 1
    ]
    assert all(moved)
    stock = with_stock_layers(space, genotype, child)
    found = predict(convert(stock, "int8", images), images)
    wanted = stock(images.astype(np.float32)).numpy()
    assert found.shape == (8, 10)
    assert np.abs(found - wanted).max() <= 0.1 * np.ptp(wanted)
