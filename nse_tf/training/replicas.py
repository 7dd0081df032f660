"""Shares each batch of a training job among devices, or among processes.

Built within a strategy's scope, a step runs on every replica: each takes its
part of the batch, gradients and batch statistics are averaged, and all move the
same weights in the same way. What is outside of a step, such as which path is
open and how images are augmented, is decided once and is the same for all.
"""

from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf


class Replicas:
    """The devices that share a batch: those of the strategy in scope, or one.

    Attributes:
        count: How many.
    """

    def __init__(self) -> None:
        self._strategy = (
            tf.distribute.get_strategy()
            if tf.distribute.has_strategy()
            else None
        )
        self.count: int = (
            self._strategy.num_replicas_in_sync if self._strategy else 1
        )

    def require_divisible(self, batch_size: int) -> None:
        """Refuses a batch that does not divide among the replicas.

        Raises:
            ValueError: If it does not.
        """
        if batch_size % self.count:
            raise ValueError(
                f"A batch of {batch_size} images does not divide among "
                f"{self.count} replicas: choose a `batch_size` that does, and "
                "at most as many as there are images."
            )

    def run(
        self, update: Callable[..., tf.Tensor], batch: Sequence[Any], *rest: Any
    ) -> tf.Tensor:
        """Does an update on all replicas; returns the mean of what it returns.

        Args:
            update: Takes a part of the batch and the rest; returns a loss.
            batch: Tensors that have an image in each row.
            *rest: The same on all replicas.
        """
        if self._strategy is None:
            return update(batch, *rest)
        # Every replica is given the whole batch and cuts out its part, so that
        # no data set has to be distributed.
        part = tf.shape(batch[0])[0] // self.count

        def on_replica(*arguments: Any) -> tf.Tensor:
            context = tf.distribute.get_replica_context()
            first = context.replica_id_in_sync_group * part
            parts = [
                each[first : first + part] for each in arguments[: len(batch)]
            ]
            loss = update(parts, *arguments[len(batch) :])
            return context.all_reduce(tf.distribute.ReduceOp.MEAN, loss)

        losses = self._strategy.run(on_replica, (*batch, *rest))
        # All replicas return the same mean.
        return self._strategy.experimental_local_results(losses)[0]

    def averaged(self, gradients: Sequence[Any]) -> list[Any]:
        """Returns the mean of gradients over replicas, within an update.

        Rows stay rows: all replicas open the same.
        """
        return [self._averaged(each) for each in gradients]

    def _averaged(self, gradient: Any) -> Any:
        if isinstance(gradient, tf.IndexedSlices):
            return tf.IndexedSlices(
                self._mean(gradient.values),
                gradient.indices,
                gradient.dense_shape,
            )
        return None if gradient is None else self._mean(gradient)

    def level(self, variables: Sequence[tf.Variable]) -> None:
        """Gives variables their mean over replicas, within an update."""
        if self._strategy is not None:
            for variable in variables:
                variable.assign(self._mean(tf.identity(variable)))

    def _mean(self, value: tf.Tensor) -> tf.Tensor:
        if self._strategy is None:
            return value
        context = tf.distribute.get_replica_context()
        return context.all_reduce(tf.distribute.ReduceOp.MEAN, value)
