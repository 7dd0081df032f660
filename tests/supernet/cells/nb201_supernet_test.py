"""The supernet of NAS-Bench-201's cells, beside the laws of all supernets."""

import numpy as np
import pytest
import tensorflow as tf

from nse_tf.spaces import (
    NB201Skeleton,
    SepConv,
    Zero,
    cell_space,
    make_preset,
)
from nse_tf.supernet import (
    Calibrator,
    NB201Supernet,
    statistics_kept,
)
from tests.supernet.tiny_cells import (
    PATHS,
    images_of,
    lively_cells,
    tiny_cells,
)

SPACE = tiny_cells()
SUPERNET = lively_cells(SPACE)
IMAGES = tf.constant(images_of(SPACE))


@tf.function
def logits_of(open_branches: tf.Tensor, training: bool) -> tf.Tensor:
    return SUPERNET(IMAGES, open_branches, training=training)


def test_what_no_output_hears_from_does_not_compute() -> None:
    # Node 1 takes a convolution, and nobody takes node 1.
    open_branches = SUPERNET.encode(SPACE.genotype((3, 0, 0, 2, 0, 0)))
    with statistics_kept(SUPERNET):
        before = [stage.statistics.numpy() for stage in SUPERNET.cells]
        logits_of(tf.constant(open_branches), True)
        for old, stage in zip(before, SUPERNET.cells, strict=True):
            new = stage.statistics.numpy()
            moved = np.flatnonzero((old != new).any(axis=1)).tolist()
            assert moved == stage.row_index[:, 3, 2].tolist()


def test_cells_may_differ() -> None:
    same = SUPERNET.encode(SPACE.genotype(PATHS[0]))
    other = same.copy()
    other[6:12, 0] = PATHS[1]  # Of the second cell.
    found = [logits_of(tf.constant(each), False) for each in (same, other)]
    assert np.abs(found[0] - found[1]).max() > 1e-3


def test_calibration_gives_a_child_the_statistics_of_a_batch() -> None:
    genotype = SPACE.genotype(PATHS[0])
    open_branches = SUPERNET.encode(genotype)
    with statistics_kept(SUPERNET):
        Calibrator(SUPERNET).calibrate(open_branches, [images_of(SPACE)])
        calibrated = logits_of(tf.constant(open_branches), False)
        in_training = logits_of(tf.constant(open_branches), True)
    # Moving variances are unbiased, those that a batch is normalized by not.
    gap = np.abs(calibrated - in_training).max()
    assert gap < 0.2 * np.abs(in_training).max()


def test_a_seed_is_exact() -> None:
    first, again, other = (NB201Supernet(SPACE, seed) for seed in (0, 0, 1))
    again.initialize(1)
    for one, two in zip(again.weights, other.weights, strict=True):
        np.testing.assert_array_equal(one, two)
    assert (first.cells[0].rows.numpy() != other.cells[0].rows).any()


def test_kernels_are_drawn_as_published() -> None:
    stage = NB201Supernet(make_preset("nb201")).cells[2]
    row = int(stage.row_index[4, 5, 3])
    kernel = stage.rows.numpy()[row].reshape(3, 3, 64, 64)
    assert kernel.std() == pytest.approx(np.sqrt(2 / (9 * 64)), rel=0.02)
    small = stage.rows.numpy()[int(stage.row_index[0, 0, 2])]
    assert (small[64 * 64 :] == 0).all()
    assert (small[: 64 * 64] != 0).any()


def test_an_op_of_darts_is_refused() -> None:
    skeleton = SPACE.require_skeleton(NB201Skeleton)
    space = cell_space("other", skeleton, (Zero(), SepConv(3)))
    with pytest.raises(ValueError, match="no layers for 'sep_conv_3x3'"):
        NB201Supernet(space)


@pytest.mark.parametrize("name", ["spos", "darts"])
def test_a_space_of_another_skeleton_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=f"'{name}' has the skeleton"):
        NB201Supernet(make_preset(name))
