"""How long the gradient of a depthwise kernel takes here and in TensorFlow.

    python benchmarks/speed/depthwise_gradient.py

Both are timed forward and back, in turns, in one process, at the shapes of the
stages of a small supernet.
"""

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import tensorflow as tf
from absl import app, flags
from timing import shortest_in_turns

from nse_tf.supernet.layers.depthwise import depthwise_conv

BATCH = flags.DEFINE_integer("batch", 128, "Images a step.", 1)
ROUNDS = flags.DEFINE_integer("rounds", 5, "The shortest time counts.", 1)

SHAPES = ((32, 48), (16, 96), (8, 192))  # Side and channels of the maps.
SIDES = (3, 5, 7)

Convolve = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]


def ready(gradients: Callable[..., list[tf.Tensor]], *inputs: tf.Tensor) -> Any:
    """Computes gradients, and waits for them."""
    return gradients(*inputs)[1].numpy()


def gradients_by(convolve: Convolve) -> Any:
    """Returns what computes the gradients of inputs and kernel."""

    @tf.function
    def gradients(inputs: tf.Tensor, kernel: tf.Tensor) -> list[tf.Tensor]:
        with tf.GradientTape() as tape:
            tape.watch([inputs, kernel])
            loss = tf.reduce_sum(tf.square(convolve(inputs, kernel)))
        return list(tape.gradient(loss, [inputs, kernel]))

    return gradients


def main(argv: Sequence[str]) -> None:
    """Prints a line for each shape and side."""
    del argv
    rng = np.random.default_rng(0)
    for size, channels in SHAPES:
        shape = (BATCH.value, size, size, channels)
        inputs = tf.constant(rng.normal(size=shape), tf.float32)
        for side in SIDES:
            kernel = tf.constant(
                rng.normal(size=(side, side, channels, 1)), tf.float32
            )
            ours = gradients_by(
                functools.partial(depthwise_conv, stride=1, sides=(side,))
            )
            theirs = gradients_by(
                functools.partial(
                    tf.nn.depthwise_conv2d, strides=[1] * 4, padding="SAME"
                )
            )
            difference = max(
                float(tf.reduce_max(tf.abs(one - other) / (1 + tf.abs(other))))
                for one, other in zip(
                    ours(inputs, kernel), theirs(inputs, kernel), strict=True
                )
            )
            times = shortest_in_turns(
                [
                    functools.partial(ready, ours, inputs, kernel),
                    functools.partial(ready, theirs, inputs, kernel),
                ],
                ROUNDS.value,
            )
            print(
                f"{side}x{side} at {size}x{size}x{channels}: ours "
                f"{times[0] * 1e3:.0f} ms, TensorFlow {times[1] * 1e3:.0f} ms, "
                f"ratio {times[0] / times[1]:.2f}; relative difference "
                f"{difference:.0e}",
                flush=True,
            )


if __name__ == "__main__":
    app.run(main)
