"""Keeps the processes of a multi-worker strategy in step.

One of them, the first of TF_CONFIG, decides and keeps the files. The others
follow: they are told of each training before it begins, with the weights that
it begins from, take their part of every batch, and keep nothing.
"""

import contextlib
import json
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import tensorflow as tf

from nse_tf.training.checkpoints import Checkpoint

END = "end"

Message = dict[str, Any]


def is_multi_worker(strategy: tf.distribute.Strategy | None) -> bool:
    """Whether the replicas of a strategy lie in several processes."""
    return isinstance(
        strategy, tf.distribute.MultiWorkerMirroredStrategy
    ) and bool(strategy.cluster_resolver.cluster_spec())


class Peers:
    """The other processes of a strategy; nobody for those of one process.

    Every call must be made by all processes, in the same order.

    Args:
        strategy: That of the training; None trains on one device.

    Attributes:
        leads: Whether this process decides.
    """

    def __init__(self, strategy: tf.distribute.Strategy | None) -> None:
        self._strategy = strategy if is_multi_worker(strategy) else None
        self.leads = self._strategy is None or (
            self._strategy.cluster_resolver.task_type in ("chief", "worker")
            and not self._strategy.cluster_resolver.task_id
        )

    def tell(self, following: Any) -> None:
        """Tells the others what comes next, a JSON value."""
        if self._strategy is not None:
            self._shared(json.dumps({"next": following}).encode())

    @contextlib.contextmanager
    def dismissed(self) -> Iterator[None]:
        """Lets the others go at the end, however it comes."""
        try:
            yield
        finally:
            with contextlib.suppress(tf.errors.OpError):  # They may be gone.
                self.tell(END)

    def told(self) -> Message:
        """Returns what the leading process told."""
        message: Message = json.loads(self._shared(b""))
        return message

    def send(self, make: Callable[[], Checkpoint]) -> None:
        """Gives the others the checkpoint that a training starts from."""
        if self._strategy is not None:
            self._shared(make().to_bytes())

    def received(self) -> Checkpoint:
        """Returns the checkpoint that the leading process sends."""
        return Checkpoint.from_bytes(self._shared(b""), "What the leader sent")

    def agreed(self, goes_on: bool) -> bool:
        """Returns whether the leading process continues a training."""
        if self._strategy is None:
            return goes_on
        return bool(self._sum(np.array([self.leads and goes_on], np.int32))[0])

    def _shared(self, content: bytes) -> bytes:
        """Returns the content of the leading process."""
        own = np.frombuffer(content, np.uint8) if self.leads else np.empty(0)
        (length,) = self._sum(np.array([len(own)], np.int32))
        padded = np.zeros(length, np.int32)
        padded[: len(own)] = own
        return self._sum(padded).astype(np.uint8).tobytes()

    def _sum(self, value: np.ndarray) -> np.ndarray:
        """Returns the sum over processes; of each, one replica counts."""
        if self._strategy is None:
            return value

        num_here = len(self._strategy.extended.worker_devices)

        def part(context: Any) -> tf.Tensor:
            is_first_here = context.replica_id_in_sync_group % num_here == 0
            return tf.constant(value if is_first_here else np.zeros_like(value))

        values = self._strategy.experimental_distribute_values_from_function(
            part
        )
        total = self._strategy.reduce(
            tf.distribute.ReduceOp.SUM, values, axis=None
        )
        found: np.ndarray = total.numpy()
        return found
