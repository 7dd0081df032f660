"""Multi-branch supernets: averages, skipped cells, two subsets at once."""

from collections.abc import Sequence

import numpy as np
import pytest
import tensorflow as tf

from nse_tf.spaces import Stage, make_preset
from nse_tf.supernet import INACTIVE, BranchSupernet, with_stock_layers
from nse_tf.supernet.chains.branch_choice import BranchChoice
from nse_tf.testing.supernet_laws import equals_the_cut_out_child
from nse_tf.training.subset_architecture import selected_weights
from tests.supernet.tiny_branches import ALL_KINDS, tiny_branches


def images(count: int = 4) -> np.ndarray:
    """Returns noise."""
    rng = np.random.default_rng(0)
    return rng.uniform(0, 255, (count, 8, 8, 1)).astype(np.float32)


@pytest.mark.parametrize("squeeze_excite", [False, True])
def test_every_kind_of_branch_equals_its_layers(squeeze_excite: bool) -> None:
    space = tiny_branches(
        ALL_KINDS,
        stages=(Stage(8, 1, 1), Stage(16, 1, 2)),
        activation="swish" if squeeze_excite else "relu",
        squeeze_excite=squeeze_excite,
    )
    equals_the_cut_out_child(BranchSupernet(space))


def block_of(supernet: BranchSupernet, number: int) -> BranchChoice:
    block: BranchChoice = supernet.blocks[number]
    return block


def test_a_cell_averages_its_branches_and_its_input() -> None:
    block = block_of(BranchSupernet(tiny_branches()), 0)
    inputs = tf.constant(
        np.random.default_rng(1).normal(size=(2, 8, 8, 8)), tf.float32
    )
    branches = [
        2 * block(inputs, np.eye(3, dtype=bool)[i]) - inputs for i in range(3)
    ]
    found = block(inputs, np.array([True, False, True]))
    wanted = (inputs + branches[0] + branches[2]) / 3
    np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-5)


def test_a_cell_that_changes_shape_averages_its_branches_alone() -> None:
    block = block_of(BranchSupernet(tiny_branches()), 1)
    inputs = tf.constant(
        np.random.default_rng(1).normal(size=(2, 8, 8, 8)), tf.float32
    )
    one, two = (block(inputs, np.eye(3, dtype=bool)[i]) for i in (0, 1))
    found = block(inputs, np.array([True, True, False]))
    np.testing.assert_allclose(found, (one + two) / 2, rtol=1e-5, atol=1e-5)


def test_a_skipped_cell_is_its_input() -> None:
    supernet = BranchSupernet(tiny_branches())
    inputs = tf.random.stateless_normal((2, 8, 8, 8), (0, 0))
    found = block_of(supernet, 0)(inputs, np.zeros(3, bool))
    np.testing.assert_array_equal(found, inputs)
    genotype = supernet.space.genotype([[], [0], []])
    names = [layer.name for layer in supernet.cut_out(genotype).layers]
    assert not any(name.startswith("stage0") for name in names)


def test_only_active_ops_have_weights() -> None:
    space = tiny_branches().restrict([[0, 2], [1], []])
    supernet = BranchSupernet(space)
    assert [len(block.rows) for block in supernet.blocks] == [2, 1, 0]
    assert supernet.active == ((0, 2), (1,), ())
    genotype = space.genotype([[2], [1], []])
    np.testing.assert_array_equal(
        supernet.encode(genotype),
        [[2, INACTIVE, INACTIVE], [1, INACTIVE, INACTIVE], [INACTIVE] * 3],
    )
    with pytest.raises(ValueError, match=r"candidates \(0, 2\) .* not for"):
        supernet.encode_genes([[1], [1], []])
    child = supernet.cut_out(genotype)
    np.testing.assert_allclose(
        supernet(images(), supernet.encode(genotype)),
        child(images()),
        rtol=1e-5,
        atol=1e-5,
    )


def test_fresh_weights_follow_the_seed() -> None:
    space = tiny_branches()
    one, same, other = (BranchSupernet(space, seed) for seed in (0, 0, 1))
    equal = [
        np.array_equal(a, b)
        for a, b in zip(one.get_weights(), same.get_weights(), strict=True)
    ]
    assert all(equal)
    other.initialize(0)
    for a, b in zip(one.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_other_spaces_are_refused() -> None:
    with pytest.raises(ValueError, match="needs multi-branch cells"):
        BranchSupernet(make_preset("spos_tiny", image_size=(8, 8)))


# The architecture step; methods, fact 15.

SELECTED: tuple[tuple[int, ...], ...] = ((0, 2), (1,), ())
OTHERS = ((1,), (0, 1), (0,))


def marks_of(genes: Sequence[Sequence[int]]) -> np.ndarray:
    """Returns whether each candidate is open, `(num_blocks, 3)`."""
    marks = np.zeros((len(genes), 3), bool)
    for row, gene in zip(marks, genes, strict=True):
        row[list(gene)] = True
    return marks


def two_subsets(
    supernet: BranchSupernet, mixing_weights: tf.Tensor, **rates: float
) -> tf.Tensor:
    """Returns the logits of both subsets."""
    subsets = supernet.encode_genes(SELECTED), supernet.encode_genes(OTHERS)
    return supernet.call_two(images(), *subsets, mixing_weights, **rates)


def test_the_value_is_that_of_the_selected_subsets() -> None:
    supernet = BranchSupernet(tiny_branches())
    mixing_weights = tf.constant([0.3, 0.9, 0.5])
    kept = supernet.get_weights()
    found = two_subsets(supernet, mixing_weights)
    supernet.set_weights(kept)
    wanted = supernet(images(), supernet.encode_genes(SELECTED), training=True)
    np.testing.assert_allclose(found, wanted, atol=1e-6)


def outputs_of(
    supernet: BranchSupernet, marks: np.ndarray, until: int
) -> tf.Tensor:
    """Returns what the first cells make of the images, in training mode."""
    outputs = tf.cast(images(), tf.float32)
    for layer in supernet.stem:
        outputs = layer(outputs, training=True)
    for block, is_open in list(zip(supernet.blocks, marks, strict=True))[
        :until
    ]:
        outputs = block(outputs, is_open, training=True)
    return outputs


def test_the_gradient_is_what_swapping_subsets_would_bring() -> None:
    supernet = BranchSupernet(tiny_branches())
    parameters = tf.Variable(
        np.random.default_rng(0).normal(size=(3, 3)), dtype=tf.float32
    )
    selected, others = marks_of(SELECTED), marks_of(OTHERS)
    marks = tf.cast(selected, tf.float32), tf.cast(others, tf.float32)
    kept = supernet.get_weights()
    with tf.GradientTape() as tape:
        mixing_weights = selected_weights(parameters, *marks, np.ones(3, bool))
        logits = two_subsets(supernet, mixing_weights)
        loss = tf.reduce_sum(logits**2)
    found = tape.gradient(loss, parameters).numpy()

    # By hand: the loss's gradient at a cell's output, times the difference of
    # its two outputs, times how the share follows the parameters.
    for number in range(3):
        supernet.set_weights(kept)
        before = outputs_of(supernet, selected, number)
        block = block_of(supernet, number)
        chosen = block(before, selected[number], training=True)
        other = block(before, others[number], training=True)
        with tf.GradientTape() as tape:
            tape.watch(chosen)
            outputs = chosen
            for after in range(number + 1, 3):
                outputs = supernet.blocks[after](
                    outputs, selected[after], training=True
                )
            for layer in supernet.tail:
                outputs = layer(outputs)
            loss = tf.reduce_sum(outputs**2)
        upstream = tape.gradient(loss, chosen)
        signal = float(tf.reduce_sum(upstream * (chosen - other)))
        wanted = signal * share_gradient(
            parameters.numpy()[number], selected[number], others[number]
        )
        np.testing.assert_allclose(found[number], wanted, rtol=1e-3, atol=1e-6)


def share_gradient(
    parameters: np.ndarray, selected: np.ndarray, others: np.ndarray
) -> np.ndarray:
    """Returns how P(s)/(P(s)+P(u)) follows parameters, by differences."""

    def mixing_weight(values: np.ndarray) -> float:
        probabilities = 0.999 / (1 + np.exp(-values)) + 5e-4
        one, two = (
            np.where(subset, probabilities, 1 - probabilities).prod()
            for subset in (selected, others)
        )
        return float(one / (one + two))

    step = 1e-5
    return np.array(
        [
            (
                mixing_weight(parameters + step * unit)
                - mixing_weight(parameters - step * unit)
            )
            / (2 * step)
            for unit in np.eye(len(parameters))
        ]
    )


def test_shares_are_probabilities_of_one_given_the_two() -> None:
    parameters = tf.constant([[0.0, -2.0, 1.0]])
    selected, others = tf.constant([[1.0, 0, 0]]), tf.constant([[0, 1.0, 0]])
    half, low = 0.5, 0.999 / (1 + np.exp(2.0)) + 5e-4
    one, two = half * (1 - low), (1 - half) * low  # The third op cancels out.
    found = selected_weights(parameters, selected, others, np.array([True]))
    np.testing.assert_allclose(found, [one / (one + two)], rtol=1e-5)
    alone = selected_weights(parameters, selected, others, np.array([False]))
    np.testing.assert_array_equal(alone, [1.0])


def test_the_other_subset_may_leave_the_statistics() -> None:
    supernet = BranchSupernet(tiny_branches())
    only_other = supernet.blocks[0].statistics[1]
    before = only_other.numpy()
    mixing_weights = tf.constant([0.5, 0.5, 0.5])
    two_subsets(supernet, mixing_weights, unselected_rate=0.0)
    np.testing.assert_array_equal(only_other, before)
    two_subsets(supernet, mixing_weights)
    assert not np.array_equal(only_other, before)


def test_stock_layers_compute_the_same() -> None:
    space = tiny_branches(ALL_KINDS, squeeze_excite=True)
    supernet = BranchSupernet(space)
    genotype = space.genotype([[0, 2, 3], [0, 2], [1, 4, 5]])
    fast = supernet.cut_out(genotype)
    stock = with_stock_layers(space, genotype, fast)
    assert not any(
        type(layer).__module__.startswith("nse_tf") for layer in stock.layers
    )
    np.testing.assert_allclose(
        fast(images()), stock(images()), rtol=1e-5, atol=1e-5
    )
