"""The supernet of DARTS cells."""

import numpy as np
import pytest
import tensorflow as tf

from nse_tf.sampling import draw_each_cell
from nse_tf.spaces import (
    DartsSkeleton,
    Genotype,
    NorConv,
    Zero,
    cell_space,
    make_preset,
)
from nse_tf.supernet import DartsSupernet, cut_out, statistics_kept
from nse_tf.supernet.cells.edge_ops import shared_once
from tests.supernet.tiny_cells import images_of
from tests.supernet.tiny_darts import lively_darts, paths_of, tiny_darts

SPACE = tiny_darts()
SUPERNET = lively_darts(SPACE)
IMAGES = tf.constant(images_of(SPACE))


def largest_gap(
    supernet: DartsSupernet, genotype: Genotype, training: bool
) -> float:
    """Returns how far supernet and child are apart, by the largest logit."""
    child = cut_out(supernet, genotype)
    with statistics_kept(supernet):
        slots = supernet.encode(genotype)
        found = supernet(IMAGES, slots, training=training)
        wanted = child(IMAGES, training=training)
    return float(np.abs(found - wanted).max() / max(1, np.abs(wanted).max()))


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("path", paths_of(SPACE))
def test_opened_branches_and_cut_out_child_agree(
    path: tuple[int, ...], training: bool
) -> None:
    genotype = SPACE.genotype(path)
    assert largest_gap(SUPERNET, genotype, training) <= 1e-5


@pytest.mark.slow
def test_cells_of_one_kind_agree_and_a_new_path_needs_no_trace() -> None:
    space = tiny_darts("darts_shrinking")
    supernet = lively_darts(space, seed=1)

    @tf.function
    def logits_of(slots: tf.Tensor) -> tf.Tensor:
        return supernet(IMAGES, slots, training=True)

    with statistics_kept(supernet):
        for path in paths_of(space):
            genotype = space.genotype(path)
            found = logits_of(tf.constant(supernet.encode(genotype)))
            wanted = cut_out(supernet, genotype)(IMAGES, training=True)
            np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-5)
    assert logits_of.experimental_get_tracing_count() == 1


def test_what_is_closed_does_not_compute() -> None:
    slots = draw_each_cell(SPACE, np.random.default_rng(1))
    kept = [cell.rows.numpy() for cell in SUPERNET.cells]
    try:
        for cell, opened in zip(SUPERNET.cells, slots, strict=True):
            rows = cell.rows.numpy()
            rows[sorted(closed_rows(cell.row_index[0], opened))] = np.nan
            cell.rows.assign(rows)
        targets = [cell.rows.value for cell in SUPERNET.cells]
        with statistics_kept(SUPERNET), tf.GradientTape() as tape:
            tape.watch(targets)
            loss = tf.reduce_sum(SUPERNET(IMAGES, slots, training=True) ** 2)
        gradients = tape.gradient(loss, targets)
    finally:
        for cell, values in zip(SUPERNET.cells, kept, strict=True):
            cell.rows.assign(values)
    assert np.isfinite(loss)
    for gradient in gradients:
        assert isinstance(gradient, tf.IndexedSlices)
        assert np.isfinite(gradient.values).all()


def closed_rows(row_index: np.ndarray, opened: np.ndarray) -> set[int]:
    """Returns the rows of a cell that its open candidates leave alone."""
    used = {int(row_index[edge, index]) for edge, index in enumerate(opened)}
    return set(range(row_index.max())) - used


def test_only_statistics_of_open_branches_move() -> None:
    slots = draw_each_cell(SPACE, np.random.default_rng(2))
    with statistics_kept(SUPERNET):
        before = [cell.statistics.numpy() for cell in SUPERNET.cells]
        SUPERNET(IMAGES, slots, training=True)
        after = [cell.statistics.numpy() for cell in SUPERNET.cells]
    for cell, opened, old, new in zip(
        SUPERNET.cells, slots, before, after, strict=True
    ):
        moved = np.flatnonzero((old != new).any(axis=1)).tolist()
        assert moved
        assert not set(moved) & closed_rows(cell.row_index[0], opened)
        assert len(cell.pieces) not in moved


def test_a_mixture_of_one_is_that_one() -> None:
    genotype = SPACE.genotype(paths_of(SPACE)[0])
    mixing_weights = np.zeros((28, 8), np.float32)
    mixing_weights[np.arange(28), genotype.path] = 1.0
    active = [[index, (index + 1) % 8] for index in genotype.path]
    with statistics_kept(SUPERNET):
        mixed = SUPERNET.mix(IMAGES, tf.constant(mixing_weights), active)
        slots = SUPERNET.encode(genotype)
        alone = SUPERNET(IMAGES, slots, training=True)
    np.testing.assert_allclose(mixed, alone, rtol=1e-4, atol=1e-5)


def test_a_seed_is_exact() -> None:
    first, again, other = (DartsSupernet(SPACE, seed) for seed in (0, 0, 1))
    again.initialize(1)
    for one, two in zip(again.weights, other.weights, strict=True):
        np.testing.assert_array_equal(one, two)
    assert (first.cells[0].rows.numpy() != other.cells[0].rows).any()


@pytest.mark.parametrize(
    ("name", "num_blocks"), [("darts", 28), ("darts_shrinking", 14)]
)
def test_places_hold_the_kernels_that_turn(name: str, num_blocks: int) -> None:
    space = tiny_darts(name)
    supernet = DartsSupernet(space)
    blocks = supernet.blocks
    assert len(blocks) == num_blocks
    for place, edge in zip(blocks, space.as_cells().edges, strict=True):
        lengths = [sum(each) for each in place.kernel_lengths]
        widths = [site.channels for site in edge.sites]
        # Kernels of 3×3 and 5×5 and the 1×1 beside each; a skip counts none.
        expected = [0, 0, 0, 0] + [
            sum(times * (side * side * c + c * c) for c in widths)
            for times, side in ((2, 3), (2, 5), (1, 3), (1, 5))
        ]
        assert lengths == expected
        assert [int((row != 0).sum()) for row in place.kernels()] == expected


@pytest.mark.parametrize("name", ["spos", "nb201"])
def test_a_space_of_another_skeleton_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="needs the cells of DARTS"):
        DartsSupernet(make_preset(name))


def test_an_op_of_another_benchmark_is_refused() -> None:
    skeleton = SPACE.require_skeleton(DartsSkeleton)
    space = cell_space("foreign", skeleton, (Zero(), NorConv(3)))
    with pytest.raises(ValueError, match="no layers for 'nor_conv_3x3'"):
        DartsSupernet(space)


@pytest.mark.slow
def test_gradients_are_summed_two_at_a_time() -> None:
    """Sums of more come out in the order in which buffers are free."""
    supernet = DartsSupernet(SPACE)
    weights = [weight.value for weight in supernet.trainable_weights]
    slots = supernet.encode(SPACE.genotype(paths_of(SPACE)[0]))

    @tf.function
    def gradients(images: tf.Tensor) -> list[tf.Tensor]:
        with tf.GradientTape() as tape:
            total = tf.reduce_sum(supernet(images, slots, training=True))
        found: list[tf.Tensor] = tape.gradient(total, weights)
        return found

    signature = tf.TensorSpec([None, *IMAGES.shape[1:]])
    graph = gradients.get_concrete_function(signature).graph
    sums = [each for each in graph.get_operations() if each.type == "AddN"]
    assert sums
    assert max(len(each.inputs) for each in sums) == 2


def test_a_value_that_is_shared_gets_all_gradients() -> None:
    value = tf.Variable([[1.0, 2.0]])
    with tf.GradientTape() as tape:
        one, rest = shared_once(value)
        other, rest = shared_once(rest)
        total = tf.reduce_sum(2 * one + 3 * other + 4 * rest)
    np.testing.assert_array_equal(tape.gradient(total, value), [[9.0, 9.0]])
