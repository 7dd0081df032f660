"""The supernet of cells: laws that searching on shared weights relies on."""

import numpy as np
import pytest
import tensorflow as tf

from nse_tf.sampling import draw_cells
from nse_tf.spaces import (
    NB201Skeleton,
    SepConv,
    Zero,
    cell_space,
    make_preset,
)
from nse_tf.supernet import (
    Calibrator,
    CellSupernet,
    cut_out,
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
def logits_of(slots: tf.Tensor, training: bool) -> tf.Tensor:
    return SUPERNET(IMAGES, slots, training=training)


def open_rows(supernet: CellSupernet, slots: np.ndarray) -> list[set[int]]:
    """Returns by stage the rows that some slots open."""
    num_cells = supernet.stages[0].row_index.shape[0]
    return [
        {
            int(stage.row_index[cell, edge, slots[first + cell, edge]])
            for cell in range(num_cells)
            for edge in range(slots.shape[1])
        }
        for first, stage in zip(
            range(0, len(slots), num_cells), supernet.stages, strict=True
        )
    ]


@pytest.mark.parametrize("training", [False, True])
def test_opened_branches_and_cut_out_child_agree(training: bool) -> None:
    for path in PATHS:
        genotype = SPACE.genotype(path)
        child = cut_out(SUPERNET, genotype)
        slots = tf.constant(SUPERNET.encode(genotype))
        with statistics_kept(SUPERNET):
            found = logits_of(slots, training)
            wanted = child(IMAGES, training=training)
        scale = max(1.0, np.abs(wanted).max())
        assert np.abs(found - wanted).max() <= 1e-5 * scale


def test_a_new_path_needs_no_trace() -> None:
    rng = np.random.default_rng(0)
    logits_of(tf.constant(SUPERNET.encode(SPACE.genotype(PATHS[0]))), False)
    num_traces = logits_of.experimental_get_tracing_count()
    for _ in range(3):
        slots = draw_cells(SPACE, rng, SUPERNET.num_cells)
        logits_of(tf.constant(slots), False)
    assert logits_of.experimental_get_tracing_count() == num_traces


def test_what_is_closed_does_not_compute() -> None:
    slots = draw_cells(SPACE, np.random.default_rng(1), SUPERNET.num_cells)
    kept = [stage.rows.numpy() for stage in SUPERNET.stages]
    try:
        for stage, opened in zip(
            SUPERNET.stages, open_rows(SUPERNET, slots), strict=True
        ):
            rows = stage.rows.numpy()
            closed = set(range(len(rows) - 1)) - opened
            rows[sorted(closed)] = np.nan
            stage.rows.assign(rows)
        targets = [stage.rows.value for stage in SUPERNET.stages]
        with statistics_kept(SUPERNET), tf.GradientTape() as tape:
            tape.watch(targets)
            loss = tf.reduce_sum(SUPERNET(IMAGES, slots, training=True) ** 2)
        gradients = tape.gradient(loss, targets)
    finally:
        for stage, values in zip(SUPERNET.stages, kept, strict=True):
            stage.rows.assign(values)
    assert np.isfinite(loss)
    for gradient in gradients:
        assert isinstance(gradient, tf.IndexedSlices)
        assert np.isfinite(gradient.values).all()


def test_only_statistics_of_open_branches_move() -> None:
    slots = draw_cells(SPACE, np.random.default_rng(2), SUPERNET.num_cells)
    with statistics_kept(SUPERNET):
        before = [stage.statistics.numpy() for stage in SUPERNET.stages]
        logits_of(tf.constant(slots), True)
        after = [stage.statistics.numpy() for stage in SUPERNET.stages]
    for old, new, opened, stage in zip(
        before,
        after,
        open_rows(SUPERNET, slots),
        SUPERNET.stages,
        strict=True,
    ):
        moved = np.flatnonzero((old != new).any(axis=1)).tolist()
        assert set(moved) <= opened - {len(stage.pieces)}
        assert moved


def test_what_no_output_hears_from_does_not_compute() -> None:
    # Node 1 takes a convolution, and nobody takes node 1.
    slots = SUPERNET.encode(SPACE.genotype((3, 0, 0, 2, 0, 0)))
    with statistics_kept(SUPERNET):
        before = [stage.statistics.numpy() for stage in SUPERNET.stages]
        logits_of(tf.constant(slots), True)
        for old, stage in zip(before, SUPERNET.stages, strict=True):
            new = stage.statistics.numpy()
            moved = np.flatnonzero((old != new).any(axis=1)).tolist()
            assert moved == stage.row_index[:, 3, 2].tolist()


def test_cells_may_differ() -> None:
    same = SUPERNET.encode(SPACE.genotype(PATHS[0]))
    other = same.copy()
    other[1] = PATHS[1]
    found = [logits_of(tf.constant(each), False) for each in (same, other)]
    assert np.abs(found[0] - found[1]).max() > 1e-3


def test_calibration_gives_a_child_the_statistics_of_a_batch() -> None:
    genotype = SPACE.genotype(PATHS[0])
    slots = SUPERNET.encode(genotype)
    with statistics_kept(SUPERNET):
        Calibrator(SUPERNET).calibrate(slots, [images_of(SPACE)])
        calibrated = logits_of(tf.constant(slots), False)
        in_training = logits_of(tf.constant(slots), True)
    # Moving variances are unbiased, those that a batch is normalized by not.
    gap = np.abs(calibrated - in_training).max()
    assert gap < 0.2 * np.abs(in_training).max()


def test_a_seed_is_exact() -> None:
    first, again, other = (CellSupernet(SPACE, seed) for seed in (0, 0, 1))
    again.initialize(1)
    for one, two in zip(again.weights, other.weights, strict=True):
        np.testing.assert_array_equal(one, two)
    assert (first.stages[0].rows.numpy() != other.stages[0].rows).any()


def test_kernels_are_drawn_as_published() -> None:
    stage = CellSupernet(make_preset("nb201")).stages[2]
    row = int(stage.row_index[4, 5, 3])
    kernel = stage.rows.numpy()[row].reshape(3, 3, 64, 64)
    assert kernel.std() == pytest.approx(np.sqrt(2 / (9 * 64)), rel=0.02)
    small = stage.rows.numpy()[int(stage.row_index[0, 0, 2])]
    assert (small[64 * 64 :] == 0).all()
    assert (small[: 64 * 64] != 0).any()


def test_an_op_of_darts_is_refused() -> None:
    skeleton = SPACE.require_skeleton(NB201Skeleton)
    space = cell_space("foreign", skeleton, (Zero(), SepConv(3)))
    with pytest.raises(ValueError, match="no layers for 'sep_conv_3x3'"):
        CellSupernet(space)


@pytest.mark.parametrize("name", ["spos", "darts"])
def test_a_space_of_another_skeleton_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=f"'{name}' has the skeleton"):
        CellSupernet(make_preset(name))
