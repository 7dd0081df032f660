"""Strategies that share the batches of a training job among devices."""

from typing import Any

import tensorflow as tf

from nse_tf.distribute.roles import Role, present_role
from nse_tf.training.peers import is_multi_worker


def make_strategy(
    kind: str | None, cpu_devices: int | None = None
) -> tf.distribute.Strategy | None:
    """Returns the strategy of a name.

    Args:
        kind: `mirrored` for all devices of this machine, `multi_worker` for
            the processes that TF_CONFIG names, None for one device.
        cpu_devices: Number of devices to split the CPU into, which only works
            before TensorFlow's first op.
    """
    if cpu_devices is not None:
        (cpu,) = tf.config.list_physical_devices("CPU")
        tf.config.set_logical_device_configuration(
            cpu, [tf.config.LogicalDeviceConfiguration()] * cpu_devices
        )
    if kind == "multi_worker":
        return tf.distribute.MultiWorkerMirroredStrategy()
    if kind == "mirrored":
        has_gpu = bool(tf.config.list_logical_devices("GPU"))
        cpus = [each.name for each in tf.config.list_logical_devices("CPU")]
        return tf.distribute.MirroredStrategy(None if has_gpu else cpus)
    return None


def checked_strategy(strategy: Any) -> tf.distribute.Strategy | None:
    """Returns a strategy, if trainings can run under it.

    Raises:
        ValueError: If it is of another kind, or keras-tuner's chief is in use,
            too.
    """
    if strategy is None:
        return None
    known = (
        tf.distribute.MirroredStrategy,
        tf.distribute.MultiWorkerMirroredStrategy,
        tf.distribute.OneDeviceStrategy,
    )
    if not isinstance(strategy, known):
        raise ValueError(
            "`distribution_strategy` must be a tf.distribute.Strategy that "
            f"keeps its replicas equal ({', '.join(x.__name__ for x in known)}"
            f"), not {strategy!r}."
        )
    if is_multi_worker(strategy) and present_role() is not Role.ALONE:
        raise ValueError(
            "Both TF_CONFIG and KERASTUNER_TUNER_ID are set: processes share "
            "either the batches of a training or the jobs of a search. Leave "
            "out one of them."
        )
    return strategy


def num_replicas(strategy: tf.distribute.Strategy | None) -> int:
    """Returns how many devices share a batch."""
    return 1 if strategy is None else int(strategy.num_replicas_in_sync)
