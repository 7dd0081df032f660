"""Mixed precision: layers compute in 16 bits, weights are kept in 32.

A network in training is one of float32. Its layers have another dtype policy
only while a step is traced, so that whatever evaluates, calibrates, saves or
converts it finds the network that it would find without.

References:
    Micikevicius et al., Mixed Precision Training (2018):
    https://arxiv.org/abs/1710.03740
"""

import contextlib
import logging
from collections.abc import Iterator
from typing import Any

import keras
import tensorflow as tf

from nse_tf.spaces import SearchSpace
from nse_tf.supernet import Networks
from nse_tf.training.loss_scale import LossScale
from nse_tf.training.recipes import FLOAT32, ChildRecipe

LOGGER = logging.getLogger("nse_tf")

# Dark pixels differ by less than bfloat16 tells apart next to 1.
_SCALING_LAYERS = (keras.layers.Rescaling, keras.layers.Normalization)
# What layers were seen to raise that know only float32.
_FAILURES = (tf.errors.OpError, NotImplementedError, TypeError, ValueError)


class MixedPrecision:
    """Runs a network of float32 as if it had been built by another policy.

    Batch norm keeps its statistics in float32, by Keras's layers and ours.
    Layers that scale pixels stay float32, and so do those to which a user gave
    a policy that is none of float32.

    Args:
        model: The network, built in float32.
        policy: Name of a dtype policy of Keras.
    """

    def __init__(self, model: keras.Model, policy: str) -> None:
        self._model, self._policy = model, policy
        self._layers = [
            layer
            for layer in model._flatten_layers()
            if layer.dtype_policy.name == FLOAT32
            and not isinstance(layer, _SCALING_LAYERS)
        ]

    def __call__(self, images: tf.Tensor) -> Any:
        """Returns what the network puts out in training, in float32.

        Args:
            images: `(batch, height, width, channels)`, float32.
        """
        with self._in_place():
            outputs = self._model(images, training=True)
        return tf.nest.map_structure(
            lambda each: tf.cast(each, tf.float32), outputs
        )

    @contextlib.contextmanager
    def _in_place(self) -> Iterator[None]:
        for layer in self._layers:
            layer.dtype_policy = self._policy
        try:
            yield
        finally:
            for layer in self._layers:
                layer.dtype_policy = FLOAT32


def say_if_slow(policy: str) -> None:
    """Logs it where mixed precision costs time: on a CPU."""
    if policy != FLOAT32 and not tf.config.list_physical_devices("GPU"):
        LOGGER.warning(
            "`compute` is %s, which is slower than float32 on a CPU (bfloat16 "
            "took 1.25 times as long where it was measured), and there is no "
            "GPU here.",
            policy,
        )


def require_computing(networks: Networks, recipe: ChildRecipe) -> None:
    """Refuses layers of users that do not compute by a recipe's policy.

    A network of each candidate runs forward and back, once.

    Args:
        networks: What is searched.
        recipe: How its networks are trained alone.

    Raises:
        ValueError: If there is such a layer.
    """
    if recipe.compute == FLOAT32 or not networks.is_foreign:
        return
    for path in _every_candidate_once(networks.space):
        child = networks.child(networks.space.genotype(path))
        try:
            _run_once(child, recipe.compute)
        except _FAILURES as error:
            reason = " ".join(str(error).split())[:200]
            raise ValueError(
                f"`compute` is {recipe.compute!r}, but layers of the model do "
                f"not compute by it ({reason}): let it be 'float32', or let "
                "them cast what they compute with to their `compute_dtype`."
            ) from error


def _every_candidate_once(space: SearchSpace) -> Iterator[list[int]]:
    """Yields paths that together open every candidate of a space."""
    sizes = [len(block.candidates) for block in space.blocks]
    for index in range(max(sizes)):
        yield [min(index, size - 1) for size in sizes]


def _run_once(child: keras.Model, policy: str) -> None:
    """Runs a throwaway network on two black images, forward and back."""
    images = tf.zeros((2, *child.input_shape[1:]))
    with tf.GradientTape() as tape:
        logits = MixedPrecision(child, policy)(images)
    tape.gradient(logits, child.trainable_variables)


def loss_scale_of(recipe: ChildRecipe) -> LossScale | None:
    """Returns a fresh scale of the loss where gradients may underflow."""
    return LossScale() if recipe.compute == "mixed_float16" else None
