"""Trains a child in float16 on two logical CPU devices.

Its first gradients overflow. It prints the largest difference between its
replicas, and the scale of the loss in the end.
"""

import json

import numpy as np
import tensorflow as tf

from nse_tf.supernet import ChildInTraining, build_child
from nse_tf.training import ChildRecipe
from nse_tf.training.child_trainer import ChildTrainer
from tests.training.replicas_program import SPACE, images_of

RECIPE = ChildRecipe(
    batch_size=16, class_weights=(1e4,) * 3, compute="mixed_float16"
)


def main() -> None:
    """Prints both numbers, as JSON."""
    (cpu,) = tf.config.list_physical_devices("CPU")
    tf.config.set_logical_device_configuration(
        cpu, [tf.config.LogicalDeviceConfiguration()] * 2
    )
    with tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]).scope():
        child = build_child(SPACE, SPACE.sample(np.random.default_rng(0)))
        trained = ChildInTraining(child=child, model=child)
        trainer = ChildTrainer(trained, images_of(64), RECIPE)
    trainer.train(2, 0)
    apart = max(
        float(np.abs(first.numpy() - second.numpy()).max())
        for first, second in (each.value.values for each in child.weights)
    )
    scale, _ = trainer.checkpoint("a", "b", "c").loss_scale
    print(  # noqa: T201 - read by replicas_test.
        json.dumps({"between replicas": apart, "scale of the loss": str(scale)})
    )


if __name__ == "__main__":
    main()
