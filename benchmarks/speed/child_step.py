"""How long a training step of our child takes against one in tf-keras.

    pip install tf-keras && python benchmarks/speed/child_step.py

Both are the same network with the same weights, under SGD with Nesterov
momentum, with neither weight decay nor clipping, compiled by `tf.function`.
The losses of the first step must agree.
"""

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
import tf_keras
from absl import app, flags
from noise_steps import LEARNING_RATE, make_images, ready
from step_families import mbconv_chain
from timing import shortest_in_turns

from nse_tf.datasets import ImageSet
from nse_tf.spaces import Genotype, SearchSpace
from nse_tf.supernet import build_child
from nse_tf.training import ChildRecipe
from nse_tf.training.child_trainer import child_step

NETWORKS = flags.DEFINE_integer("networks", 4, "Random networks.", 1)
ROUNDS = flags.DEFINE_integer("rounds", 4, "The shortest time counts.", 1)

NOTHING_OPEN = np.empty((0, 0), np.int32)


def in_tf_keras(
    space: SearchSpace, genotype: Genotype, child: keras.Model
) -> Any:
    """Returns the child rebuilt of tf-keras's layers, weights carried over."""
    stock = build_child(space, genotype, fast=False)
    tensors: dict[str, Any] = {}
    for layer in stock.layers:
        config = layer.get_config()
        inputs = [tensors[each.name] for each in _sources(layer)]
        name = type(layer).__name__
        if name == "InputLayer":
            made = tf_keras.Input(config["batch_shape"][1:], name=layer.name)
        else:
            kind = getattr(tf_keras.layers, name)
            made = kind(**_known(config))(
                inputs[0] if len(inputs) == 1 else inputs
            )
        tensors[layer.output.name] = made
    model = tf_keras.Model(
        tensors[stock.input.name], tensors[stock.output.name]
    )
    for layer in model.layers:
        layer.set_weights(child.get_layer(layer.name).get_weights())
    return model


def _sources(layer: keras.layers.Layer) -> list[Any]:
    """Returns the tensors that a layer of a functional model is fed."""
    if isinstance(layer, keras.layers.InputLayer):
        return []
    return layer.input if isinstance(layer.input, list) else [layer.input]


def _known(config: dict[str, Any]) -> dict[str, Any]:
    """Returns the settings of a Keras 3 layer that tf-keras has by name."""
    names = (
        "name",
        "filters",
        "kernel_size",
        "strides",
        "padding",
        "use_bias",
        "epsilon",
        "momentum",
        "scale",
        "offset",
        "max_value",
        "units",
    )
    known = {each: config[each] for each in names if each in config}
    if "axis" in config or "gamma_initializer" in config:
        known.pop("scale", None)  # A norm's is a flag, a rescaling's a factor.
    return known


def tf_keras_step(model: Any, images: ImageSet) -> Callable[[], float]:
    """Returns a training step as tf-keras has it; it waits for its loss."""
    optimizer = tf_keras.optimizers.SGD(LEARNING_RATE, 0.9, nesterov=True)
    optimizer.build(model.trainable_variables)
    loss_of = tf_keras.losses.SparseCategoricalCrossentropy(from_logits=True)

    @tf.function
    def step(pixels: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            logits = model(tf.cast(pixels, tf.float32), training=True)
            loss = loss_of(labels, logits)
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(
            zip(gradients, model.trainable_variables, strict=True)
        )
        return loss

    pixels = np.asarray(images.images)
    return lambda: float(step(tf.constant(pixels), tf.constant(images.labels)))


def main(argv: Sequence[str]) -> None:
    """Prints a line for each network, and the ratio over all of them."""
    del argv
    space, images = mbconv_chain(20, has_identity=False), make_images(128, 0)
    recipe = ChildRecipe(
        batch_size=len(images),
        label_smoothing=0.0,
        weight_decay=0.0,
        clip_norm=None,
    )
    rng = np.random.default_rng(0)
    totals = np.zeros(2)
    for number in range(NETWORKS.value):
        genotype = space.sample(rng)
        child = build_child(space, genotype, seed=number)
        theirs = tf_keras_step(in_tf_keras(space, genotype, child), images)
        ours = ready(child_step(child, recipe), images, NOTHING_OPEN)
        difference = abs(ours() - theirs())
        if difference > 1e-4:
            raise ValueError(f"The first losses differ by {difference:.1e}.")
        times = shortest_in_turns([ours, theirs], ROUNDS.value)
        totals += times
        print(
            f"network {number}: ours {times[0] * 1e3:.0f} ms, tf-keras "
            f"{times[1] * 1e3:.0f} ms, ratio {times[0] / times[1]:.3f}; first "
            f"losses differ by {difference:.1e}",
            flush=True,
        )
    print(f"ratio over {NETWORKS.value}: {totals[0] / totals[1]:.3f}")


if __name__ == "__main__":
    app.run(main)
