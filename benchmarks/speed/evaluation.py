"""How much longer a child's evaluation takes on a supernet than alone.

    python benchmarks/speed/evaluation.py

Both calibrate batch norm on the same images and count what they get right of
the same others, in turns, in one process. The child alone is built and traced
before its time is taken; the supernet is traced once for all children.
"""

import functools
from collections.abc import Callable, Sequence

import keras
import numpy as np
import tensorflow as tf
from absl import app, flags
from noise_steps import make_images
from step_families import mbconv_chain
from timing import shortest_in_turns

from nse_tf.datasets import ImageSet
from nse_tf.supernet import FusedBatchNormalization, Supernet
from nse_tf.training import ChildEvaluator

CHILDREN = flags.DEFINE_integer("children", 10, "Random children.", 1)
IMAGES = flags.DEFINE_integer(
    "images", 1024, "Noise images to calibrate on; as many to evaluate.", 1
)
EVALUATED_AT_ONCE = flags.DEFINE_integer("at_once", 512, "Images in a step.", 1)
ROUNDS = flags.DEFINE_integer("rounds", 3, "The shortest time counts.", 1)


def alone(
    child: keras.Model, calibration: list[np.ndarray], evaluated: ImageSet
) -> Callable[[], float]:
    """Returns what calibrates and evaluates a child of fast layers."""
    kept_share = tf.Variable(0.0, trainable=False)
    for layer in child.layers:
        if isinstance(layer, FusedBatchNormalization):
            layer.momentum = kept_share

    @tf.function(reduce_retracing=True)
    def calibrate(images: tf.Tensor) -> None:
        child(images, training=True)

    @tf.function(reduce_retracing=True)
    def count_correct(images: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
        found = tf.argmax(child(images), axis=1, output_type=tf.int32)
        return tf.reduce_sum(tf.cast(found == labels, tf.int32))

    def evaluate() -> float:
        for index, batch in enumerate(calibration):
            kept_share.assign(index / (index + 1))
            calibrate(tf.cast(batch, tf.float32))
        size = EVALUATED_AT_ONCE.value
        num_correct = 0
        for start in range(0, len(evaluated), size):
            part = slice(start, start + size)
            images = tf.cast(np.asarray(evaluated.images[part]), tf.float32)
            num_correct += int(count_correct(images, evaluated.labels[part]))
        return num_correct / len(evaluated)

    return evaluate


def main(argv: Sequence[str]) -> None:
    """Prints a line for each child, and the ratio over all of them."""
    del argv
    size = EVALUATED_AT_ONCE.value
    if IMAGES.value % size:
        raise app.UsageError(
            f"--images={IMAGES.value} must be a multiple of --at_once={size}, "
            "so that both sides calibrate on the same batches."
        )
    images = make_images(IMAGES.value, seed=0)
    evaluated = make_images(IMAGES.value, seed=1)
    supernet = Supernet(mbconv_chain(20, has_identity=False))
    evaluator = ChildEvaluator(supernet, images, evaluated, size)
    # The evaluator's own choice of batches, which all children share.
    order = np.random.default_rng(0).permutation(len(images))
    count = len(images) // size
    batches = [images.images[np.sort(order[i::count])] for i in range(count)]
    rng = np.random.default_rng(0)
    totals = np.zeros(2)
    for number in range(CHILDREN.value):
        genotype = supernet.space.sample(rng)
        evaluate_alone = alone(supernet.cut_out(genotype), batches, evaluated)
        (inherited,) = evaluator.accuracies([genotype], len(images))
        difference = abs(inherited - evaluate_alone())
        times = shortest_in_turns(
            [
                functools.partial(
                    evaluator.accuracies, [genotype], len(images)
                ),
                evaluate_alone,
            ],
            ROUNDS.value,
        )
        totals += times
        print(
            f"child {number}: on the supernet {times[0]:.2f} s, alone "
            f"{times[1]:.2f} s, ratio {times[0] / times[1]:.3f}; accuracies "
            f"differ by {difference:.4f}; traces so far {evaluator.num_traces}",
            flush=True,
        )
    print(
        f"ratio over {CHILDREN.value} children: {totals[0] / totals[1]:.3f}; "
        f"{totals[0] / CHILDREN.value:.2f} s a child"
    )


if __name__ == "__main__":
    app.run(main)
