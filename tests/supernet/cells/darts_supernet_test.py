"""The supernet of DARTS cells, beside the laws of all supernets."""

import numpy as np
import pytest
import tensorflow as tf

from nse_tf.spaces import (
    DartsSkeleton,
    Genotype,
    NorConv,
    Zero,
    cell_space,
    make_preset,
)
from nse_tf.supernet import DartsSupernet, statistics_kept
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
    child = supernet.cut_out(genotype)
    with statistics_kept(supernet):
        open_branches = supernet.encode(genotype)
        found = supernet(IMAGES, open_branches, training=training)
        wanted = child(IMAGES, training=training)
    return float(np.abs(found - wanted).max() / max(1, np.abs(wanted).max()))


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("path", paths_of(SPACE))
def test_open_branches_and_cut_out_child_agree(
    path: tuple[int, ...], training: bool
) -> None:
    genotype = SPACE.genotype(path)
    assert largest_gap(SUPERNET, genotype, training) <= 1e-5


def test_a_seed_is_exact() -> None:
    first, again, other = (DartsSupernet(SPACE, seed) for seed in (0, 0, 1))
    again.initialize(1)
    for one, two in zip(again.weights, other.weights, strict=True):
        np.testing.assert_array_equal(one, two)
    assert (first.cells[0].rows.numpy() != other.cells[0].rows).any()


@pytest.mark.parametrize(
    ("name", "num_blocks"), [("darts", 28), ("darts_shrinking", 14)]
)
def test_edges_hold_the_kernels_that_turn(name: str, num_blocks: int) -> None:
    space = tiny_darts(name)
    supernet = DartsSupernet(space)
    blocks = supernet.blocks
    assert len(blocks) == num_blocks
    for view, edge in zip(blocks, space.as_cells().edges, strict=True):
        lengths = [sum(each) for each in view.kernel_lengths]
        widths = [site.channels for site in edge.sites]
        # Kernels of 3×3 and 5×5 and the 1×1 beside each; a skip counts none.
        expected = [0, 0, 0, 0] + [
            sum(times * (side * side * c + c * c) for c in widths)
            for times, side in ((2, 3), (2, 5), (1, 3), (1, 5))
        ]
        assert lengths == expected
        assert [int((row != 0).sum()) for row in view.kernels()] == expected


@pytest.mark.parametrize("name", ["spos", "nb201"])
def test_a_space_of_another_skeleton_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="needs the cells of DARTS"):
        DartsSupernet(make_preset(name))


def test_an_op_of_another_benchmark_is_refused() -> None:
    skeleton = SPACE.require_skeleton(DartsSkeleton)
    space = cell_space("other", skeleton, (Zero(), NorConv(3)))
    with pytest.raises(ValueError, match="no layers for 'nor_conv_3x3'"):
        DartsSupernet(space)


@pytest.mark.slow
def test_gradients_are_summed_two_at_a_time() -> None:
    """Sums of more come out in the order in which buffers are free."""
    supernet = DartsSupernet(SPACE)
    weights = [weight.value for weight in supernet.trainable_weights]
    open_branches = supernet.encode(SPACE.genotype(paths_of(SPACE)[0]))

    @tf.function
    def gradients(images: tf.Tensor) -> list[tf.Tensor]:
        with tf.GradientTape() as tape:
            total = tf.reduce_sum(
                supernet(images, open_branches, training=True)
            )
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
