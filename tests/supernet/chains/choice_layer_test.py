"""One choice block: what is open computes, and nothing else."""

import itertools

import numpy as np
import pytest
import tensorflow as tf

from nse_tf.spaces import ChainOp, ChoiceBlock, Identity
from nse_tf.supernet import INACTIVE, ChoiceLayer, build_operator
from tests.supernet.tiny_spaces import GATED_OPS, MIXED_OPS, enliven

IDENTITY = len(MIXED_OPS)
SIZE = (5, 6)


def _layer(
    max_open: int = 1,
    stride: int = 1,
    seed: int = 0,
    candidates: tuple[ChainOp, ...] = MIXED_OPS,
) -> ChoiceLayer:
    """Returns a block with unlike statistics and scales everywhere."""
    has_shortcut = stride == 1
    ops = (*candidates, Identity()) if has_shortcut else candidates
    block = ChoiceBlock(
        name="block",
        candidates=ops,
        in_size=SIZE,
        in_channels=8,
        out_channels=8 if has_shortcut else 12,
        stride=stride,
        max_open=max_open,
    )
    rng = np.random.default_rng(seed)
    layer = ChoiceLayer(block, rng)
    enliven(layer, rng)
    return layer


def _inputs(seed: int = 0) -> tf.Tensor:
    rng = np.random.default_rng(seed)
    return tf.constant(rng.normal(0, 1, (3, *SIZE, 8)).astype(np.float32))


def _branch(layer: ChoiceLayer, candidate: int) -> np.ndarray:
    """Returns a candidate's outputs without the shortcut, by stock layers."""
    operator = build_operator(layer.block, candidate)
    op = layer.block.candidates[candidate].name
    for (suffix, name), value in layer.values_of(candidate).items():
        stock = operator.get_layer(f"block_{op}_{suffix}")
        getattr(stock, name).assign(value)
    outputs = operator(_inputs(), training=False)
    shortcut = _inputs() if layer.block.has_shortcut else 0.0
    return np.asarray(outputs - shortcut)


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize(
    ("candidates", "candidate"),
    [(ops, i) for ops in (MIXED_OPS, GATED_OPS) for i in range(len(ops))],
)
def test_one_open_branch_equals_the_operator_of_stock_layers(
    candidates: tuple[ChainOp, ...], candidate: int, stride: int
) -> None:
    layer = _layer(stride=stride, candidates=candidates)
    outputs = layer(_inputs(), tf.constant([candidate]))
    wanted = _branch(layer, candidate)
    if layer.block.has_shortcut:
        wanted = wanted + _inputs()
    np.testing.assert_allclose(outputs, wanted, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("training", [False, True])
def test_an_open_identity_hands_its_input_on_bit_by_bit(training: bool) -> None:
    layer = _layer(max_open=2)
    outputs = layer(
        _inputs(), tf.constant([IDENTITY, INACTIVE]), training=training
    )
    np.testing.assert_array_equal(outputs, _inputs())


@pytest.mark.parametrize(
    "open_branches",
    [[0, INACTIVE, INACTIVE], [0, 2, INACTIVE], [1, 2, IDENTITY], [0, 1, 3]],
)
def test_open_branches_that_compute_have_equal_shares(
    open_branches: list[int],
) -> None:
    layer = _layer(max_open=3)
    outputs = layer(_inputs(), tf.constant(open_branches))
    computing = [
        each for each in open_branches if each not in (INACTIVE, IDENTITY)
    ]
    mean = np.mean([_branch(layer, each) for each in computing], axis=0)
    np.testing.assert_allclose(outputs, _inputs() + mean, rtol=1e-5, atol=1e-5)


class _Traced:
    """A block that may open three branches, compiled forward and back."""

    def __init__(self, training: bool) -> None:
        self.layer = _layer(max_open=3)
        self.fresh = self.layer.get_weights()

        @tf.function
        def run(open_branches: tf.Tensor) -> tuple[tf.Tensor, ...]:
            images = _inputs()
            with tf.GradientTape() as tape:
                tape.watch(images)
                outputs = self.layer(images, open_branches, training=training)
                loss = tf.reduce_sum(outputs**2)
            to_images, to_rows = tape.gradient(
                loss, [images, self.layer.rows.value]
            )
            # Fails to trace unless this is a gradient of single rows.
            return outputs, loss, to_images, to_rows.indices, to_rows.values

        self.run = run


@pytest.fixture(scope="module", params=[False, True], ids=["infer", "train"])
def traced(request: pytest.FixtureRequest) -> _Traced:
    return _Traced(request.param)


@pytest.mark.parametrize(
    "open_branches",
    [[1, INACTIVE, INACTIVE], [IDENTITY, INACTIVE, INACTIVE], [0, 2, IDENTITY]],
)
def test_not_a_number_in_inactive_candidates_changes_nothing(
    traced: _Traced, open_branches: list[int]
) -> None:
    inactive = sorted(set(range(IDENTITY + 1)) - set(open_branches))
    used = [each for each in open_branches if each != INACTIVE]
    found = []
    for poison in (1.0, np.nan):
        weights = [value.copy() for value in traced.fresh]
        for value in weights:
            value[inactive] *= poison
        traced.layer.set_weights(weights)
        results = traced.run(tf.constant(open_branches))
        statistics = traced.layer.statistics.numpy()
        found.append((*results, statistics[used]))
    for clean, poisoned in zip(*found, strict=True):
        np.testing.assert_array_equal(clean, poisoned)
        assert np.isfinite(clean).all()
    assert traced.run.experimental_get_tracing_count() == 1


@pytest.mark.parametrize(
    "open_branches",
    [[1, INACTIVE, INACTIVE], [IDENTITY, INACTIVE, INACTIVE], [0, 2, IDENTITY]],
)
def test_the_gradient_is_one_row_for_each_index(
    traced: _Traced, open_branches: list[int]
) -> None:
    traced.layer.set_weights(traced.fresh)
    *_, indices, values = traced.run(tf.constant(open_branches))
    row_of_inactive = IDENTITY + 1
    rows = [
        row_of_inactive if each == INACTIVE else each for each in open_branches
    ]
    assert indices.numpy().tolist() == rows
    for row, value in zip(rows, values.numpy(), strict=True):
        assert np.any(value) == (row < IDENTITY)


@pytest.mark.parametrize(
    "open_branches", [[1], [IDENTITY], [2, INACTIVE], [0, 3]]
)
def test_training_moves_the_statistics_of_open_branches_only(
    open_branches: list[int],
) -> None:
    layer = _layer(max_open=len(open_branches))
    before = layer.statistics.numpy()
    layer(_inputs(), tf.constant(open_branches), training=False)
    np.testing.assert_array_equal(layer.statistics.numpy(), before)
    layer(_inputs(), tf.constant(open_branches), training=True)
    moved = (layer.statistics.numpy() != before).any(axis=1)
    computing = [
        each for each in open_branches if each not in (INACTIVE, IDENTITY)
    ]
    assert np.flatnonzero(moved).tolist() == computing


def test_values_are_those_that_compute() -> None:
    layer = _layer()
    before = layer(_inputs(), tf.constant([1]))
    values = layer.values_of(1)
    assert sorted(values) == sorted(
        itertools.chain(
            ((part, "kernel") for part in ("expand", "depthwise", "project")),
            (
                (f"{part}_bn", name)
                for part in ("expand", "depthwise", "project")
                for name in ("gamma", "beta", "moving_mean", "moving_variance")
            ),
        )
    )
    assert values["depthwise", "kernel"].shape == (5, 5, 24, 1)
    rows = layer.rows.numpy()
    rows[1, : values["expand", "kernel"].size] *= 2
    layer.rows.assign(rows)
    assert np.abs(before - layer(_inputs(), tf.constant([1]))).max() > 1e-3


def test_kernels_are_the_rows_without_batch_norm_and_padding() -> None:
    layer = _layer()
    layer.rows.assign(np.ones(layer.rows.shape))
    # By hand: in 8, out 8; k3 e1, k5 e3, k7 e6, k3 e6, identity.
    sizes = [72 + 64, 192 + 600 + 192, 384 + 2352 + 384, 384 + 432 + 384, 0]
    assert layer.kernels().sum(axis=1).tolist() == sizes
    assert layer.kernels().dtype == np.float32


def test_initialize_equals_a_new_layer_of_that_generator() -> None:
    layer = _layer(seed=0)
    layer.initialize(np.random.default_rng(7))
    new = ChoiceLayer(layer.block, np.random.default_rng(7))
    for one, other in zip(layer.weights, new.weights, strict=True):
        np.testing.assert_array_equal(one, other)
