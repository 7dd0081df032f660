"""A child and what it has in training only."""

import dataclasses

import keras
import tensorflow as tf


class DropPath:
    """How often edges of a network are dropped, and by which draw.

    Both are variables, so that a step is traced once.

    Attributes:
        rate: Probability of an edge to be dropped, a scalar.
        seed: Seed of the next draw, int32 `(2,)`.
    """

    def __init__(self) -> None:
        self.rate = tf.Variable(0.0, trainable=False)
        self.seed = tf.Variable([0, 0], trainable=False, dtype=tf.int32)

    def run(self, inputs: tf.Tensor, edge: int) -> tf.Tensor:
        """Returns what an edge brings, nothing for some of the images.

        What is left is scaled up, so that its mean stays.

        Args:
            inputs: `(batch, height, width, channels)`.
            edge: Number of the edge; each draws for itself.
        """
        place = tf.distribute.get_replica_context().replica_id_in_sync_group
        seed: tf.Tensor = self.seed.value()
        for each in (edge, place):
            seed = tf.random.experimental.stateless_fold_in(
                seed, each, alg="philox"
            )
        draws = tf.random.stateless_uniform(
            (tf.shape(inputs)[0], 1, 1, 1), seed, alg="philox"
        )
        keep = 1.0 - self.rate.value()
        factors = tf.cast(draws < keep, keep.dtype) / keep
        return inputs * tf.cast(factors, inputs.dtype)


@dataclasses.dataclass(frozen=True, kw_only=True)
class ChildInTraining:
    """A child and what it has in training only.

    Attributes:
        child: From pixels in 0..255 to logits: what is evaluated and kept.
        model: What is trained, of the child's own layers: gives the child's
            logits or, with an auxiliary classifier, two of them.
        auxiliary_layers: Layers of that classifier.
        drop_path: What drops edges of `model`; None drops none.
    """

    child: keras.Model
    model: keras.Model
    auxiliary_layers: tuple[keras.layers.Layer, ...] = ()
    drop_path: DropPath | None = None

    @property
    def trainable_variables(self) -> list[keras.Variable]:
        """What training moves: that of the child comes first."""
        return [
            *self.child.trainable_variables,
            *(
                weight
                for layer in self.auxiliary_layers
                for weight in layer.trainable_variables
            ),
        ]

    @property
    def variables(self) -> list[keras.Variable]:
        """All that training changes, for checkpoints; the child's first."""
        return [
            *self.child.variables,
            *(
                weight
                for layer in self.auxiliary_layers
                for weight in layer.variables
            ),
        ]
