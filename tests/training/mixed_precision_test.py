"""Networks that are trained in mixed precision."""

import dataclasses
import logging
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from nse_tf.supernet import networks_of
from nse_tf.training import ChildRecipe, loss_scale
from nse_tf.training.checkpoints import Checkpoint
from nse_tf.training.mixed_precision import (
    MixedPrecision,
    require_computing,
    say_if_slow,
)
from tests.supernet.choice_models import choice_model, dense_model
from tests.training import darts_children_test as darts
from tests.training.child_extras_test import (
    MIXED,
    PLAIN,
    new_child,
    trainer_of,
)

POLICIES = ("mixed_bfloat16", "mixed_float16")
# How far a training may get from that of float32, as a share of its way.
TOLERANCES = {"mixed_bfloat16": 0.3, "mixed_float16": 0.1}


def bits(model: keras.Model) -> list[bytes]:
    return [each.tobytes() for each in model.get_weights()]


def policies_of(model: keras.Model) -> set[str]:
    return {layer.dtype_policy.name for layer in model._flatten_layers()}


def dtypes_of(step: Any) -> dict[str, set[tf.DType]]:
    """Returns the types of all that a graph computes, by kind of op."""
    found: dict[str, set[tf.DType]] = {}
    for op in step.graph.get_operations():
        found.setdefault(op.type, set()).update(x.dtype for x in op.outputs)
    return found


@pytest.mark.parametrize("policy", POLICIES)
def test_only_the_graph_computes_in_half(policy: str) -> None:
    child = new_child()
    spec = tf.TensorSpec((None, *child.input_shape[1:]), tf.float32)
    mixed = tf.function(MixedPrecision(child, policy), autograph=False)
    step = mixed.get_concrete_function(spec)
    half = tf.as_dtype(policy.removeprefix("mixed_"))
    dtypes = dtypes_of(step)
    for kind in ("Conv2D", "DepthwiseConv2dNative", "MatMul"):
        assert dtypes[kind] == {half}
    # What it normalizes is half, its statistics are not.
    assert dtypes["FusedBatchNormV3"] == {half, tf.float32}
    assert dtypes["AssignVariableOp"] <= {tf.float32}
    assert step.output_dtypes == tf.float32
    assert policies_of(child) == {"float32"}
    assert {each.dtype for each in child.variables} == {"float32"}


@pytest.mark.slow
@pytest.mark.parametrize("policy", POLICIES)
def test_resumed_it_comes_to_the_same_bits(
    policy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loss_scale, "GROWTH_STEPS", 3)  # Of four an epoch.
    recipe = dataclasses.replace(MIXED, compute=policy)
    checkpoints: list[Checkpoint] = []

    def keep(loss: float) -> None:
        del loss
        checkpoints.append(trainer.checkpoint("a", "b", "c"))

    whole, same, resumed = new_child(), new_child(), new_child()
    losses = []
    for child in (whole, same):
        trainer = trainer_of(child, recipe)
        trainer.train(3, 7, keep)
        losses.append(trainer.losses)
    assert losses[0] == losses[1]
    assert bits(whole) == bits(same)
    kept = Checkpoint.from_bytes(checkpoints[0].to_bytes(), "memory")
    trainer = trainer_of(resumed, recipe)
    trainer.restore(kept)
    trainer.train(3, 7, keep)
    assert trainer.losses == losses[0]
    assert bits(resumed) == bits(whole)
    scales = [each.loss_scale for each in checkpoints]
    if policy == "mixed_bfloat16":
        assert not any(scales)
    else:
        assert scales[0] != scales[2] == scales[5] == scales[7]


@pytest.mark.slow
def test_it_comes_close_to_what_float32_comes_to() -> None:
    start = np.concatenate(list(map(np.ravel, new_child().get_weights())))
    ways = {}
    for policy in ("float32", *POLICIES):
        child = new_child()
        trainer = trainer_of(child, dataclasses.replace(PLAIN, compute=policy))
        trainer.train(2, 0)
        ways[policy] = (
            np.concatenate(list(map(np.ravel, child.get_weights()))) - start
        )
    wanted = ways["float32"]
    for policy, tolerance in TOLERANCES.items():
        apart = np.linalg.norm(ways[policy] - wanted)
        assert 0 < apart < tolerance * np.linalg.norm(wanted), policy


@pytest.mark.slow
def test_an_overflow_moves_no_weight() -> None:
    child = new_child()
    before = [each.numpy() for each in child.trainable_variables]
    # A loss that float32 holds, and whose gradients float16 does not.
    recipe = dataclasses.replace(
        PLAIN,
        class_weights=(1e20,) * 3,
        weight_decay=0.1,
        compute="mixed_float16",
    )
    trainer = trainer_of(child, recipe)
    trainer.train(1, 0)
    assert np.isfinite(trainer.losses).all()
    for variable, value in zip(child.trainable_variables, before, strict=True):
        np.testing.assert_array_equal(variable.numpy(), value)
    kept = trainer.checkpoint("a", "b", "c")
    assert not any(each.any() for each in kept.momenta)
    assert kept.loss_scale[0] == loss_scale.FIRST_SCALE / 2**4  # Four steps.


@pytest.mark.parametrize("policy", POLICIES)
def test_what_darts_adds_in_training_computes_in_it(policy: str) -> None:
    recipe = dataclasses.replace(darts.RECIPE, compute=policy)
    trained, _ = darts.trainer_of(recipe)
    assert trained.drop_path is not None
    trained.drop_path.rate.assign(0.3)
    images = tf.constant(darts.DATA.train.images[:2], tf.float32)
    logits = MixedPrecision(trained.model, policy)(images)
    assert len(logits) == 2
    for each in logits:
        assert each.dtype == tf.float32
        assert np.isfinite(each).all()


@keras.saving.register_keras_serializable(package="tests")
class _OnlyFloat32(keras.layers.Layer):
    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """Returns a product with a constant of one type only."""
        return tf.multiply(inputs, tf.constant(2.0))


RECIPE = ChildRecipe(compute="mixed_bfloat16")


@pytest.mark.slow
def test_a_users_model_is_looked_at_and_left_as_it_is() -> None:
    model = choice_model(dropout=0.1)
    before = bits(model)
    require_computing(networks_of(model), RECIPE)
    assert bits(model) == before
    assert policies_of(model) == {"float32"}


def test_a_users_layer_of_float32_alone_is_refused() -> None:
    model = dense_model()
    outputs = _OnlyFloat32()(model.output)
    networks = networks_of(keras.Model(model.input, outputs))
    require_computing(networks, ChildRecipe())
    with pytest.raises(
        ValueError, match="`compute` is 'mixed_bfloat16', but layers of the mod"
    ):
        require_computing(networks, RECIPE)


@pytest.mark.parametrize("value", ["float16", "half", ""])
def test_another_policy_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match=f"one of .*, not '{value}'"):
        ChildRecipe(compute=value)


def test_it_says_that_a_cpu_is_slower_by_it(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    devices: list[str] = []
    monkeypatch.setattr(
        tf.config, "list_physical_devices", lambda kind: devices
    )
    with caplog.at_level(logging.WARNING, "nse_tf"):
        say_if_slow("float32")
        assert not caplog.messages
        say_if_slow("mixed_float16")
        (line,) = caplog.messages
        devices.append("a GPU")
        say_if_slow("mixed_float16")
    assert caplog.messages == [line]
    assert "slower than float32 on a CPU" in line
