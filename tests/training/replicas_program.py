"""Trains on two logical CPU devices and on one; prints what differs.

A program of its own, since TensorFlow takes devices only before its first op.
"""

import json

import numpy as np
import tensorflow as tf

from nse_tf.datasets import ImageSet
from nse_tf.sampling import UniformSampler
from nse_tf.spaces import make_preset
from nse_tf.supernet import Supernet
from nse_tf.training import SupernetRecipe, SupernetTrainer

SPACE = make_preset(
    "spos_tiny", image_size=(8, 8), image_channels=1, num_classes=3, depth=0.25
)


def images_of(count: int) -> ImageSet:
    """Returns noise, each image as often as there are replicas."""
    rng = np.random.default_rng(0)
    return ImageSet(
        rng.integers(0, 256, (count, 8, 8, 1), np.uint8),
        rng.integers(0, 3, count).astype(np.int32),
    )


def trained(strategy: tf.distribute.Strategy) -> SupernetTrainer:
    """Returns a trainer after steps on doubled batches."""
    half = images_of(16)
    images = np.concatenate([half.images, half.images])
    labels = np.concatenate([half.labels, half.labels])
    recipe = SupernetRecipe(batch_size=32, augmentation="none")
    with strategy.scope():
        trainer = SupernetTrainer(
            Supernet(SPACE), recipe, ImageSet(images, labels)
        )
    rng = np.random.default_rng(1)
    sampler = UniformSampler(SPACE)
    for _ in range(5):
        trainer.step(images, labels, sampler.sample(rng), 0.05, (0, 0))
    return trainer


def main() -> None:
    """Prints, as JSON, the largest differences."""
    (cpu,) = tf.config.list_physical_devices("CPU")
    tf.config.set_logical_device_configuration(
        cpu, [tf.config.LogicalDeviceConfiguration()] * 2
    )
    one = trained(tf.distribute.get_strategy())
    two = trained(tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]))
    between, apart = 0.0, 0.0
    for mine, theirs in zip(
        one.supernet.trainable_variables,
        two.supernet.trainable_variables,
        strict=True,
    ):
        first, second = (each.numpy() for each in theirs.value.values)
        between = max(between, float(np.abs(first - second).max()))
        apart = max(apart, float(np.abs(mine.numpy() - first).max()))
    for theirs in two.supernet.non_trainable_variables:
        first, second = (each.numpy() for each in theirs.value.values)
        between = max(between, float(np.abs(first - second).max()))
    try:
        two.step(
            *_odd(),
            two.supernet.encode(SPACE.sample(np.random.default_rng(0))),
            0.1,
            (0, 0),
        )
        refusal = ""
    except ValueError as error:
        refusal = str(error)
    print(  # noqa: T201 - read by replicas_test.
        json.dumps(
            {
                "between replicas": between,
                "apart from one device": apart,
                "refusal": refusal,
            }
        )
    )


def _odd() -> tuple[np.ndarray, np.ndarray]:
    odd = images_of(3)
    return np.asarray(odd.images), odd.labels


if __name__ == "__main__":
    main()
